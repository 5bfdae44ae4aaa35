"""The vendors' APIs that count stored messages: event volume, delivery overview, activities. Pure.

Segment: `GET /events/volume` and `GET /delivery-overview/successfully-received` (FACTS S11); Customer.io:
`GET /v1/activities`, at most 100 a page, newest first, without a time window (FACTS C20).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pipelines_client.sandbox.layouts import SEGMENT_SOURCES
from pipelines_client.sandbox.model import Body, Call, iso_ms, parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = 100
_DATA_TYPES = {"track": "event", "page": "page", "screen": "screen"}

Query = dict[str, str]


def report(name: str, path: str, calls: Sequence[Call], query: Query) -> Any:
    """Return the JSON value of an answer, or None for an unknown path.

    Args:
        name: Name of the API.
        path: The path after the name, with its slash.
        calls: The stored calls of the API.
        query: The parameters of the request; a repeated one has its last value.
    """
    if name.startswith("segment") and path == "/events/volume":
        return {"data": {"result": _series(calls, query, {"source": {"id": SEGMENT_SOURCES[name]}})}}
    if name.startswith("segment") and path == "/delivery-overview/successfully-received":
        return {"data": {"dataset": _series(calls, query, {})}}
    if name.startswith("customerio") and path == "/v1/activities":
        return _activities(calls, query)
    return None


def _series(calls: Sequence[Call], query: Query, more: Body) -> list[Body]:
    first, last = parse_instant(query.get("startTime")), parse_instant(query.get("endTime"))
    counts: dict[tuple[str, str], Counter[str]] = {}
    for call in calls:
        if (first and call.received_at < first) or (last and call.received_at >= last):
            continue
        for body in call.stored:
            key = (str(body.get("event") or ""), str(body["type"]))
            counts.setdefault(key, Counter())[iso_ms(call.received_at)[:10]] += 1
    return [
        {
            **({"eventName": event} if event else {}),
            "eventType": kind,
            **more,
            "total": sum(days.values()),
            "series": [{"time": f"{day}T00:00:00.000Z", "count": count} for day, count in sorted(days.items())],
        }
        for (event, kind), days in sorted(counts.items())
    ]


def _activities(calls: Sequence[Call], query: Query) -> Body:
    start, limit = (int(text[:9]) if (text := query.get(name, "")).isdecimal() else 0 for name in ("start", "limit"))
    size = min(_PAGE, limit or _PAGE)
    activities = [
        {
            "id": f"{call.message_id}-{copy}",
            "type": _DATA_TYPES[str(body["type"])],
            "name": str(body.get("event") or body.get("name") or ""),
            "customer_id": str(body.get("userId") or ""),
            "timestamp": int(call.received_at.timestamp()),
        }
        for call in reversed(calls)
        for copy, body in enumerate(call.stored)
        if body["type"] in _DATA_TYPES
    ]
    page = activities[start : start + size]
    return {"activities": page, "next": str(start + size) if start + size < len(activities) else ""}
