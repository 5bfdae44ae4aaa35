"""The dated plan: past days from the journal, the earliest days ahead."""

from __future__ import annotations

import pytest
from stage_files import change, situation

from pipelines_client.cutover.gates import PassingDays
from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.overview import Overview
from pipelines_client.cutover.schedule import lay_out
from pipelines_client.routing.plan import Stage


def test_a_plan_has_the_past_from_the_journal_and_the_earliest_days_ahead() -> None:
    """Dates of the file hold the rest back; one that can no longer be kept shows as late."""
    more = "[plan.dual]\npassing_days = 10\n[plan.live]\nbegins = 2026-12-12\n[plan.complete]\nbegins = 2027-01-04\n"
    found = situation("dual", more, passing=PassingDays(4, ""))
    journal = Journal(
        (
            change("start", None, "segment", "2026-11-20T09:00:00.000Z"),
            change("advance", "segment", "shadow", "2026-11-23T09:00:00.000Z"),
            change("advance", "shadow", "dual", "2026-12-01T09:00:00.000Z"),
            change("share", "dual", "dual", "2026-12-05T09:00:00.000Z"),
        )
    )
    steps = lay_out(Overview(found, None, journal, 0, None, 10, (), None))
    assert [(step.stage, step.state, str(step.begins)) for step in steps] == [
        ("segment", "past", "2026-11-20"),
        ("shadow", "past", "2026-11-23"),
        ("dual", "now", "2026-12-01"),
        ("live", "ahead", "2026-12-16"),
        ("complete", "ahead", "2027-01-04"),
    ]
    assert [step.stage for step in steps if step.is_late] == ["live"]
    assert journal.began(Stage.DUAL) == journal.changes[2]
    assert journal.began(Stage.LIVE) is None


def test_a_plan_without_dates_is_as_early_as_the_passing_days_allow() -> None:
    """Days beyond those that it takes are no days ahead; the last stage takes none; without a date nothing is late."""
    steps = lay_out(Overview(situation("dual", passing=PassingDays(20, "")), None, Journal(), 0, None, 14, (), None))
    assert [
        (step.begins and str(step.begins), step.passing_days, step.passed_days, step.is_late) for step in steps
    ] == [
        (None, 0, None, False),
        (None, 3, None, False),
        (None, 14, 20, False),
        ("2026-12-10", 7, None, False),
        ("2026-12-17", 0, None, False),
    ]


def test_a_step_as_plain_values_has_its_days_as_text() -> None:
    """And null for a day that is unknown."""
    found = situation(
        "dual",
        "[plan.live]\nbegins = 2026-12-09\nshare = 0.5\n[plan.complete]\npassing_days = 3\n",
        passing=PassingDays(14, ""),
    )
    past, *_, live, last = lay_out(Overview(found, None, Journal(), 0, None, 14, (), None))
    assert last.passing_days == 0
    assert (past.as_dict()["begins"], past.as_dict()["planned"]) == (None, None)
    assert live.as_dict() == {
        "stage": "live",
        "state": "ahead",
        "begins": "2026-12-10",
        "planned": "2026-12-09",
        "share": 0.5,
        "passing_days": 7,
        "passed_days": None,
        "is_late": True,
    }


@pytest.mark.parametrize("days", [10**6, 10**12])
def test_days_beyond_the_last_year_end_there(days: int) -> None:
    """A file by hand may ask for any number."""
    steps = lay_out(
        Overview(
            situation("dual", f"[plan.dual]\npassing_days = {days}\n[plan.live]\nbegins = 9999-12-31\n"),
            None,
            Journal(),
            0,
            None,
            14,
            (),
            None,
        )
    )
    assert [str(step.begins) for step in steps[3:]] == ["9999-12-31"] * 2
