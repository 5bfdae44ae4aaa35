"""A call that does not say when it happened, where the plan demands it."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.model import PlannedCall, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class MissingTimestamp(CallRule):
    """A call that does not say when it happened, where the plan demands it."""

    code = "missing-timestamp"
    title = "A call without the time at which it happened"
    words = (
        "Only for what the plan marks `timestamp_required`: without a `timestamp` the time of the call is taken, "
        "which is wrong for events that are sent later, such as from a queue. Pass `timestamp`."
    )
    plan = """
events:
  Order Completed:
    timestamp_required: true
"""
    bad = ({"type": "track", "userId": "usr_1", "event": "Order Completed"},)
    good = ({"type": "track", "userId": "usr_1", "event": "Order Completed", "timestamp": "2026-11-02T10:00:00Z"},)

    def is_always(self, plan: TrackingPlan, planned: PlannedCall) -> bool:
        """Return whether the plan demands it."""
        del plan
        return planned.timestamp_required

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield a call whose time the client made."""
        if seen.planned is not None and seen.planned.timestamp_required and "timestamp" in seen.made:
            yield PlanHit(("timestamp",))
