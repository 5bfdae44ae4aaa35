"""An event that is not sent yet, or no longer."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.model import PlannedCall, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class InactiveEvent(CallRule):
    """An event that is not sent yet, or no longer."""

    code = "inactive-event"
    title = "An event that the plan calls deprecated, or not sent yet"
    words = "`status: deprecated` or `planned`. Remove the call, or correct the plan."
    plan = """
events:
  Trial Started: {status: active}
  Trial Begun: {status: deprecated}
  Trial Paused: {status: planned}
"""
    bad = (
        {"type": "track", "userId": "usr_1", "event": "Trial Begun"},
        {"type": "track", "userId": "usr_1", "event": "Trial Paused"},
    )
    good = ({"type": "track", "userId": "usr_1", "event": "Trial Started"},)

    def is_always(self, plan: TrackingPlan, planned: PlannedCall) -> bool:
        """Return whether it is not active."""
        del plan
        return planned.status != "active"

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the name if it is not."""
        if seen.planned is not None and seen.planned.status != "active":
            yield PlanHit(("event" if seen.kind == "track" else "name",), f"its status is {seen.planned.status}")
