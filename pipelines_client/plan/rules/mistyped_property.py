"""A property of another type than planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines_client.plan.rules.base import ORDER_PLAN, CallRule, PlanHit, SeenCall
from pipelines_client.plan.rules.number_as_text import is_number_as_text


class MistypedProperty(CallRule):
    """A property of another type than planned."""

    code = "mistyped-property"
    title = "A property of another type than planned"
    words = (
        "A property that is a number here and text there cannot be compared. Convert it where it is sent; `redact` "
        "removes it."
    )
    plan = ORDER_PLAN
    bad = (
        {"type": "track", "userId": "usr_1", "event": "Order Completed", "properties": {"order_id": 7, "total": 4.5}},
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5, "items": "none"},
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
        """Yield each place with a value of a type that is not planned."""
        payload = seen.call.get(seen.payload_name) if seen.kind != "alias" else None
        if payload is not None and not isinstance(payload, Mapping):
            yield PlanHit((seen.payload_name,), "planned: object")
        for fault, place in seen.all_faults():
            if fault.keyword == "type" and not is_number_as_text(fault):
                yield PlanHit(place, f"planned: {' or '.join(fault.types)}" if fault.types else "")
