"""The command finds the team's rules and keeps their history; an option wins over the file."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from evidence import START, Evidence
from freezegun import freeze_time

from pipelines_client.cli import main
from pipelines_client.cli.common import refuse_unwritable


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Messages of two days, of which two are lost, as arguments."""
    evidence = Evidence(tmp_path_factory.mktemp("evidence"))
    evidence.fill_days(2, a_day=100)
    evidence.messages[3].lose("customerio")
    evidence.messages[5].lose("customerio")
    return [part for name, path in evidence.paths().items() for part in (f"--{name}", str(path))]


@pytest.fixture
def parity(given, tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*more: str) -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "argv", ["pipelines-client", "parity", *given, "--format", "json", *more])
        with freeze_time(START + timedelta(days=1, hours=6)), pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return left.value.code, json.loads(said.out) if said.out else None, said.err

    return run


def test_the_file_of_the_working_directory_is_found_and_an_option_wins(parity, tmp_path):
    """An option wins over the file; a run by other limits than the file's adds no line unless it names a history."""
    (tmp_path / "parity.toml").write_text('[gates]\nmax_missing = "2%"\nready_after_days = 1\n')
    code, report, _ = parity()
    assert (code, report["readiness"]["state"]) == (0, "ready")
    assert {gate["limit"] for gate in report["gates"] if gate["name"].startswith("missing")} == {2.0}
    code, report, _ = parity("--max-missing", "0.5%")
    assert (code, report["readiness"]["state"]) == (1, "ready")  # as the run before has left it
    assert len((tmp_path / "parity-history.jsonl").read_text().splitlines()) == 1
    parity("--max-missing", "0.5%", "--history", "parity-history.jsonl")
    lines = (tmp_path / "parity-history.jsonl").read_text().splitlines()
    assert [json.loads(line)["is_exploratory"] for line in lines] == [False, True]
    (tmp_path / "lenient.toml").write_text("[gates]\nmax_missing = 3\n")
    code, report, _ = parity("--config", "lenient.toml", "--history", "other.jsonl")
    assert (code, report["readiness"]["passed_days"], report["readiness"]["days_left"]) == (0, 1, 6)
    assert len((tmp_path / "other.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--config", "none.toml"),
            "pipelines-client: none.toml: No such file or directory; choose another file with --config",
        ),
        (("--config", "bad.toml"), "bad.toml: gates.max_mising: unknown key; the keys are max_missing"),
        (("--history", "no/history.jsonl"), "its folder does not exist"),
        (("--history", "h.jsonl", "--no-history"), "--history cannot be combined with --no-history"),
        (("--baseline", "none"), "none: no such file or folder"),
    ],
)
def test_a_mistake_is_bad_input_and_leaves_no_line(parity, tmp_path, arguments, said):
    """Exit code 2, one clear line, and no day in the history."""
    (tmp_path / "bad.toml").write_text("[gates]\nmax_mising = 3\n")
    code, report, complaint = parity(*arguments)
    assert (code, report) == (2, None)
    assert said in " ".join(complaint.replace("│", " ").split())
    assert not list(tmp_path.glob("*.jsonl"))


@pytest.mark.parametrize(
    ("option", "name"),
    [("--output", "reports/old.json"), ("--output", "dir.json"), ("--replay-list", f"{'l' * 300}.jsonl")],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_run(parity, tmp_path, option, name):
    """After the run its report would be lost."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "dir.json").mkdir()
    (tmp_path / "reports" / "old.json").symlink_to(tmp_path / "nowhere" / "old.json")
    code, _, said = parity("--segment", "is/not/looked/at", option, name)
    assert code == 2
    assert "cannot be written" in " ".join(said.replace("│", " ").split())


def test_looking_whether_a_file_can_be_written_leaves_nothing(tmp_path):
    """Neither a new file, nor a change of an old one."""
    (tmp_path / "old.json").write_text("{}")
    refuse_unwritable([tmp_path / "new.json", tmp_path / "old.json"])
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.json", "{}")]


def test_two_things_are_not_written_into_one_file(parity, tmp_path):
    """A line of the history after a report would make neither of it."""
    code, _, said = parity("--output", "kept.json", "--history", "./kept.json")
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert "kept.json: two options write this file" in said


def test_without_history_nothing_is_kept_and_nothing_said(parity, tmp_path):
    """A look by hand need not count."""
    _, report, _ = parity("--no-history")
    assert report["readiness"] is None
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_history_that_cannot_be_written_is_said_and_changes_no_exit_code(parity, tmp_path):
    """The report is there all the same."""
    (tmp_path / "history.jsonl").symlink_to(tmp_path / "gone" / "history.jsonl")
    code, report, said = parity("--history", "history.jsonl")
    assert (code, report["verdict"]) == (1, "fail")
    assert "history.jsonl: this run was not added to the history (No such file or directory)" in said
