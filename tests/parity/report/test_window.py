"""A closed window ends where every source is whole, goes on from run to run, and says why it ends there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from evidence import START, Evidence

from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.parity.judgement.runs import History, Run, run_of
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.rules import Rules

HOUR = timedelta(hours=1)
RULES = Rules.model_validate({"gates": {"min_events": 20}})
NOW = START + timedelta(days=2, hours=2)
COUNT = 400


@pytest.fixture
def evidence(tmp_path):
    """Eight messages an hour over two days and two hours."""
    made = Evidence(tmp_path, count=COUNT)
    for index, sent in enumerate(made.messages):
        sent.at = START + index * HOUR / 8
    return made


def look(paths: Any, *runs: Run, now: Any = NOW, **options: Any) -> ParityReport:
    """Run the daily job."""
    asked = ParityOptions(since_last=True, history=History(runs), rules=RULES, **options)
    return run_parity(paths, asked, now=now)


def until(report):
    return report.window.until[:16]


def test_the_first_window_has_everything_up_to_where_the_slowest_source_is_whole(evidence):
    """Segment may write a message two hours late, so the last two hours are left to the next run."""
    report = look(evidence.paths())
    assert (report.window.mode, report.window.since, until(report)) == ("last", None, "2026-11-04T09:22")
    assert (report.totals.messages, report.window.later) == (COUNT - 16, 16)
    assert set(report.totals.too_young.values()) == {0}
    assert report.window.chosen == (
        "Everything, because the history has no earlier run of these sources that came to a verdict. Segment ends at"
        " 2026-11-04 11:22 UTC and may be 2 h late. So the window ends at 2026-11-04 09:22 UTC. 16 messages came after"
        " that, for the next run."
    )


def test_each_message_is_in_one_window(evidence):
    """The next run begins where the last one ended; what is dated back is judged when it came."""
    paths = evidence.paths()
    first = run_of(look(paths))
    late = evidence.track("u1", "Feature Used", {})
    late.at, late.occurred_at = NOW, START - timedelta(days=9)
    for hour in range(40):
        evidence.track("u1", "Feature Used", {}).at = NOW + hour * HOUR / 8
    second = look(evidence.paths(), first, now=NOW + 5 * HOUR)
    assert (second.window.since, second.judged.until) == (first.until, second.window.until)
    assert first.messages + second.totals.messages + second.window.later == COUNT + 41
    assert (second.window.outside["ledger"], second.window.later) == (COUNT, 16)
    again = look(evidence.paths(), first, run_of(second), now=NOW + 5 * HOUR)
    assert (again.totals.messages, again.verdict) == (0, Verdict.INCONCLUSIVE)


def test_a_leg_that_is_late_holds_the_window_back(evidence):
    """Messages that an API took after the end of its export, or that wait in a spool, are left to the next run."""
    for index, sent in enumerate(evidence.messages):
        if 340 <= index < 350:
            sent.lose("customerio")
            sent.finished_after = NOW - sent.at
        if 350 <= index < 360:
            sent.unsettled("customerio")
    report = look(evidence.paths())
    assert until(report) == "2026-11-04T04:00"
    assert (report.verdict, report.totals.messages) == (Verdict.PASS, 340)
    assert (
        "Before that, 20 messages had not reached a side yet, the first of 2026-11-04 04:00 UTC."
        in report.window.chosen
    )


def test_what_waits_for_a_day_is_lost(evidence):
    """A message that no leg will ever send does not hold the window back for ever."""
    evidence.messages[10].unsettled("customerio")
    report = look(evidence.paths())
    assert until(report) == "2026-11-04T09:22"
    assert report.missing_by_cause["customerio"]["in_spool"] == 1


@pytest.mark.parametrize(
    ("source", "title"), [("ledger", "The ledger"), ("segment", "Segment"), ("customerio", "Customer.io")]
)
def test_a_source_that_has_stopped_holds_the_window_back_for_all(evidence, source, title):
    """It is named with its age, and nothing after its end is called missing."""
    for sent in evidence.messages[160:]:
        if source == "ledger":
            sent.is_recorded = False
        else:
            sent.lose(source)
    report = look(evidence.paths())
    assert report.window.until < "2026-11-03T05:30"
    assert f"{title} ends at 2026-11-03 05:22 UTC, 1.26 d ago, and may be" in report.window.chosen
    assert (report.totals.missing, report.verdict) == ({"segment": 0, "customerio": 0}, Verdict.PASS)
    assert report.advice.startswith(f"{title} has nothing since 2026-11-03 05:22 UTC, 1.26 d ago: if its copy job")
    again = look(evidence.paths(), run_of(report))
    assert again.headline.startswith(f"{title} has nothing since 2026-11-03 05:22 UTC, 1.26 d ago: 0 messages")
    assert "if its copy job has stopped" in again.advice


def test_without_a_source_s_times_the_end_is_open(evidence):
    """An empty export says nothing of where it ends: all is shown, and nothing is settled."""
    for sent in evidence.messages:
        sent.lose("customerio")
    report = look(evidence.paths())
    assert (report.window.until, report.judged.settled_until, report.verdict) == (None, None, Verdict.INCONCLUSIVE)
    assert "Its end is open, because a source has no times." in report.window.chosen


def test_until_ends_a_window_that_goes_on(evidence):
    """An earlier end is taken, a later one is not: what is not decided is never judged."""
    assert until(look(evidence.paths(), until=START + HOUR)) == "2026-11-02T10:30"
    assert until(look(evidence.paths(), until=NOW)) == "2026-11-04T09:22"


def lose_some(evidence):
    """Let Segment lose some messages of the first hours."""
    for sent in evidence.messages[8:48:4]:
        sent.lose("segment")


def test_a_run_that_fails_settles_nothing_from_a_gap_on(evidence):
    """The next one begins at the first message that the gap may hide."""
    lose_some(evidence)
    for sent in evidence.messages[200:240]:
        sent.lose("customerio")
    report = look(evidence.paths())
    assert (report.verdict, until(report)) == (Verdict.FAIL, "2026-11-04T09:22")
    assert report.judged.settled_until[:16] == "2026-11-03T10:30"
    assert look(evidence.paths(), run_of(report)).window.since == report.judged.settled_until


def test_a_run_that_fails_settles_nothing_without_a_file_of_unknown_time(evidence):
    """A hole in the sequence of Customer.io's files may hide any message."""
    lose_some(evidence)
    paths = evidence.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    report = look(paths)
    assert (report.verdict, report.judged.settled_until) == (Verdict.FAIL, None)
