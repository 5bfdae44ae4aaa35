"""The dated plan: past days from the journal, the earliest days ahead."""

from __future__ import annotations

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
