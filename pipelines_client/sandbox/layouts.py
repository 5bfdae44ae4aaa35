"""The two export layouts: which file holds which calls, and the content of its lines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipelines_client.sandbox.model import Body, Call, iso_ms, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

TimeForm = Literal["iso", "unix"]

SEGMENT_SOURCES = {"segment": "9sBxKq2mVd", "segment-eu": "4tEuWz7pLn"}
CUSTOMERIO_SYNCS = {"customerio": "2184.13699", "customerio-eu": "2185.13702"}
"""The integration id and action id at the start of the sandbox's file names (FACTS C18)."""

_SEGMENT_FIELDS = ("event", "properties", "traits", "name", "category", "groupId", "previousId")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class PlannedFile:
    """One file of an export.

    Attributes:
        path: Relative to the API's folder.
        calls: Its calls, in order; later versions of the file only add to them.
        position: Its number in its sequence, from 1.
        type: Call type of a Customer.io file; None at Segment.
        line: Makes the line of one stored form of a call.
    """

    path: str
    calls: list[Call]
    position: int
    type: str | None
    line: Callable[[Call, Body], Body]


def segment_files(api: str, calls: Sequence[Call], run: str) -> list[PlannedFile]:
    """Plan Segment's raw archive: a folder for each UTC day of receipt, a file for each hour (FACTS S8).

    Args:
        api: Name of the API.
        calls: Its stored calls.
        run: Part of the file names, so that two runs into one folder keep their files apart.
    """
    source = SEGMENT_SOURCES[api]
    hours: dict[datetime, list[Call]] = {}
    for call in calls:
        hour = call.received_at.replace(minute=0, second=0, microsecond=0)
        hours.setdefault(hour, []).append(call)
    files = []
    for position, hour in enumerate(sorted(hours), 1):
        day = hour.replace(hour=0)
        path = f"segment-logs/{source}/{_unix_ms(day)}/{_unix_ms(hour)}.{run}.gz"
        files.append(PlannedFile(path, hours[hour], position, None, lambda call, body: archive_line(api, call, body)))
    return files


def archive_line(api: str, call: Call, body: Body) -> Body:
    """Return one line of Segment's archive (FACTS S7, S9)."""
    source = SEGMENT_SOURCES[api]
    line: Body = {
        "anonymousId": _text(body.get("anonymousId")),
        "channel": "server",
        "context": body.get("context") or {},
        "integrations": body.get("integrations") or {},
        "messageId": call.message_id,
        "originalTimestamp": body.get("timestamp") or body.get("originalTimestamp") or call.sent_at,
        "projectId": source,
        "receivedAt": iso_ms(call.received_at),
        "sentAt": call.sent_at,
        "timestamp": iso_ms(corrected_time(call, body)),
        "type": body["type"],
        "userId": _text(body.get("userId")),
        "version": 2,
        "_metadata": {"bundled": [], "unbundled": []},
    }
    line.update({name: body[name] for name in _SEGMENT_FIELDS if name in body})
    return line


def corrected_time(call: Call, body: Body) -> datetime:
    """Return the event's time by the server's clock: receivedAt - (sentAt - originalTimestamp) (FACTS S7).

    It is not corrected where that would lead out of the calendar.
    """
    original = parse_instant(body.get("timestamp") or body.get("originalTimestamp"))
    sent_at = parse_instant(call.sent_at)
    if original is None:
        return call.received_at
    try:
        return original if sent_at is None else call.received_at - (sent_at - original)
    except OverflowError:
        return original


def customerio_files(
    api: str,
    calls: Sequence[Call],
    *,
    sync_every: timedelta,
    first: dict[str, int],
    times: TimeForm,
) -> list[PlannedFile]:
    """Plan Customer.io's storage files: one for each call type and sync, with positions by type (FACTS C18).

    Args:
        api: Name of the API.
        calls: Its stored calls.
        sync_every: How often a sync happens; an explicit `Sandbox.sync` ends one early.
        first: The first position of a call type, where it is not 1.
        times: ISO-8601 text or Unix seconds (FACTS C19).
    """
    syncs: dict[tuple[int, int], dict[str, list[Call]]] = {}
    for call in calls:
        slot = int(call.received_at.timestamp() // sync_every.total_seconds())
        by_type = syncs.setdefault((call.sync, slot), {})
        by_type.setdefault(str(call.message["type"]), []).append(call)
    files = []
    positions = dict(first)
    for sync in sorted(syncs):
        for kind, held in sorted(syncs[sync].items()):
            position = positions.get(kind, 1)
            positions[kind] = position + 1
            path = f"{CUSTOMERIO_SYNCS[api]}.{position}.{kind}.json"
            files.append(PlannedFile(path, held, position, kind, lambda call, body: storage_row(call, body, times)))
    return files


def storage_row(call: Call, body: Body, times: TimeForm) -> Body:
    """Return one row of a storage file: only the columns of its call type, without an event time (FACTS C19)."""
    row: Body = {
        "id": call.message_id,
        "received_at": _time(call.received_at, times),
        "sent_at": _time(parse_instant(call.sent_at), times),
        "anonymous_id": _text(body.get("anonymousId")),
        "user_id": _text(body.get("userId")),
    }
    kind = body["type"]
    traits = body.get("traits") or {}
    if kind == "track":
        name = str(body.get("event", "")).strip(" ")  # FACTS C13
        row |= {"event": slug(name), "event_text": name, "properties": body.get("properties") or {}}
    elif kind in {"page", "screen"}:
        row["properties"] = body.get("properties") or {}
    elif kind == "identify":
        row["traits"] = traits
    elif kind == "group":
        object_type = traits.get("object_type_id", "1") if isinstance(traits, dict) else "1"
        row |= {"group_id": _text(body.get("groupId")), "objectTypeId": str(object_type), "traits": traits}
    elif kind == "alias":
        row["previous_id"] = _text(body.get("previousId"))
    if kind in {"track", "page", "screen", "identify"}:
        row["context"] = body.get("context") or {}
    return row


def slug(name: str) -> str:
    """Return an event's name for the `event` column: `Order Completed` becomes `order_completed`."""
    return _NOT_A_WORD.sub("_", name.lower()).strip("_")


def _unix_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _time(at: datetime | None, times: TimeForm) -> str | int | None:
    if at is None:
        return None
    return iso_ms(at) if times == "iso" else int(at.timestamp())


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
