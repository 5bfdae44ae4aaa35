"""A property that the plan forbids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_KEYWORDS: Final = frozenset(("additionalProperties", "unevaluatedProperties", "falseSchema"))


class UnplannedProperty(CallRule):
    """A property that the plan forbids."""

    code = "unplanned-property"
    title = "A property that the plan does not have and does not allow"
    words = (
        "Only where the plan's schema says `additionalProperties: false`; else other properties are allowed. Plan "
        "it, or do not send it; `redact` removes it."
    )
    plan = """
events:
  Order Completed:
    properties: {order_id: string}
    schema: {type: object, additionalProperties: false}
"""
    bad = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "colour": "red"},
        },
    )
    good = ({"type": "track", "userId": "usr_1", "event": "Order Completed", "properties": {"order_id": "o-1"}},)

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of each property that a schema shuts out."""
        for fault, place in seen.all_faults():
            if fault.keyword in _KEYWORDS:
                yield PlanHit(place)
