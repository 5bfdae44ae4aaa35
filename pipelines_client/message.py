"""A call's dict → `Message`: ids, times, values, size, one serialisation. Pure.

The message is built, checked and serialised once; every leg sends these bytes. Nothing here knows a destination.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timezone
from numbers import Real
from typing import Any, NamedTuple

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, hash_sorted, isoformat
from pipelines_client.ids import make_id
from pipelines_client.ledger import iso_utc, primary_identity
from pipelines_client.values import to_json_value

MAX_MESSAGE_ID_CHARS = 99  # FACTS S6: fewer than 100
_ID_FIELDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")
_EMPTY = b"{}"
_EXACT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS

Notes = dict[str, int]
"""What had to be replaced or assumed: how often, by kind."""


class Message(NamedTuple):
    """One call, ready for every leg.

    `identity` is in clear (`user:…`, `anonymous:…`, `group:…`): whoever writes it down hashes it first.
    `occurred_at` and `built_at` are ISO-8601 UTC text; `body` is the call as JSON in UTF-8; `payload` is what it is
    about, properties or traits, as they stand in the body.
    """

    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    identity: str | None
    occurred_at: str
    built_at: str
    body: bytes
    payload: bytes

    @property
    def payload_hash(self) -> str:
        """64 bits over the canonical form of the payload, as 16 hexadecimal digits."""
        return hash_sorted(self.payload)


class Built(NamedTuple):
    """A message, the call as the caller gets it back, and what had to be replaced or assumed."""

    message: Message
    call: dict[str, Any]
    notes: Notes


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
    notes: Notes = {}
    for name in ("integrations", "context"):
        if not isinstance(call[name], dict):
            raise AssertionError(f"{name} must be a dict, got: {type(call[name]).__name__}")  # noqa: TRY004 - upstream's
    occurred_at = to_instant(call["timestamp"], now=now, notes=notes)
    built_at = iso_utc(now)
    at = built_at if occurred_at is now else iso_utc(occurred_at)
    is_utc = occurred_at.tzinfo is timezone.utc
    spelled = f"{at[:-1]}+00:00" if is_utc else occurred_at.isoformat(timespec="milliseconds")
    wire = {**call, "timestamp": spelled, "context": {**call["context"], "library": dict(library)}}
    for name in _ID_FIELDS:
        value = wire.get(name)
        if value is not None and type(value) is not str:
            wire[name] = _id_text(to_json_value(value, lambda kind: _count(notes, kind)))
    if wire.get("messageId") is None:
        wire["messageId"] = make_id(now)
    try:
        payload, body = _serialise(wire, _exact_isoformat)
        is_plain = not _may_hide_non_finite(wire, body)
    except (orjson.JSONEncodeError, RecursionError):
        is_plain = False
    if not is_plain:
        wire = {name: to_json_value(value, lambda kind: _count(notes, kind)) for name, value in wire.items()}
        payload, body = _serialise(wire, isoformat)
    kind = wire["type"]
    message = Message(
        message_id=wire["messageId"],
        type=kind,
        event=wire.get("event") if kind == "track" else wire.get("name"),
        user_id=wire.get("userId"),
        anonymous_id=wire.get("anonymousId"),
        identity=primary_identity(wire.get("userId"), wire.get("anonymousId"), wire.get("groupId")),
        occurred_at=at,
        built_at=built_at,
        body=bytes(memoryview(body)),  # a copy of its own size: orjson's own keeps 4 kB, however short it is
        payload=payload,
    )
    return Built(message, wire, notes)


def _serialise(wire: dict[str, Any], spell: Any) -> tuple[bytes, bytes]:
    """Return payload and whole call as JSON.

    The payload is written once and with its keys sorted: those bytes are what is sent and what is hashed, even if
    another thread writes into the caller's dict meanwhile.
    """
    field = PAYLOAD_FIELD.get(wire["type"], "")
    content = wire.get(field)
    if not content:
        return _EMPTY, orjson.dumps(wire, spell, _EXACT)
    payload = orjson.dumps(content, spell, _EXACT | orjson.OPT_SORT_KEYS)
    return payload, orjson.dumps({**wire, field: orjson.Fragment(payload)}, spell, _EXACT)


def _exact_isoformat(value: Any) -> str:
    """Spell what needs no conversion; anything else is for `values`."""
    if type(value) is datetime or type(value) is date:
        return value.isoformat()
    raise TypeError


def _may_hide_non_finite(wire: dict[str, Any], body: bytes) -> bool:
    """Say whether a null stands for a number that JSON does not have: orjson writes it without a word."""
    values = wire.values()
    return body.count(b"null") > list(values).count(None) and _has_non_finite(values)


def _has_non_finite(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind is str:
            continue
        if kind is float:
            if not math.isfinite(value):
                return True
        elif kind is dict:
            if _has_non_finite(value.values()):
                return True
        elif (kind is list or kind is tuple) and _has_non_finite(value):
            return True
    return False


def _count(notes: Notes, kind: str) -> None:
    notes[kind] = notes.get(kind, 0) + 1


def to_instant(value: Any, *, now: datetime, notes: Notes) -> datetime:
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
        _count(notes, "naive_timestamp")
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
