"""`pipelines-client replay` and `backfill`: what they print, list and leave with."""

from __future__ import annotations

import json
import re
import sys
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
        "PIPELINES_WRITE_KEY": "c",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "s",
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
        (["backfill", "rows.csv", "--map", "map.toml", "--where", "x"], "--where x: write PATH=VALUE"),
        (
            ["replay", "--to", "customerio", "--from", "elsewhere"],
            "elsewhere: unknown source; a replay comes from one of",
        ),
        (["replay", "--to", "customerio", "--from", "dead-letters"], "is not a state directory"),
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
    assert "killed before it sent 7" in said
    assert "campaigns" not in said
    assert "stopped: http_401; run it again to continue" in said


def test_the_page_names_every_reason_and_every_key_of_a_map_and_its_map_is_one() -> None:
    """A reader who looks one up finds it."""
    page = (Path(__file__).parents[2] / "docs" / "replay.md").read_text("utf-8")
    toml = page.partition("```toml\n")[2].partition("```")[0]
    assert parse_row_map(tomllib.loads(toml), "the page").idempotency == ("order_id",)
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))))
    assert named >= {*REASONS, *RowMap.model_fields}
