from __future__ import annotations

import pytest

from pipelines_client.plan.model import PlannedCall, TrackingPlan


@pytest.mark.parametrize(("version", "sent"), [(1, 1), (7, 7), ("2-0-1", 2), ("3", 3), ("1.4.0", 1), ("draft", 1)])
def test_a_version_is_sent_as_an_integer(version: int | str, sent: int) -> None:
    """Segment judges by an integer, and some formats number their versions otherwise."""
    assert PlannedCall("track", "A", version).event_version == sent


def test_an_event_without_a_version_is_the_oldest_one() -> None:
    """As Segment judges a call without a version."""
    plan = TrackingPlan(events=(PlannedCall("track", "A", 2), PlannedCall("track", "A", 1), PlannedCall("track", "B")))
    assert plan.event("A") is plan.events[1]
    assert plan.event("A", 2) is plan.events[0]
    assert plan.event("A", 3) is None
    assert plan.versions_of("A") == (plan.events[1], plan.events[0])


def test_a_name_is_planned_letter_by_letter_and_an_alias_leads_to_it() -> None:
    """Names drive campaigns, and are case-sensitive there."""
    plan = TrackingPlan(events=(PlannedCall("track", "Order Completed", aliases=("purchase",)),))
    assert plan.event("order completed") is None
    assert plan.event("purchase") is None
    assert plan.alias_of("purchase") == "Order Completed"
    assert plan.alias_of("Order Completed") is None


def test_a_mode_is_that_of_the_rule_then_the_default_then_a_warning() -> None:
    """A plan that says nothing warns."""
    assert TrackingPlan().mode_of("money", "warn") == "warn"
    plan = TrackingPlan(modes={"default": "reject", "money": "off"})
    assert plan.mode_of("money", "warn") == "off"
    assert plan.mode_of("unknown-event", "warn") == "reject"
    assert plan.mode_of("identify-without-email", "off") == "off"


def test_all_calls_of_a_plan_come_in_one_row() -> None:
    """What lints or writes out a plan asks once."""
    plan = TrackingPlan(
        events=(PlannedCall("track", "A"),),
        identify=PlannedCall("identify"),
        pages=(PlannedCall("page", "Home"),),
    )
    assert [call.kind for call in plan.calls()] == ["identify", "page", "track"]
    assert [call.payload_name for call in plan.calls()] == ["traits", "properties", "properties"]
