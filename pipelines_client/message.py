"""A call's dict → `Message`: ids, times, values, size, one serialisation. Pure.

The message is built, checked and serialised once; every leg sends these bytes. Nothing here knows a destination.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from numbers import Real
from typing import Any

import orjson
from ulid import ULID

from pipelines_client.canonical import PAYLOAD_FIELD, isoformat, payload_hash
from pipelines_client.ledger import iso_utc, primary_identity
from pipelines_client.values import to_json_value

MAX_MESSAGE_ID_CHARS = 99  # FACTS S6: fewer than 100
_EMPTY_HASH = payload_hash({})
_ID_FIELDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")


@dataclass(frozen=True, slots=True)
class Message:
    """One call, ready for every leg.

    `identity` is in clear (`user:…`, `anonymous:…`, `group:…`): whoever writes it down hashes it first.
    `occurred_at` is ISO-8601 UTC text; `body` is the call as JSON in UTF-8; `payload_hash` is 16 hexadecimal digits.
    """

    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    identity: str | None
    occurred_at: str
    body: bytes
    payload_hash: str


@dataclass(frozen=True, slots=True)
class Built:
    """A message, the call as the caller gets it back, and what had to be replaced or assumed, by kind."""

    message: Message
    call: dict[str, Any]
    notes: Counter[str]


def build(call: dict[str, Any], *, library: dict[str, str], now: datetime) -> Built:
    """Make a message of the dict that upstream's `identify`, `track`, … build.

    Args:
        call: `type`, ids, `timestamp`, `context`, `integrations` and the payload. Not changed, nor anything in it.
        library: What the context says of the `library`.
        now: The instant of a call that names none; aware.

    Returns:
        The message. `notes` counts replacements by kind (see `values`) and `naive_timestamp`.

    Raises:
        AssertionError: What upstream refuses too: `context` or `integrations` is no dict, `timestamp` is no instant.
            The text names the argument, never its value.
    """
    notes: Counter[str] = Counter()
    for name in ("integrations", "context"):
        if not isinstance(call[name], dict):
            raise AssertionError(f"{name} must be a dict, got: {type(call[name]).__name__}")  # noqa: TRY004 - upstream's
    occurred_at = to_instant(call["timestamp"], now=now, notes=notes)

    def note(kind: str) -> None:
        notes[kind] += 1

    wire = {name: to_json_value(value, note) for name, value in call.items()}
    wire["timestamp"] = occurred_at.isoformat(timespec="milliseconds")
    wire["context"]["library"] = dict(library)
    for name in _ID_FIELDS:
        if name in wire:
            wire[name] = _id_text(wire[name])
    if wire.get("messageId") is None:
        wire["messageId"] = make_id(now)
    return Built(_message(wire, occurred_at), wire, notes)


def make_id(at: datetime) -> str:
    """Return a new ULID of an instant. Not by the library's own generator: its lock could be held across a fork."""
    milliseconds = max(0, int(at.timestamp() * 1000))  # a clock before 1970 is wrong, and no reason to lose a message
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + os.urandom(10)))


def _message(wire: dict[str, Any], occurred_at: datetime) -> Message:
    kind = wire["type"]
    payload = wire.get(PAYLOAD_FIELD.get(kind, ""))
    event = wire.get("event") if kind == "track" else wire.get("name")
    return Message(
        message_id=wire["messageId"],
        type=kind,
        event=event,
        user_id=wire.get("userId"),
        anonymous_id=wire.get("anonymousId"),
        identity=primary_identity(wire.get("userId"), wire.get("anonymousId"), wire.get("groupId")),
        occurred_at=iso_utc(occurred_at),
        body=orjson.dumps(wire, default=isoformat, option=orjson.OPT_PASSTHROUGH_DATETIME),
        payload_hash=payload_hash(payload) if payload else _EMPTY_HASH,
    )


def to_instant(value: Any, *, now: datetime, notes: Counter[str]) -> datetime:
    """Read a timestamp as callers give it; a naive one is UTC, always, and noted as `naive_timestamp`.

    Args:
        value: None (now), an aware or naive datetime, a date (its UTC midnight), ISO-8601 text, or Unix seconds.
        now: Aware.
        notes: Counts `naive_timestamp`.

    Raises:
        AssertionError: It is none of these.
    """
    if value is None:
        return now
    instant = _parse_instant(value)
    if instant is None:
        raise AssertionError(
            "timestamp must be a datetime, a date, ISO-8601 text or Unix seconds, got: " + type(value).__name__
        )
    if instant.tzinfo is None or instant.utcoffset() is None:
        notes["naive_timestamp"] += 1
        return instant.replace(tzinfo=timezone.utc)
    return instant


def _parse_instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), timezone.utc)
    try:
        if isinstance(value, str):
            return _parse_iso(value.strip())
        if isinstance(value, Real) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _parse_iso(text: str) -> datetime:
    if len(text) == len("2026-11-02"):
        return datetime.combine(date.fromisoformat(text), time(), timezone.utc)
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    except ValueError:
        # Python 3.10 reads fewer spellings; dateutil comes with upstream and reads them all.
        from dateutil.parser import isoparse

        parsed: datetime = isoparse(text)
        return parsed


def _id_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)
