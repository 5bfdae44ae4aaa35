"""What the history says of readiness is said day by day, and only fresh evidence of both sides makes a day."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest
from history_lines import MONDAY, run

from pipelines_client.parity.judgement.readiness import DAYS_SHOWN, Criteria, judge_readiness
from pipelines_client.parity.judgement.runs import Run
from pipelines_client.parity.model import Verdict

P, F, I = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE  # noqa: E741 - as a row of days reads best
OLD = run(0).newest
LACKING = {"sources": ("ledger", "segment"), "newest": {"ledger": None, "segment": run(1).newest["segment"]}}
EARLY: dict[str, Any] = {"sources": (), "newest": {}, "applications": ()}  # what its lines do not say
EMPTY = {"messages": 0, "newest": {}}
BOTH = {"since": run(0).since}


def ready(*runs: Run, after: int = 3, today: date | None = None, **criteria: Any):
    """Judge the runs by their gates; today is the day of the last line unless it is given."""
    return judge_readiness(runs, today or date.fromisoformat(runs[-1].day), after, Criteria("g", **criteria))


def verdicts(readiness):
    return [day.verdict for day in readiness.trend]


@pytest.mark.parametrize(
    ("runs", "passed", "left"),
    [
        ([run(0)], 1, 2),
        ([run(0), run(1), run(2)], 3, 0),
        ([run(0), run(1), run(2), run(3)], 4, 0),
        ([run(0), run(1), run(2), run(3, F)], 0, 3),
        ([run(0), run(1), run(2, I), run(3)], 1, 2),
        ([run(0), run(1), run(3)], 1, 2),
        ([run(0), run(1), run(1, hour=9), run(2)], 3, 0),
        ([run(0, gates="lenient"), run(1), run(2)], 2, 1),
        ([run(2), run(0), run(1), run(2, hour=9)], 3, 0),
        ([run(4), run(0), run(1), run(2)], 3, 0),
        ([run(0), run(1, newest=OLD), run(2, newest=OLD), run(3, newest=OLD)], 1, 2),
        ([run(0), run(1, newest=OLD), run(2)], 2, 1),
        ([run(20, newest=OLD), run(21, newest=OLD)], 0, 3),
        ([run(0), run(1, newest=run(1).newest | {"customerio": OLD["customerio"]})], 1, 2),
        ([run(0), run(1, **LACKING), run(2)], 1, 2),
        ([run(0), run(1, **LACKING), run(1, hour=9), run(2)], 3, 0),
        ([run(0), run(1, F, **LACKING), run(1, hour=9), run(2)], 3, 0),
        ([run(0), run(1), run(1, F, hour=9, **LACKING), run(2)], 1, 2),
        ([run(0), run(1, I, **EMPTY), run(2)], 2, 1),
        ([run(0), run(1), run(1, I, hour=9, **EMPTY)], 2, 1),
        ([run(0), run(1, I), run(2, **BOTH)], 2, 1),
        ([run(0), run(1, F), run(2, **BOTH)], 1, 2),
        ([run(0), run(1, I), run(2, F, **BOTH), run(3)], 1, 2),
        ([run(0), run(1), run(2, is_exploratory=True)], 2, 1),
        ([run(0), run(1, is_exploratory=True), run(2)], 1, 2),
        ([run(0), run(1, F, is_exploratory=True), run(1, hour=9)], 2, 1),
        ([run(0, **EARLY), run(1, **EARLY), run(2)], 3, 0),
        ([run(0, **EARLY), run(1, F, **EARLY), run(2)], 1, 2),
    ],
    ids=[
        "one", "three", "four", "fails today", "an inconclusive day", "a day without a run", "two runs in a day",
        "other limits", "lines out of order", "a line from the future", "the same files again",
        "nothing new on a day", "old files twice", "nothing new of a side", "a side was not looked at",
        "it was looked at later", "a failure is repaired", "a failure of one side", "no message on a day",
        "an empty look", "an inconclusive window is judged later", "a failure is not taken back later",
        "it is judged later, and fails", "an exploratory look today", "an exploratory look only",
        "an exploratory failure", "lines of an early version", "a failure in such a line",
    ],
)  # fmt: skip
def test_only_passing_days_in_a_row_count(runs, passed, left):
    """What fails, is unclear, was not looked at or judged otherwise ends the row; what has nothing new does not."""
    found = ready(*runs)
    assert (found.passed_days, found.days_left, found.state) == (passed, left, "not_yet" if left else "ready")
    assert sum(day.is_in_row for day in found.trend) == passed
    assert found.since == next((day.day for day in found.trend if day.is_in_row), None)


def test_a_line_of_an_early_version_counts_only_since_the_stage_began_and_for_any_application():
    """It does not say what it saw: so it saw what there was when it ran."""
    early = [run(day, **EARLY) for day in range(3)]
    assert ready(*early, applications=("mark",)).passed_days == 3
    assert ready(*early, since=run(1).at).passed_days == 2


def test_a_later_run_takes_back_an_earlier_one_of_the_day_if_it_covers_its_window_and_sources():
    """Repaired and looked at again is repaired; looked at the last hour only, or without a side, is not."""
    fails = run(0, F)
    assert verdicts(ready(fails, run(0, hour=9))) == [P]
    assert verdicts(ready(fails, run(0, hour=9, since=None, until=None))) == [P]
    for other in (
        {"since": "2026-11-02T03:00Z"},
        {"until": "2026-11-02T03:00Z"},
        {"sources": ("segment", "customerio")},
    ):
        found = ready(fails, run(0, hour=9, **other))
        assert verdicts(found) == [F]
        assert found.passed_days == 0
        assert found.trend[-1].note == "the run of 08:00 stands: no later one covers its window; drift"
    assert verdicts(ready(run(0), run(0, F, hour=9))) == [F]
    assert verdicts(ready(fails, run(0, I, hour=9))) == [I]


def test_the_reason_says_what_ended_the_row_and_how_much_is_left():
    """In words for a manager."""
    assert ready(run(0), run(1)).reason == "2 passing days in a row, and the history begins there; 1 more until ready"
    assert ready(run(0), run(2)).reason == "1 passing day in a row: 2026-11-03 had no run; 2 more until ready"
    assert ready(run(0), run(1, F)).reason == "0 passing days in a row: 2026-11-03 was fail; 3 more until ready"
    assert ready(run(0, gates="x"), run(1)).reason == (
        "1 passing day in a row: on 2026-11-02 other limits were used; 2 more until ready"
    )
    assert ready(run(1, **LACKING), run(2)).reason == (
        "1 passing day in a row: on 2026-11-03 Customer.io was not looked at; 2 more until ready"
    )
    assert ready(run(0), run(1, newest=OLD)).reason == (
        "1 passing day in a row, and the history begins there; on 2026-11-03 nothing new of Segment since 2026-11-02,"
        " nothing new of Customer.io since 2026-11-02; 2 more until ready"
    )
    assert ready(run(0), applications=("ours",)).reason == (
        "0 passing days in a row: on 2026-11-02 the ledger of this application was not read; 3 more until ready"
    )
    assert ready(run(0), run(1), run(2)).reason == "3 passing days in a row, since 2026-11-02"


def test_what_counts_depends_on_what_the_next_stage_relies_on():
    """Its sides, its application's ledgers, and messages that were taken since the present stage began."""
    assert ready(run(0), run(1, **LACKING), sides=("segment",)).passed_days == 2
    assert ready(run(0, applications=("ours", "theirs")), applications=("ours",)).passed_days == 1
    assert ready(run(0, applications=("theirs",)), applications=("ours",)).passed_days == 0
    assert ready(run(0), run(1), since=run(0).until).passed_days == 1
    assert ready(run(0), since=run(0).newest["segment"]).passed_days == 1
    assert ready(run(0), since=run(0).until).passed_days == 0


def test_ready_is_over_when_the_evidence_ends():
    """A row whose last day is older than yesterday is not ready, though nothing has ended it."""
    row = [run(0), run(1), run(2)]
    assert ready(*row, today=MONDAY + timedelta(days=3)).state == "ready"
    stopped = [run(day, I, **EMPTY) for day in (3, 4)]
    assert ready(*row, stopped[0]).state == "ready"
    found = ready(*row, *stopped)
    assert (found.state, found.passed_days, found.days_left) == ("not_yet", 3, 1)
    assert ready(*row, *stopped, run(5)).passed_days == 4
    assert ready(*row, today=MONDAY + timedelta(days=4)).passed_days == 0


@pytest.mark.parametrize(
    ("runs", "passed"),
    [
        ([run(3, newest=run(1).newest)], 1),
        ([run(4, newest=run(1).newest)], 0),
        ([run(0, gates="x"), run(1, newest=OLD)], 1),
        ([run(0, I), run(1, newest=OLD)], 1),
        ([run(0, F), run(1, newest=OLD)], 0),
        ([run(0), run(1), run(1, hour=9, newest=OLD, since=run(1).newest["segment"])], 2),
    ],
    ids=["two days old", "three", "other limits judged it", "it was unclear", "it failed", "one run has it"],
)
def test_evidence_is_new_if_no_run_that_counts_has_judged_it(runs, passed):
    """And if it is of the day, or of one of two days before."""
    assert ready(*runs).passed_days == passed


def test_a_day_shows_its_last_run_that_tells_something():
    """A day without a run shows nothing, and today may still have one."""
    found = ready(run(0), run(2), today=MONDAY + timedelta(days=3))
    assert [(day.runs, day.messages, day.note) for day in found.trend] == [
        (1, 500, ""), (0, 0, "no run"), (1, 500, ""), (0, 0, "no run yet"),
    ]  # fmt: skip
    assert (found.trend[1].missing_pct, found.trend[1].drift_pct) == (0, 0)
    (day,) = ready(run(0), run(0, hour=9, since=run(0).newest["segment"], messages=700)).trend
    assert (day.runs, day.messages) == (2, 700)
    (day,) = ready(run(0, F, gates="x"), run(0, hour=9, gates="x")).trend
    assert (day.verdict, day.note) == (P, "other limits were used")
    ours = run(0, gates="x", applications=("ours",))
    (day,) = ready(ours, run(0, hour=9, applications=("theirs",)), applications=("ours",)).trend
    assert day.note == "other limits were used"


def test_the_trend_is_of_the_last_days_and_the_row_may_be_longer():
    """A row of forty days is forty."""
    found = ready(*map(run, range(40)), after=35)
    assert (found.state, found.passed_days, len(found.trend)) == ("ready", 40, DAYS_SHOWN)
    assert DAYS_SHOWN == 30
    assert found.since == "2026-11-02"


def test_a_line_from_long_ago_costs_no_time():
    """Two thousand years of days without a run are not looked at one by one."""
    begin = time.perf_counter()
    found = ready(run(0, at="0001-01-01T00:00:00Z"), run(1))
    assert (found.passed_days, len(found.trend)) == (1, DAYS_SHOWN)
    assert time.perf_counter() - begin < 1
