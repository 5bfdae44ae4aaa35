"""Segment's Public API: counts by event and day (FACTS S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pipelines_client.evidence.count_apis.base import Ask, CountsApi, Key, TimeSpan
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.sides import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterator


class _SegmentApi(CountsApi):
    side: ClassVar[str] = SEGMENT
    key_variable: ClassVar[str] = "PIPELINES_SEGMENT_API_TOKEN"
    url_variable: ClassVar[str] = "PIPELINES_SEGMENT_API_URL"
    url: ClassVar[str] = "https://api.segmentapis.com"


class SegmentVolume(_SegmentApi):
    """What the workspace received, or one source of it if a source id follows the colon."""

    name: ClassVar[str] = "segment-volume"
    title: ClassVar[str] = "Segment's event volume"

    def count(self, ask: Ask, target: str, span: TimeSpan) -> Iterator[tuple[Key, int]]:
        """Yield the volume of each event and day."""
        more = [("sourceId", target)] if target else []
        yield from _series(ask, "/events/volume", "result", more, span)


class SegmentDelivery(_SegmentApi):
    """What one source received successfully."""

    name: ClassVar[str] = "segment-delivery"
    title: ClassVar[str] = "Segment's delivery overview"
    target_word: ClassVar[str] = "SOURCE_ID"

    def count(self, ask: Ask, target: str, span: TimeSpan) -> Iterator[tuple[Key, int]]:
        """Yield what was received of each event and day."""
        yield from _series(ask, "/delivery-overview/successfully-received", "dataset", [("sourceId", target)], span)


def _series(ask: Ask, path: str, field: str, more: list[tuple[str, str]], span: TimeSpan) -> Iterator[tuple[Key, int]]:
    cursor: str | None = None
    while True:
        query = [
            ("granularity", "DAY"),
            ("startTime", span.since.isoformat().replace("+00:00", "Z")),
            ("endTime", span.until.isoformat().replace("+00:00", "Z")),
            ("groupBy", "eventName"),
            ("groupBy", "eventType"),
            *more,
            *([("pagination.cursor", cursor)] if cursor else []),
        ]
        data = ask(path, query).get("data") or {}
        for entry in data.get(field) or ():
            kind = str(entry.get("eventType") or "track").lower()
            for point in entry.get("series") or ():
                day = day_of(unix_ms(point.get("time")))
                yield (str(entry.get("eventName") or kind).strip(), kind, day or ""), int(point.get("count") or 0)
        cursor = (data.get("pagination") or {}).get("next")
        if not cursor:
            return
