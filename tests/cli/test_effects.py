"""`pipelines-client effects`, through the real command line."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from effect_cases import AT
from evidence import Evidence

from pipelines_client.cli import main
from pipelines_client.cli.common import folded

ROUTE = "[track]\nconvert_timestamp = false\n"


@pytest.fixture
def kept(tmp_path: Path) -> Evidence:
    """An archive and a ledger of clean calls."""
    return Evidence(tmp_path, count=20)


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipelines-client", "effects", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_calls_that_both_routes_take_alike_exit_0(effects: Any, kept: Evidence) -> None:
    """A ledger whose messages the archive has changes nothing about that."""
    code, out, _ = effects(kept.write_segment(), kept.write_ledger())
    assert (code, out.splitlines()[0]) == (0, "same: no condition stops matching")


def test_a_date_exits_3_until_the_team_says_what_happens_to_dates(effects: Any, kept: Evidence) -> None:
    """Unknown is never 0; with the answer it is 1 or 0."""
    kept.track("u1", "Trial Started", {"ends_at": AT})
    archive = kept.write_segment()
    assert effects(archive)[0] == 3
    code, out, _ = effects(archive, "--dates", "unchanged")
    assert code == 1
    assert "Property `ends_at` of `Trial Started` on 1 track call is a Unix number today" in out
    assert effects(archive, "--dates", "converted")[0] == 0


def test_a_command_that_the_client_keeps_back_exits_1_unless_it_is_allowed(
    effects: Any, kept: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an option or by the client's variable."""
    kept.track("u1", "User Deleted", {})
    archive = kept.write_segment()
    code, out, _ = effects(archive)
    assert code == 1
    assert "Name it in allow_commands in the client" in out
    assert effects(archive, "--allow-command", "User Deleted")[0] == 0
    monkeypatch.setenv("PIPELINES_ALLOW_COMMANDS", "User Suppressed, User Deleted")
    assert effects(archive)[0] == 0


def test_with_the_cure_the_report_is_clean(effects: Any, kept: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by an option, else by the client's variables, else by what it has written into its state directory."""
    kept.track("u1", "Trial Started", {"ends_at": AT})
    archive, state = kept.write_segment(), kept.write_ledger()
    assert effects(archive, state)[0] == 3
    code, out, _ = effects(archive, "--cure", "dates=unix")
    assert (code, out.splitlines()[0]) == (0, "same: no condition stops matching")
    assert out.splitlines()[2].endswith('dates unknown, with customerio_dates="unix"')
    assert effects(archive, "--cure", "dates=unix", "--cure", "dates_exclude=properties.ends_at")[0] == 3
    (state / "customerio-cures.json").write_text('{"dates": "unix"}')
    assert effects(archive, state)[0] == 0
    assert effects(archive, state, "--cure", "dates=off")[0] == 3
    monkeypatch.setenv("PIPELINES_CUSTOMERIO_PAGE_NAMES", "url")
    assert effects(archive, state)[0] == 3


def test_state_directories_that_differ_about_cures_are_bad_input(effects: Any, kept: Evidence, tmp_path: Path) -> None:
    """A report is about one client."""
    archive, state = kept.write_segment(), kept.write_ledger()
    other = Evidence(tmp_path / "other").write_ledger()
    (state / "customerio-cures.json").write_text('{"dates": "unix"}')
    copy = shutil.copy(next(other.rglob("*.jsonl")), tmp_path / "copy.jsonl")
    for ledgers in ((state, other), (state, f"ledger:{copy}")):  # a client without a cure writes no file about it
        code, _, err = effects(archive, *ledgers)
        assert code == 2
        assert "say different things" in err
        assert "pass --cure" in err
    (other / "customerio-cures.json").write_text("{}")
    assert effects(archive, state, other)[0] == 2
    (other / "customerio-cures.json").write_text('{"dates": "unix"}')
    assert effects(archive, state, other)[0] == effects(archive, other / "ledger")[0] == 0


def test_a_route_that_the_team_has_changed_is_read_from_its_file(effects: Any, kept: Evidence, tmp_path: Path) -> None:
    """Where the old route converts no dates either, none stops matching."""
    kept.track("u1", "Trial Started", {"ends_at": AT})
    (tmp_path / "route.toml").write_text(ROUTE)
    assert effects(kept.write_segment(), "--dates", "unchanged", "--route", "route.toml")[0] == 0


def test_a_message_of_the_ledger_that_no_source_has_is_not_the_same(effects: Any, kept: Evidence) -> None:
    """What was not looked at may change as well."""
    kept.messages[3].lose("segment")
    code, out, _ = effects(kept.write_segment(), kept.write_ledger())
    assert code == 3
    assert "not looked at: 1 message of the ledger and of no other source" in out


def test_findings_of_one_source_are_listed_and_change_no_exit_code(
    effects: Any, kept: Evidence, tmp_path: Path
) -> None:
    """With the ids that collide as CSV for the owner alone: hashed, or in clear if that is asked."""
    for user in ("user-1", "user-2"):
        kept.add({"type": "identify", "userId": user, "traits": {"email": "kim@example.com", "seen_at": 1795167000123}})
    archive = kept.write_segment()
    code, out, _ = effects(archive, "--collisions", "ids.csv")
    assert code == 0
    assert "Wrong in the calls themselves:" in out
    assert "2: traits.seen_at: Unix milliseconds; such as 13 digits" in out
    assert "1: one e-mail address on several ids: 2 ids of 9" in out
    assert (tmp_path / "ids.csv").stat().st_mode & 0o777 == 0o600
    assert "user-1" not in (tmp_path / "ids.csv").read_text()
    assert effects(archive, "--collisions", "ids.csv", "--show-values")[0] == 0
    assert "user-1" in (tmp_path / "ids.csv").read_text()


def test_a_ledger_alone_shows_late_edits(effects: Any, kept: Evidence) -> None:
    """By host; without any call nothing is the same."""
    for hours in (0, -1):
        sent = kept.add({"type": "identify", "userId": "user-1", "traits": {"plan": "pro"}})
        sent.occurred_at = sent.at + timedelta(hours=hours)
        sent.writer = "web-1-4711-0badcafe"
    code, out, _ = effects(kept.write_ledger())
    assert code == 3
    assert "1: web-1 sends them after a newer edit of the person, by up to 60 min: 1 person" in out


def test_each_format_goes_to_standard_output_or_to_a_file(effects: Any, kept: Evidence, tmp_path: Path) -> None:
    """A file's ending names its format."""
    archive = kept.write_segment()
    code, out, _ = effects(archive, "--format", "json", "--output", "a.md", "--output", "a.txt", "--output", "a.json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "a.json").read_text())
    assert (tmp_path / "a.md").read_text().startswith("## What changes in the workspace: same")
    assert (tmp_path / "a.txt").read_text().startswith("same: ")


def test_the_forecast_counts_who_is_new(effects: Any, kept: Evidence, tmp_path: Path) -> None:
    """Less those in the list of the workspace's people."""
    kept.track("user-new", "Request Created", {})
    archive = kept.write_segment()
    before = json.loads(effects(archive, "--format", "json")[1])["forecast"]
    assert before["existing"] is None
    (tmp_path / "people.csv").write_text("id\nuser-new\n")
    code, out, _ = effects(archive, "--existing", "people.csv")
    assert code == 0
    assert f"  {before['created'] - 1:,} people are added (FACTS P7)" in out.splitlines()
    assert "  1 person is in the workspace already, and not counted" in out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["here", "--dates", "maybe"], "--dates must be one of unchanged, converted, unknown"),
        (["here", "--cure", "dates"], "--cure: dates: '' is not known"),
        (["here", "--cure", "date=unix"], "--cure: there is no cure 'date'"),
        (["here", "--format", "html"], "--format must be one of text, json, markdown"),
        (["here", "--output", "a.html"], "--output must end in one of .txt, .json, .md"),
        (["here", "--output", "gone/a.md"], "its folder does not exist"),
        (["here", "--collisions", "gone/a.csv"], "its folder does not exist"),
        (["here", "--show-values"], "--show-values goes with --collisions"),
        (["here", "--route", "gone.toml"], "gone.toml: No such file"),
        (["here", "--route", "bad.toml"], "bad.toml: not valid TOML"),
        (["here", "--existing", "gone.csv"], "gone.csv: No such file"),
        (["here", "--existing", "bad.toml"], "bad.toml:1: this is JSON in a file named as CSV"),
        (["here", "--route", "odd.toml"], "odd.toml: unknown section pages"),
    ],
)
def test_bad_input_exits_2_and_says_what_to_write(
    effects: Any, kept: Evidence, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Before anything is read."""
    (tmp_path / "bad.toml").write_text("[")
    (tmp_path / "odd.toml").write_text("[pages]\n")
    archive = kept.write_segment()
    code, out, err = effects(*(archive if word == "here" else word for word in arguments))
    assert (code, out) == (2, "")
    assert words in " ".join(err.replace("│", " ").split())


def test_a_terminal_gets_lines_that_are_broken_between_words() -> None:
    """The rest of a line stands a little further in; what fits, and a word that does not, stay."""
    text = "breaks: short\n  a cure that is longer than the terminal is wide\n\nhttps://example.com/a-word-that-is-too-long\n"
    assert folded(text, 24).splitlines() == [
        "breaks: short",
        "  a cure that is longer",
        "    than the terminal is",
        "    wide",
        "",
        "https://example.com/a-word-that-is-too-long",
    ]
    assert folded(text, 80) == text
