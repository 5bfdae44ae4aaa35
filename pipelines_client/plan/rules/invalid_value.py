"""A value that the plan does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.rules.base import ORDER_PLAN, CallRule, PlanHit, SeenCall

_OF_OTHERS: Final = frozenset(("required", "type", "additionalProperties", "unevaluatedProperties", "falseSchema"))


class InvalidValue(CallRule):
    """A value that the plan does not allow."""

    code = "invalid-value"
    title = "A value that the plan does not allow"
    words = (
        "It is not one of the planned values, does not match the pattern, or is out of range: a campaign that "
        "filters by the planned values misses it. Correct the value or plan it; `redact` removes the property."
    )
    plan = ORDER_PLAN
    bad = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5, "currency": "euro"},
        },
    )
    good = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5},
        },
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": 4.5, "currency": "EUR"},
        },
    )

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield each place whose value fails any other keyword of its schema: `enum`, `pattern`, `maximum` …."""
        for fault, place in seen.all_faults():
            if fault.keyword not in _OF_OTHERS:
                yield PlanHit(place, f"fails {fault.keyword}")
