"""Test traffic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_PREFIX: Final = "__test_"
_USUAL: Final = re.compile(f"(?!{_PREFIX})")


class MadeForTests(CallRule):
    """Test traffic."""

    code = "test-traffic"
    title = "Test traffic"
    words = (
        "A person's id, an event, page or screen that begins with `__test_`. It belongs into a workspace for "
        "tests, not where campaigns run. Set `reject` in the plan that production uses."
    )
    plan = """
pages: [Pricing]
events:
  Order Completed:
  __test_ping:
"""
    bad = (
        {"type": "track", "userId": "__test_ada", "event": "Order Completed"},
        {"type": "track", "userId": "usr_1", "event": "__test_ping"},
    )
    good = ({"type": "track", "userId": "usr_1", "event": "Order Completed"},)

    def usual_id(self, plan: TrackingPlan) -> Schema | None:
        """Return whether an id does not begin so."""
        del plan
        return {"not": {"pattern": f"^{_PREFIX}"}}

    def usual_name(self, plan: TrackingPlan) -> Callable[[str], object] | None:
        """Return whether a name does not begin so."""
        del plan
        return _USUAL.match

    def is_always(self, plan: TrackingPlan, planned: PlannedCall) -> bool:
        """Return whether a planned name begins so."""
        del plan
        return planned.name.startswith(_PREFIX)

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the id and the name that begin so."""
        for field, value in (("userId", seen.user_id), ("event" if seen.kind == "track" else "name", seen.name)):
            if isinstance(value, str) and value.startswith(_PREFIX):
                yield PlanHit((field,))
