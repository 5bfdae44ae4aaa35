"""A call of the plan to a function."""

from __future__ import annotations

from pipelines_client.plan.codegen.functions import functions_of
from pipelines_client.plan.model import PlannedCall, TrackingPlan


def _names(*events: PlannedCall) -> list[str]:
    return [function.name for function in functions_of(TrackingPlan(events=events))]


def test_the_oldest_version_of_an_event_has_the_plain_name() -> None:
    """A plan that names the new version first changes nothing."""
    second, first = (PlannedCall("track", "Order Completed", version=number) for number in (2, 1))
    assert _names(second, first) == ["track_order_completed_v2", "track_order_completed"]
    assert _names(second) == ["track_order_completed"]


def test_events_whose_names_come_out_alike_are_told_apart_in_a_comment() -> None:
    """The first in the plan has the plain name."""
    events = [PlannedCall("track", name) for name in ("Order Completed", "order_completed")]
    first, second = functions_of(TrackingPlan(events=tuple(events)))
    assert (first.name, first.comments) == ("track_order_completed", [])
    assert second.name.startswith("track_order_completed_")
    assert second.comments == ['# "order_completed": track_order_completed is another function']


def test_the_docstring_says_what_the_event_means_and_whether_it_is_sent() -> None:
    """A deprecated event is still callable while it goes away."""
    event = PlannedCall("track", "Order Completed", version=2, description="A person paid.", status="deprecated")
    (function,) = functions_of(TrackingPlan(events=(event,)))
    assert function.doc == [
        '    """Track `Order Completed`, version 2.',
        "",
        "    A person paid.",
        "",
        "    Deprecated: no longer sent.",
        '    """',
    ]


def test_a_call_says_its_version_only_if_the_event_has_several_or_is_not_at_its_first() -> None:
    """A call without a version is judged by the oldest (FACTS R10)."""
    one, two = (PlannedCall("track", "A", version=number) for number in (1, 2))
    plain, versioned = "context,", "wire.versioned(context, 1),"
    for events, expected in [((one,), plain), ((one, two), versioned)]:
        first = next(functions_of(TrackingPlan(events=events)))
        assert first.arguments[3] == expected
