"""`pipelines-client replay` and `backfill`: what they print, list and leave with."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipelines_client.cli.app import app
from pipelines_client.clock import utc_now
from pipelines_client.history import RowMap, Summary
from pipelines_client.history.rowmap import parse_row_map
from pipelines_client.history.summary import REASONS, Refusal, lines_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAP = 'time = "day"\ndefault_event = "Ordered"\nuser_id = "who"\nidempotency = ["order"]\n'


@pytest.fixture
def command(sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command with both keys at the sandbox, in a folder with rows and their map."""
    for name, value in {
        "PIPELINES_WRITE_KEY": "cio-key",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "segment-key",
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
        "COLUMNS": "80",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    days = [(utc_now() - timedelta(days=age)).date().isoformat() for age in (1, 20, 30, 900)]
    rows = "".join(f"o{number},u1,{day}\n" for number, day in enumerate(days))
    Path("rows.csv").write_text(f"order,who,day\n{rows}", "utf-8")
    Path("map.toml").write_text(MAP, "utf-8")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    return run


def test_a_backfill_prints_what_went_and_what_did_not(command: Any, sandbox: Any) -> None:
    """One row is beyond the horizon; the second time the rest is known."""
    Path("refused.jsonl").touch()
    Path("refused.jsonl").chmod(0o644)  # it stays its owner's only all the same
    first = command("backfill", "rows.csv", "--map", "map.toml", "--refused", "refused.jsonl")
    assert first.exit_code == 1, first.output
    lines = first.output.splitlines()
    assert lines[0] == "backfill to customerio"
    assert {"          4  read", "          1  not sent", "          3  accepted"} <= set(lines)
    assert "not sent, beyond_horizon: 1 (it happened before the horizon)" in lines
    assert "warning: 1 happened less than 72 h ago and can trigger campaigns in Customer.io" in lines
    (refusal,) = map(json.loads, Path("refused.jsonl").read_text("utf-8").splitlines())
    assert (refusal["place"], refusal["reason"]) == ("rows.csv:5", "beyond_horizon")
    assert Path("refused.jsonl").stat().st_mode & 0o777 == 0o600
    again = command("backfill", "rows.csv", "--map", "map.toml", "--json", "--horizon-days", "1000")
    summary = json.loads(again.stdout)
    assert (summary["already_sent"], summary["accepted"], again.exit_code) == (3, 1, 0)
    assert sandbox.customerio.count == 4


def test_a_replay_says_how_many_of_its_side_it_sent(command: Any, sandbox: Any, client: Any) -> None:
    """Refused by Customer.io, sent again, and no longer listed."""
    sandbox.customerio.answer(400)
    client.track("u1", "Ordered")
    assert client.flush(10)
    sandbox.customerio.normal()
    dry = command("replay", "--to", "customerio", "--from", "dead-letters", "--dry-run")
    assert (dry.exit_code, sandbox.customerio.count) == (0, 0)
    assert "replay to customerio, dry run: nothing was sent" in dry.output
    done = command("replay", "--to", "customerio", "--from", "dead-letters", "--where", "event=Ordered")
    assert done.exit_code == 0, done.output
    assert "          1  accepted" in done.output.splitlines()
    assert command("dead-letters", "list").output == "no dead letters\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backfill", "nowhere.jsonl"], "nowhere.jsonl: no such file or folder"),
        (["backfill", "rows.csv"], "rows.csv: the rows of a table are not calls"),
        (["backfill", "rows.csv", "--map", "nowhere.toml"], "nowhere.toml: No such file or directory"),
        (["backfill", "rows.csv", "--map", "rows.csv"], "rows.csv: not valid TOML"),
        (["backfill", "rows.csv", "--map", "map.toml", "--refused", "no/where"], "no/where: No such file"),
        (["backfill", "rows.csv", "--map", "map.toml", "--where", "x"], "--where x: write FIELD OPERATOR VALUE"),
        (
            ["replay", "--to", "customerio", "--from", "elsewhere"],
            "elsewhere: unknown source; a replay comes from one of",
        ),
        (["replay", "--to", "customerio", "--from", "dead-letters"], "is not a state directory"),
        (["replay", "--to", "customerio", "--from", "dead-letters", "rows.csv"], "rows.csv would not be read"),
        (["replay", "--to", "customerio", "--from", "ledger+archive", "rows.csv"], "rows.csv would not be read"),
        (["replay", "--to", "customerio", "--from", "replay-list", "gone.jsonl"], "gone.jsonl: no such file"),
    ],
)
def test_bad_input_is_told_in_a_line_and_leaves_with_two(command: Any, words: list[str], said: str) -> None:
    """No traceback, and nothing sent."""
    done = command(*words)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert done.output.startswith("pipelines-client: ")


def test_a_side_that_is_none_is_refused(command: Any) -> None:
    """Before anything is opened."""
    assert "--to must be customerio or segment" in command("replay", "--to", "mixpanel", "--from", "jsonl", "x").output


def test_every_reason_has_words_and_every_warning_is_said() -> None:
    """The summary explains every reason and every risk."""
    summary = Summary("replay", "segment", written_off=7, within_dedup_window=1, beyond_dedup_window=2, under_72_h=3)
    for reason in REASONS:
        summary.refuse(Refusal("file:1", reason, None))
    summary.stopped_by = "http_401"
    said = "\n".join(lines_of(summary))
    assert all(f"not sent, {reason}: 1 ({words})" in said for reason, words in REASONS.items())
    assert "1 may have reached Segment less than 24 h ago" in said
    assert "2 may have reached Segment more than 24 h ago" in said
    assert "killed before it sent 7 messages" in said
    assert "campaigns" not in said
    assert "stopped: http_401; run it again to continue" in said


@pytest.mark.parametrize("count", [1, 2])
def test_one_is_one_and_two_are_two(count: int) -> None:
    """In each line that counts something."""
    counts: Any = {each.name: count for each in fields(Summary) if type(each.default) is int and each.default == 0}
    files = ["a.csv", "b.csv"][:count]
    said = list(lines_of(Summary("replay", "customerio", **counts, empty=files, is_dry_run=False)))
    forms = r"\b(messages|calls|rows|files|records|letters|are|were|wait|go|they|them|themselves)\b"
    plurals = [line for line in said if re.search(forms, line.partition("; ")[0])]
    assert bool(plurals) == (count > 1), plurals


def test_the_page_names_every_reason_and_every_key_of_a_map_and_its_map_is_one() -> None:
    """A reader who looks one up finds it."""
    page = (Path(__file__).parents[2] / "docs" / "replay.md").read_text("utf-8")
    toml = page.partition("```toml\n")[2].partition("```")[0]
    assert parse_row_map(tomllib.loads(toml), "the page").idempotency == ("order_id",)
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))))
    assert named >= {*REASONS, *RowMap.model_fields}


def test_a_state_directory_that_was_not_there_is_said_to_be_new(command: Any) -> None:
    """A mistyped one knows of no earlier run, and all would go again."""
    said = [command("backfill", "rows.csv", "--map", "map.toml", "--dry-run").output for _ in range(2)]
    assert ["is a new state directory" in each for each in said] == [True, False]


def test_a_file_without_a_row_is_bad_input_and_says_which(command: Any, sandbox: Any) -> None:
    """Nothing went, and that must not look like success; so for each command and source."""
    Path("rows.csv").write_text("order,who,day\n", "utf-8")
    Path("missing.jsonl").write_text("", "utf-8")
    for words in (
        ["backfill", "rows.csv", "--map", "map.toml"],
        ["backfill", "rows.csv", "--map", "map.toml", "--dry-run"],
        ["replay", "--to", "segment", "--from", "replay-list", "missing.jsonl"],
        ["replay", "--to", "segment", "--from", "jsonl", "missing.jsonl"],
    ):
        done = command(*words)
        assert (done.exit_code, "no row in it" in done.output) == (2, True), done.output
    assert sandbox.customerio.count == sandbox.segment.count == 0


def test_a_table_with_two_columns_of_one_name_is_not_sent(command: Any, sandbox: Any) -> None:
    """Which of them was meant cannot be told; the last one would have gone, with exit code 0."""
    Path("rows.csv").write_text("order,who,day,who\no1,u1,2026-11-02,u2\n", "utf-8")
    done = command("backfill", "rows.csv", "--map", "map.toml")
    assert (done.exit_code, sandbox.customerio.count) == (1, 0), done.output
