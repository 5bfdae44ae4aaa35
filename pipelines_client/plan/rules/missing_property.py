"""A required property that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.rules.base import ORDER_PLAN, CallRule, PlanHit, SeenCall


class MissingProperty(CallRule):
    """A required property that is missing."""

    code = "missing-property"
    title = "A required property is missing"
    words = (
        "A template that needs it shows a gap, and a segment on it misses the person. Send it with each call, or "
        "plan it as optional."
    )
    plan = ORDER_PLAN
    bad = (
        {"type": "track", "userId": "usr_1", "event": "Order Completed", "properties": {"order_id": "o-1"}},
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5, "items": [{"sku": "s"}, {}]},
        },
    )
    good = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5},
        },
    )

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of each property that is required and not there."""
        for fault, place in seen.all_faults():
            if fault.keyword == "required":
                yield PlanHit(place)
