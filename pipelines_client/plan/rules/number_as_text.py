"""A number that is sent as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.rules.base import ORDER_PLAN, CallRule, PlanHit, SeenCall
from pipelines_client.plan.validators import SchemaFault

_NUMBER: Final = re.compile(r"\s*[+-]?[0-9][0-9 ,._']*(?:[eE][+-]?[0-9]+)?\s*")
_MOST_CHARS: Final = 40
_NUMBERS: Final = frozenset(("number", "integer"))


class NumberAsText(CallRule):
    """A number that is sent as text."""

    code = "number-as-text"
    title = "A number is sent as text"
    words = '`"42.50"` is text: `total > 100` is never true for it. Send a number; `redact` removes the text.'
    plan = ORDER_PLAN
    bad = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"order_id": "o-1", "total": "42.50"},
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
            "properties": {"order_id": "1001", "total": 4.5},
        },
    )

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield each place with a text that is a number where a number is planned."""
        for fault, place in seen.all_faults():
            if is_number_as_text(fault):
                yield PlanHit(place)


def is_number_as_text(fault: SchemaFault) -> bool:
    """Return whether the fault is a text of digits where a number is planned."""
    value = fault.value
    if fault.keyword != "type" or not isinstance(value, str) or not _NUMBERS.intersection(fault.types):
        return False
    return len(value) <= _MOST_CHARS and _NUMBER.fullmatch(value) is not None
