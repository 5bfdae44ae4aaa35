"""The next step: which gate comes first, and commands that a shell takes as they are."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from evidence import Evidence
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.cli.parity.options import Comparison
from pipelines_client.parity.judgement.causes import CAUSE_OF
from pipelines_client.parity.judgement.gates import BY_KIND
from pipelines_client.parity.model import Gate, Limits, Verdict
from pipelines_client.parity.report.steps import (
    _REPAIRS,
    STEPS,
    StepFacts,
    finding,
    lacking,
    next_step,
    urgency,
    when_ready,
)
from pipelines_client.parity.rules import parse_rules

AGAIN = ("pipelines-client", "parity", "--ledger", "state", "--segment", "a b", "--customerio", "c")
GIVEN = {"ledger": ("state",), "segment": ("a b",), "customerio": ("c",)}


def gate(kind, actual=1.0, result="failed", **more: Any):
    return Gate(kind=kind, limit=0, actual=actual, unit="%", result=result, evidence="e", **more)


def steps(kind, causes=None, *, command=AGAIN, result="failed", actual=1.0, side="customerio", **more: Any):
    found = gate(kind, actual, result, side=side)
    return next_step(found, StepFacts(command, GIVEN, {side: causes or {}}, **more))


def test_each_entry_names_something_that_exists():
    """A gate or a cause that was renamed would lose its step."""
    assert {step.kind for step in STEPS} >= BY_KIND.keys()
    assert _REPAIRS.keys() <= CAUSE_OF.keys()


def test_the_cause_comes_before_what_follows_from_it():
    """Gaps, what was refused, what is missing, another identity, drift, names, duplicates, and time last."""
    kinds = ["evidence", "missing", "identity", "drift", "renamed", "duplicates", "too_young", "min_events"]
    gates = [gate(kind, side="segment") for kind in reversed(kinds)]
    assert [found.kind for found in sorted(gates, key=lambda one: urgency(one, {}))] == kinds
    refused, lost = gate("missing", 1, side="segment"), gate("missing", 50, side="customerio")
    causes = {"segment": {"rejected": 9}, "customerio": {"unknown": 500}}
    assert min((lost, refused), key=lambda one: urgency(one, causes)) is refused


def test_what_is_missing_is_listed_and_replayed_out_of_the_other_sides_archive():
    """First a dry run; the paths are those that were given, quoted."""
    listed, dry, sent = steps("missing", {"accepted_but_absent": 9, "foreign_writer": 1})
    assert listed == "pipelines-client parity --ledger state --segment 'a b' --customerio c --replay-list missing.jsonl"
    assert sent == (
        "pipelines-client replay --to customerio --from replay-list missing.jsonl --archive 'a b' --state-dir state"
    )
    assert dry == f"{sent} --dry-run"


@pytest.mark.parametrize(
    ("cause", "commands"),
    [
        ("rejected", ["dead-letters list --leg customerio", "dead-letters requeue --leg customerio --all", "drain"]),
        ("in_spool", ["drain", "parity"]),
        ("dropped", ["status", "parity", "replay", "replay"]),
        ("foreign_writer", ["parity"]),
        ("unknown", ["parity", "replay", "replay"]),
    ],
)
def test_each_cause_of_a_loss_has_its_repair(cause, commands):
    """Refused calls are repaired and queued again, a spool is drained, what another writer sends is no replay."""
    found = steps("missing", {cause: 5})
    assert [line.startswith(f"pipelines-client {words}") for line, words in zip(found, commands, strict=True)] == [
        True for _ in commands
    ]


def test_a_gap_runs_the_same_command_again_after_a_spool_is_drained():
    """Files are fetched by hand; what waits in a spool is delivered first."""
    assert steps("evidence") == (shlex.join(AGAIN),)
    assert steps("evidence", is_waiting=True) == ("pipelines-client drain --state-dir state", shlex.join(AGAIN))


def test_an_open_window_is_closed_where_every_source_is_whole():
    """With `--until`; a window that has an end is looked at again later."""
    closed = f"{shlex.join(AGAIN)} --until 2026-11-02T09:30Z"
    assert steps("too_young", is_open=True, settled="2026-11-02T09:30Z") == (closed,)
    everything = (*AGAIN, "--all")
    assert steps("too_young", command=everything, is_open=True, settled="2026-11-02T09:30Z") == (closed,)
    assert steps("too_young", is_open=False, settled="2026-11-02T09:30Z") == (shlex.join(AGAIN),)


def test_without_a_ledger_no_command_sends():
    """What the API accepted is not known then, so a replay may send twice: only a dry run is printed."""
    given = {name: paths for name, paths in GIVEN.items() if name != "ledger"}
    found = next_step(gate("missing", side="customerio"), StepFacts(AGAIN, given, {"customerio": {"unknown": 5}}))
    assert [line.split()[1] for line in found] == ["parity", "replay"]
    assert found[-1].endswith("--dry-run")


def test_a_source_that_has_not_moved_is_left_out():
    """The command names the folders of those that have; the same command again would come to the same."""
    (command,) = steps("related", moved=("a b/segment-logs/s1", "s2"))
    assert command == (
        "pipelines-client parity --segment 'a b/segment-logs/s1' --segment s2 --ledger state --customerio c"
    )
    assert steps("related") == (shlex.join(AGAIN),)


@pytest.mark.parametrize("kind", ["min_events", "min_days"])
def test_too_few_messages_are_looked_for_in_a_wider_window(kind):
    """The window that was given has no more of them; one that goes on from the last run widens by itself."""
    assert steps(kind, command=(*AGAIN, "--since", "1h", "--until", "2026-11-02")) == (shlex.join(AGAIN),)
    last = (*AGAIN, "--since", "last")
    assert steps(kind, command=last) == (shlex.join(last),)


def test_a_source_that_has_stopped_is_the_cause_of_too_few_messages():
    """The headline names it, and more messages are not asked for; what differs is another matter."""
    now = StepFacts(AGAIN, GIVEN, {}, stopped="Segment has nothing since Monday")
    few = gate("min_events", result="inconclusive")
    assert finding(few, now) == "Segment has nothing since Monday: e"
    assert lacking(few, now).startswith("Segment has nothing since Monday: if its copy job has stopped")
    assert finding(gate("drift"), now) == "e"
    assert lacking(few, now._replace(stopped="")) == ""


def test_nothing_to_look_at_is_looked_at_by_no_command():
    """A gate within its limit that is only short runs the same command again."""
    assert "--show-values" in steps("drift")[0]
    assert steps("drift", result="inconclusive", actual=0) == (shlex.join(AGAIN),)
    assert steps("duplicates")[0].startswith("pipelines-client cutover twice --segment 'a b' --customerio c")


@pytest.mark.parametrize(
    ("ledger", "option"),
    [("state/ledger/", "--state-dir state"), ("hosts/*/state", ""), ("s3://b/state", ""), ("a.jsonl", "")],
)
def test_a_state_directory_is_named_only_where_a_folder_was_given(ledger, option):
    """A pattern of many hosts or an address is none."""
    situation = StepFacts(AGAIN, GIVEN | {"ledger": (ledger,)}, {"segment": {"in_spool": 1}})
    drain, _ = next_step(gate("missing", side="segment"), situation)
    assert drain == f"pipelines-client drain {option}".rstrip()


def test_ready_is_followed_by_the_cutover():
    """With the history that says so."""
    assert when_ready((*AGAIN, "--history", "h.jsonl")) == (
        "pipelines-client cutover status --history h.jsonl",
        "pipelines-client cutover advance --history h.jsonl",
    )


def test_the_command_is_the_one_that_was_given_without_keys_and_without_files_that_it_wrote():
    """Options that are not given are left out; an address to notify and a password are in no report."""
    asked = Comparison(
        paths=["./diff"],
        ledger=["state"],
        column_map=["segment=f.toml"],
        everything=True,
        max_missing=5.0,
        engine="postgresql://u:p@ss@h/db",
        notify=["slack://secret"],
        details=True,
    )
    assert shlex.join(asked.command()) == (
        "pipelines-client parity ./diff --ledger state --map segment=f.toml --all --max-missing 5.0"
        " --engine postgresql://u@h/db"
    )


def test_the_commands_of_a_report_are_understood(tmp_path, monkeypatch):
    """Each one parses: no option is made up, and the first runs as it stands."""
    monkeypatch.chdir(tmp_path)
    evidence = Evidence(tmp_path.relative_to(tmp_path), count=200)
    for sent in evidence.messages[:20]:
        sent.lose("customerio")
    paths = [word for name, path in evidence.paths().items() for word in (f"--{name}", str(path))]
    done = CliRunner().invoke(app, ["parity", *paths, "--no-history", "--format", "json"])
    report = json.loads(done.stdout)
    assert report["verdict"] == "fail"
    for command in report["next_step"]:
        words = shlex.split(command)
        assert words[0] == "pipelines-client"
        refused = CliRunner().invoke(app, [*words[1:], "--help"])
        assert refused.exit_code == 0, refused.output
    first = CliRunner().invoke(app, shlex.split(report["next_step"][0])[1:])
    assert first.exit_code == 1
    assert (tmp_path / "missing.jsonl").read_text().count("\n") == 20


def test_the_headline_of_a_report_names_the_gap_and_not_what_follows(tmp_path, compare):
    """An empty export lacks everything, and no identity of it can be compared: it is said to be empty."""
    evidence = Evidence(tmp_path, count=200)
    paths = evidence.paths()
    paths["customerio"] = tmp_path / "none"
    paths["customerio"].mkdir()
    del paths["ledger"]
    report = compare(paths)
    assert "Customer.io" in report.headline
    assert "empty" in report.headline
    assert report.next_step[-1].startswith("pipelines-client parity --segment")


def test_advice_about_a_class_without_rows_asks_for_what_shows_it(tmp_path, compare):
    """Never to look at rows that do not exist."""
    evidence = Evidence(tmp_path, count=200)
    paths = {name: path for name, path in evidence.paths().items() if name != "ledger"}
    rules = parse_rules({"gates": {"classes": {"foreign_writers": {"max": 0}}}}, "x")
    report = compare(paths, rules=rules, limits=Limits())
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.advice == "Give --ledger as well."
