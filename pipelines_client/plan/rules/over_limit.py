"""More than Customer.io keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import orjson

from pipelines_client.plan.downstream import (
    MOST_ATTRIBUTE_BYTES,
    MOST_ATTRIBUTE_NAME_BYTES,
    MOST_ATTRIBUTES,
    MOST_ID_BYTES,
    MOST_NAME_BYTES,
)
from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_MOST_BYTES_OF_A_CHAR: Final = 4
_SHORT_NAME: Final = re.compile(rf"[\s\S]{{0,{MOST_NAME_BYTES // _MOST_BYTES_OF_A_CHAR}}}\Z")
_SURELY_SHORT: Final[Schema] = {
    "maxProperties": MOST_ATTRIBUTES,
    "propertyNames": {"maxLength": MOST_ATTRIBUTE_NAME_BYTES // _MOST_BYTES_OF_A_CHAR},
    "additionalProperties": {
        "type": ["string", "number", "integer", "boolean", "null"],
        "maxLength": MOST_ATTRIBUTE_BYTES // _MOST_BYTES_OF_A_CHAR,
    },
}
"""What may be longer is measured: a character has one to four bytes."""


class OverLimit(CallRule):
    """More than Customer.io keeps."""

    code = "over-limit"
    title = "More than Customer.io keeps"
    words = (
        "A person's id has at most 150 bytes and an event's name 100; a person or group has at most 300 "
        "attributes, an attribute's name 150 bytes, its value 1000. What is longer is cut or dropped there "
        "without an error. `redact` removes such an attribute."
    )
    plan = """
identify:
  traits: {email: string}
"""
    bad = (
        {"type": "identify", "userId": "usr_" + "1" * 150},
        {"type": "identify", "userId": "usr_1", "traits": {"bio": "ä" * 501}},
        {"type": "identify", "userId": "usr_1", "traits": {"tags": ["abcdefgh"] * 100}},
        {"type": "identify", "userId": "usr_1", "traits": {str(number): 1 for number in range(301)}},
    )
    good = ({"type": "identify", "userId": "usr_1", "traits": {"bio": "ä" * 500, "tags": ["a"]}},)

    def usual_id(self, plan: TrackingPlan) -> Schema | None:
        """Return whether an id is short however it is written."""
        del plan
        return {"maxLength": MOST_ID_BYTES // _MOST_BYTES_OF_A_CHAR}

    def usual_name(self, plan: TrackingPlan) -> Callable[[str], object] | None:
        """Return whether a name is short however it is written."""
        del plan
        return _SHORT_NAME.match

    def is_always(self, plan: TrackingPlan, planned: PlannedCall) -> bool:
        """Return whether a planned name is too long."""
        del plan
        return planned.kind == "track" and _bytes(planned.name) > MOST_NAME_BYTES

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return that attributes are few and short however they are written (FACTS C13)."""
        del plan
        return _SURELY_SHORT if planned.kind in ("identify", "group") else None

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield what is too long or too many."""
        if isinstance(seen.user_id, str) and _bytes(seen.user_id) > MOST_ID_BYTES:
            yield PlanHit(("userId",))
        if seen.kind == "track" and isinstance(seen.name, str) and _bytes(seen.name) > MOST_NAME_BYTES:
            yield PlanHit(("event",))
        if seen.kind not in ("identify", "group"):
            return
        if len(seen.payload) > MOST_ATTRIBUTES:
            yield PlanHit((seen.payload_name,))
        for name, value in seen.payload.items():
            size = _bytes(value) if isinstance(value, str) else len(orjson.dumps(value))
            if _bytes(name) > MOST_ATTRIBUTE_NAME_BYTES or size > MOST_ATTRIBUTE_BYTES:
                yield PlanHit((seen.payload_name, name))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
