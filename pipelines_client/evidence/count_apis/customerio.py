"""Customer.io's App API: its activities, counted one by one (FACTS C20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pipelines_client.evidence.count_apis.base import Ask, CountsApi, Key, TimeSpan
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.sides import CUSTOMERIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 100  # FACTS C20
_DATA_TYPES = {"event": "track", "page": "page", "screen": "screen"}


class CustomerioActivities(CountsApi):
    """Customer.io's activities of the last 30 days."""

    name: ClassVar[str] = "customerio-activities"
    title: ClassVar[str] = "Customer.io's activities"
    side: ClassVar[str] = CUSTOMERIO
    key_variable: ClassVar[str] = "PIPELINES_CUSTOMERIO_APP_KEY"
    url_variable: ClassVar[str] = "PIPELINES_CUSTOMERIO_APP_URL"
    url: ClassVar[str] = "https://api.customer.io"

    def count(self, ask: Ask, target: str, span: TimeSpan) -> Iterator[tuple[Key, int]]:
        """Yield one for each activity; the API has no time window, so all 30 days are read (FACTS C20)."""
        del target
        first, last = span.since.timestamp() * 1000, span.until.timestamp() * 1000
        start = ""
        while True:
            page = ask("/v1/activities", [("limit", str(_PAGE)), *([("start", start)] if start else [])])
            activities = page.get("activities") or ()
            for activity in activities:
                kind, at_ms = _DATA_TYPES.get(str(activity.get("type"))), unix_ms(activity.get("timestamp"))
                if kind is not None and at_ms is not None and first <= at_ms < last:
                    yield (str(activity.get("name") or kind).strip(), kind, day_of(at_ms) or ""), 1
            start = str(page.get("next") or "")
            if not start or not activities:
                return
