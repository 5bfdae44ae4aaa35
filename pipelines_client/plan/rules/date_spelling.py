"""A date that is not in the plan's spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.quantities import dates_in, schema_at
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_MOST_SECONDS: Final = 100_000_000_000
"""Larger numbers are milliseconds: as seconds they are later than the year 5000."""
_SPELLINGS: Final[dict[str, Schema]] = {
    "unix_seconds": {
        "type": ["number", "null"],
        "exclusiveMinimum": -_MOST_SECONDS,
        "exclusiveMaximum": _MOST_SECONDS,
    },
    "iso": {
        "type": ["string", "null"],
        "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$",
    },
}


class DateSpelling(CallRule):
    """A date that is not in the plan's spelling."""

    code = "date-spelling"
    title = "A date in another spelling than the plan's"
    words = (
        "Customer.io compares dates only as Unix seconds: milliseconds and ISO-8601 text never match a condition. "
        "With `dates: unix_seconds` or `dates: iso` all dates are written so. A date is a property whose `format` "
        "or `unit` says so, or one that `date_properties` names. Convert it where it is sent, or see "
        "`customerio_dates`; `redact` removes it."
    )
    plan = """
conventions: {dates: unix_seconds, date_properties: ['*_at']}
identify:
  traits: {created_at: {}, plan: string}
"""
    bad = (
        {"type": "identify", "userId": "usr_1", "traits": {"created_at": "2026-11-02T10:00:00Z"}},
        {"type": "identify", "userId": "usr_1", "traits": {"created_at": 1762000000000}},
    )
    good = ({"type": "identify", "userId": "usr_1", "traits": {"created_at": 1762000000}},)

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return that the dates of a call are written as the plan says."""
        spelling = plan.conventions.dates
        return None if spelling is None else schema_at(dates_in(planned, plan.conventions), _SPELLINGS[spelling])

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of each date that is not."""
        for place in dict.fromkeys(place for _, place in seen.placed(seen.folded.get(self.code, ()))):
            yield PlanHit(place, f"planned: {seen.plan.conventions.dates}")
