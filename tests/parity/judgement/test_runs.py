"""The history is appended to and never changed; a run goes on where the last one ended."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from evidence import START, Evidence
from history_lines import run

from pipelines_client.errors import SourceError
from pipelines_client.parity import ParityOptions, append_run, read_history, run_parity
from pipelines_client.parity.judgement.runs import History, instant_of, last_end, run_of
from pipelines_client.parity.model import Gate, Judged, Limits, Verdict
from pipelines_client.parity.rules import Rules

AT_ONCE, EACH = 4, 25


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Two days of messages that match."""
    evidence = Evidence(tmp_path_factory.mktemp("evidence"))
    evidence.fill_days(2)
    return evidence.paths()


@pytest.fixture(scope="module")
def report(paths):
    """The first report of a history."""
    return run_parity(paths, ParityOptions(history=History()), now=START)


def test_runs_at_one_time_append_whole_lines(report, tmp_path):
    """However many there are, and none is lost."""
    path = tmp_path / "history.jsonl"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: append_run(path, report), range(AT_ONCE * EACH)))
    found = read_history(path)
    assert (len(found.runs), found.unread_lines) == (AT_ONCE * EACH, 0)
    assert all(run == run_of(report) for run in found.runs)


def test_a_torn_last_line_is_counted_and_the_next_one_stands_alone(report, tmp_path):
    """A kill in the middle of a line costs that line; what is there is never changed."""
    path = tmp_path / "history.jsonl"
    append_run(path, report)
    torn = path.read_bytes() + path.read_bytes()[:50]
    path.write_bytes(torn)
    assert read_history(path) == History((run_of(report),), 1)
    append_run(path, report)
    assert path.read_bytes().startswith(torn)
    found = read_history(path)
    assert found == History((run_of(report),) * 2, 1)


def test_a_line_of_a_later_version_is_read(report, tmp_path):
    """More keys are no reason to forget a day; what is not there yet is empty, and a folder is an error."""
    path = tmp_path / "history.jsonl"
    append_run(path, report)
    path.write_bytes(path.read_bytes().replace(b"{", b'{"mood": "fine", ', 1))
    assert len(read_history(path).runs) == 1
    assert read_history(tmp_path / "none.jsonl") == History()
    with pytest.raises(SourceError, match="--no-history keeps none"):
        read_history(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", ""),
        ("at", "2026-02-31T00:00:00.000Z"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", 20261102),
        ("since", "yesterday"),
        ("until", "2026-11-02T25:00:00.000Z"),
        ("settled_until", "2026-13-01T00:00:00.000Z"),
        ("newest", {"segment": "never"}),
        ("verdict", "fine"),
    ],
)
def test_a_line_with_an_impossible_value_costs_that_line_only(report, tmp_path, name, value):
    """It is counted, and the lines before and after it are read."""
    path = tmp_path / "history.jsonl"
    append_run(path, report)
    line = json.loads(path.read_text())
    with path.open("a") as file:
        file.write(json.dumps(line | {name: value}) + "\n")
    append_run(path, report)
    assert read_history(path) == History((run_of(report),) * 2, 1)


def test_an_instant_in_another_zone_is_read_in_utc():
    """So that a line's day is the UTC day, and instants are in order as texts are."""
    assert run(0, at="2026-11-03T01:30:00+02:00").at == "2026-11-02T23:30:00.000Z"
    assert run(0, at="2026-11-02T08:00:00.123Z").at == "2026-11-02T08:00:00.123Z"
    assert instant_of("2026-11-03") == datetime(2026, 11, 3, tzinfo=timezone.utc)


SOURCES = ("ledger", "segment", "customerio")


@pytest.mark.parametrize(
    ("runs", "end"),
    [
        ([], None),
        ([run(0)], None),
        ([run(0, since=None), run(1)], 1),
        ([run(0, since=None), run(1, Verdict.FAIL)], 1),
        ([run(0, since=None), run(1, Verdict.INCONCLUSIVE)], 0),
        ([run(0, since=None), run(1, Verdict.INCONCLUSIVE), run(2, since=run(1).since)], 2),
        ([run(0, since=None), run(1, is_exploratory=True)], 0),
        ([run(0, since=None), run(1, sources=("ledger", "segment"))], 0),
        ([run(0, since=None), run(1, applications=("other",))], 1),
        ([run(0, since=None), run(2)], 0),
        ([run(0, since=None), run(2), run(1), run(2, hour=9)], 2),
        ([run(1, since=None), run(0, since=None)], 1),
        ([run(0, since=None), run(1, settled_until=None)], 0),
        ([run(0, since=None, sources=(*SOURCES, "mixpanel"))], 0),
    ],
    ids=[
        "no history", "a window that begins somewhere", "two in a row", "a failure has judged",
        "an inconclusive run has not", "its window is taken up again", "other limits", "fewer sources",
        "no application is known", "a day is left out", "it is made up for", "an older look", "no end is known",
        "more sources",
    ],
)  # fmt: skip
def test_a_run_goes_on_where_the_last_one_ended(runs, end):
    """The end of what was judged without a gap from the beginning, by the limits of the file, from the same sources."""
    assert last_end(runs, SOURCES, ()) == (None if end is None else run(end).until)


def test_a_history_of_another_application_is_no_beginning():
    """Its ledgers have other keys."""
    assert last_end([run(0, since=None, applications=("a", "b"))], SOURCES, ("a",)) == run(0).until
    assert last_end([run(0, since=None, applications=("a",))], SOURCES, ("a", "b")) is None
    assert last_end([run(0, since=None)], SOURCES, ("a",)) is None


OPEN = {"since": None, "until": None}


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        (OPEN, {}, True),
        ({}, OPEN, False),
        (OPEN, OPEN, True),
        ({}, {}, True),
        ({"since": None}, {}, True),
        ({}, {"since": None}, False),
        ({"until": None}, {}, True),
        ({}, {"until": None}, False),
        ({}, {"since": run(3).until}, True),
        ({"since": run(3).until}, {}, False),
        ({"until": run(9).until}, {}, True),
        ({}, {"until": run(9).until}, False),
        ({"since": None}, {"until": None}, False),
        ({"until": None}, {"since": None}, False),
        ({}, {"sources": SOURCES[:2]}, True),
        ({"sources": SOURCES[:2]}, {}, False),
        ({"sources": SOURCES[:2]}, {"sources": SOURCES[1:]}, False),
    ],
)
def test_a_run_covers_another_if_its_window_and_sources_contain_the_others(wide, narrow, is_covered):
    """An open end contains any end, and itself; two windows that are alike cover each other."""
    assert run(3, **wide).covers(run(3, **narrow)) is is_covered


def gate(kind, actual, result="passed", side="", event=""):
    """Return a gate on a share."""
    row = {"kind": kind, "limit": 0, "actual": actual, "unit": "%", "evidence": ""}
    return Gate(**row, result=result, side=side, event=event)


def report_of(*gates: Any):
    """Return as much of a report as a line of the history keeps."""
    judged = Judged(
        sources=SOURCES,
        since=None,
        until=None,
        settled_until=None,
        newest={},
        applications=(),
        limits="g",
        is_exploratory=False,
    )
    totals = SimpleNamespace(messages=500, sides={"segment": SimpleNamespace(meant=400)})
    at = "2026-11-02T08:00:00.000Z"
    return SimpleNamespace(generated_at=at, verdict=Verdict.FAIL, gates=gates, judged=judged, totals=totals)


def test_a_line_has_the_worse_side_and_the_gates_that_did_not_pass():
    """A gate of one event has its own limit and is named; its share is not that of the run."""
    gates = (
        gate("missing", 0.3, side="segment"),
        gate("missing", 0.7, "failed", side="customerio"),
        gate("missing", 9.0, "failed", side="customerio", event="Login"),
        gate("drift", 2.0, "inconclusive", side="segment"),
        gate("drift", 1.0, side="customerio"),
        gate("renamed", 50.0),
    )
    line = run_of(report_of(*gates))
    assert (line.missing_pct, line.drift_pct) == (0.7, 2.0)
    assert line.broken == ("missing_customerio", "missing_customerio of Login", "drift_segment")
    line = run_of(report_of(*gates[2:3]))
    assert (line.missing_pct, line.drift_pct) == (0, 0)


def test_a_line_says_what_the_run_looked_at(report, paths):
    """Sources, window, the newest message of each, whose ledger it was, and by which limits."""
    line = run_of(report)
    assert line.sources == SOURCES
    assert (line.since, line.until) == (None, None)
    assert set(line.newest) == set(SOURCES)
    assert START.strftime("%Y-%m-%d") <= min(line.newest.values()) <= max(line.newest.values()) < line.settled_until
    assert len(line.applications) == 1
    assert not line.is_exploratory
    fewer = run_parity({name: paths[name] for name in ("segment", "customerio")}, ParityOptions(), now=START)
    assert (fewer.readiness, run_of(fewer).sources, run_of(fewer).applications) == (None, SOURCES[1:], ())
    lenient = Rules.model_validate({"gates": {"max_missing": 50}})
    by_file = run_parity(paths, ParityOptions(rules=lenient), now=START)
    by_option = run_parity(paths, ParityOptions(limits=Limits(max_missing_pct=50.0)), now=START)
    assert run_of(by_file).gates != line.gates == run_of(by_option).gates
    assert (run_of(by_file).is_exploratory, run_of(by_option).is_exploratory) == (False, True)
