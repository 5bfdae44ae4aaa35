"""A call's dict → `Message`: ids, times, values, size, one serialisation. Pure.

The message is built, checked and serialised once; every leg sends these bytes. Nothing here knows a destination.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, isoformat
from pipelines_client.clock import iso_of_ms, iso_utc
from pipelines_client.identity import primary_identity
from pipelines_client.message.ids import make_id
from pipelines_client.message.values import to_json_value
from pipelines_client.signals import let_through

MAX_MESSAGE_ID_CHARS = 99  # FACTS S6: fewer than 100
_ID_FIELDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")
_KINDS_OF_ID = frozenset((str, type(None)))
_SCALARS = frozenset((str, int, bool, type(None)))
_EMPTY = b"{}"
_PAYLOAD_KEY = {field: f',"{field}":'.encode() for field in PAYLOAD_FIELD.values()}
_FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)
_PLAIN = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
_CONVERTED = _PLAIN | orjson.OPT_PASSTHROUGH_DATETIME
_new = tuple.__new__  # half of the time that calling a named tuple takes

Notes = dict[str, int]
"""What had to be replaced or assumed: how often, by kind."""


class Message(NamedTuple):
    """One call, ready for every leg.

    `occurred_at` and `built_at` are ISO-8601 UTC text; `body` is the call as JSON in UTF-8; its payload, properties or
    traits, is the last thing in it and has `payload_bytes` bytes: 0 if there is none.
    """

    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    occurred_at: str
    built_at: str
    body: bytes
    payload_bytes: int

    @property
    def identity(self) -> str | None:
        """Whom it is about, in clear (`user:…`, `anonymous:…`, `group:…`): whoever writes it down hashes it first."""
        return primary_identity(self.user_id, self.anonymous_id, self.group_id)

    @property
    def payload(self) -> bytes:
        """The payload as JSON with its keys sorted; an empty object if it has none."""
        return self.body[-1 - self.payload_bytes : -1] if self.payload_bytes else _EMPTY


class Built(NamedTuple):
    """A message, the call as the caller gets it back, and what had to be replaced or assumed."""

    message: Message
    call: dict[str, Any]
    notes: Notes


def build(call: dict[str, Any], *, library: dict[str, str], now_ms: int) -> Built:
    """Make a message of the dict that upstream's `identify`, `track`, … build.

    Args:
        call: `type`, ids, `timestamp`, `context`, `integrations` and the payload. Not changed, nor anything in it.
        library: What the context says of the `library`.
        now_ms: The instant of the call, in Unix milliseconds; that of its event, if it names none.

    Returns:
        The message. `notes` counts replacements by kind (see `values`), `naive_timestamp` and `timestamp_out_of_range`.

    Raises:
        AssertionError: What upstream refuses too: `context` or `integrations` is no dict, `timestamp` is no instant.
            The text names the argument, never its value.
    """
    notes: Notes = {}
    context = call["context"]
    if type(context) is not dict or type(call["integrations"]) is not dict:
        context = _checked_context(call, notes)
    built_at = at = iso_of_ms(now_ms)
    occurred_at = call["timestamp"]
    if occurred_at is not None:
        occurred_at = to_instant(occurred_at, notes=notes)
        at = iso_utc(occurred_at)
    is_utc = occurred_at is None or occurred_at.tzinfo is timezone.utc
    spelled = f"{at[:-1]}+00:00" if is_utc else occurred_at.isoformat(timespec="milliseconds")
    wire = {**call, "timestamp": spelled, "context": {**context, "library": library.copy()}}
    ids = _ids_of(wire)
    if not _KINDS_OF_ID.issuperset(map(type, ids)):
        _spell_ids(wire, notes)
        ids = _ids_of(wire)
    message_id, user_id, anonymous_id, group_id, _ = ids
    if message_id is None:
        message_id = wire["messageId"] = make_id(now_ms)
    written = _serialise_plain(wire)
    if written is None:
        wire = {name: to_json_value(value, partial(_count, notes)) for name, value in wire.items()}
        written = _serialise(wire, isoformat, _CONVERTED)
        message_id, user_id, anonymous_id, group_id, _ = _ids_of(wire)
    body, payload_bytes = written
    kind = wire["type"]
    event = wire.get("event" if kind == "track" else "name")
    fields = message_id, kind, event, user_id, anonymous_id, group_id, at, built_at, body, payload_bytes
    return _new(Built, (_new(Message, fields), wire, notes))


def reread(body: bytes, *, built_at: str) -> Message:
    """Return the message that `build` has made a body of; `built_at` is not in it.

    Raises:
        ValueError: It is no such body.
    """
    call = orjson.loads(body)
    kind, content = call["type"], call.get(PAYLOAD_FIELD.get(call["type"], ""))
    event = call.get("event") if kind == "track" else call.get("name")
    ids = call.get("userId"), call.get("anonymousId"), call.get("groupId")
    at = iso_utc(datetime.fromisoformat(call["timestamp"]))
    payload_bytes = len(orjson.dumps(content)) if content else 0
    return Message(call["messageId"], kind, event, *ids, at, built_at, body, payload_bytes)


def _ids_of(wire: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(map(wire.get, _ID_FIELDS))


def _spell_ids(wire: dict[str, Any], notes: Notes) -> None:
    """Make text of ids that are none."""
    for name in _ID_FIELDS:
        value = wire.get(name)
        if value is not None and type(value) is not str:
            wire[name] = _id_text(to_json_value(value, partial(_count, notes)))


def _checked_context(call: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Return the context of a call whose context or integrations is no plain dict."""
    for name in ("integrations", "context"):
        if not isinstance(call[name], dict):
            raise AssertionError(f"{name} must be a dict, got: {type(call[name]).__name__}")  # noqa: TRY004 - upstream's
    # A subclass may do anything while it is copied.
    return to_json_value(call["context"], partial(_count, notes)) or {}


def _serialise_plain(wire: dict[str, Any]) -> tuple[bytes, int] | None:
    """Serialise a call that consists of JSON values alone; None if it does not, or if another thread is changing it.

    No Python code runs while orjson is inside the caller's own objects, so no other thread does: one that took a value
    out of them at that moment would crash the interpreter.
    """
    try:
        return _serialise(wire, None, _PLAIN) if _is_plain(wire.values()) else None
    except Exception as error:  # noqa: BLE001 - the caller's objects: `values` copies and converts them one by one
        let_through(error)
        return None


def _serialise(wire: dict[str, Any], spell: Any, options: int) -> tuple[bytes, int]:
    """Return the call as JSON, its payload last, and how many bytes that is.

    The payload is written once and with its keys sorted: those bytes are what is sent and what is hashed, even if
    another thread writes into the caller's dict meanwhile.
    """
    field = PAYLOAD_FIELD.get(wire["type"], "")
    content = wire.get(field)
    if not content:
        return orjson.dumps(wire, spell, options)[:-1] + b"}", 0  # a copy: orjson's own keeps 4 kB, however short it is
    payload = orjson.dumps(content, spell, options | orjson.OPT_SORT_KEYS)
    envelope = wire.copy()
    del envelope[field]
    body = b"".join((orjson.dumps(envelope, spell, options)[:-1], _PAYLOAD_KEY[field], payload, b"}"))
    return body, len(payload)


def _is_plain(values: Iterable[Any]) -> bool:
    """Say whether all is of the types that JSON has, and finite, or a time that orjson spells as `isoformat` does.

    orjson would also take what is not: it writes NaN as null without a word, and a `Fragment` as it stands, with line
    ends that the spool's files have no place for.
    """
    for value in values:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is float:
            if value - value != 0.0:  # NaN or Infinity; a quarter of the time that `isfinite` takes
                return False
        elif kind is dict:
            if value and not _is_plain(value.values()):
                return False
        elif kind is list or kind is tuple:
            if not _is_plain(value):
                return False
        elif kind is not date and not (kind is datetime and (value.tzinfo is None or value.tzinfo is timezone.utc)):
            return False  # zones beside UTC are Python code, or are spelled by orjson otherwise than by `isoformat`
    return True


def _count(notes: Notes, kind: str) -> None:
    notes[kind] = notes.get(kind, 0) + 1


def to_instant(value: Any, *, notes: Notes) -> datetime:
    """Read a timestamp as callers give it; a naive one is UTC, always, and noted as `naive_timestamp`.

    Args:
        value: An aware or naive datetime, a date (its UTC midnight), ISO-8601 text, or Unix seconds.
        notes: Counts `naive_timestamp`.

    Raises:
        AssertionError: It is none of these.
    """
    instant = _parse_instant(value)
    if instant is None:
        raise AssertionError(
            "timestamp must be a datetime, a date, ISO-8601 text or Unix seconds, got: " + type(value).__name__
        )
    return instant if instant.tzinfo is timezone.utc else _placed(instant, notes)


def _placed(instant: datetime, notes: Notes) -> datetime:
    """Return an instant that can be told in UTC and spelled as ISO-8601 has it, whatever its zone does."""
    try:
        offset = instant.utcoffset()
    except Exception as error:  # noqa: BLE001 - the zone may be the caller's own
        let_through(error)
        offset = None
    if offset is None:
        _count(notes, "naive_timestamp")
        return instant.replace(tzinfo=timezone.utc)
    try:
        in_utc = (instant.replace(tzinfo=None) - offset).replace(tzinfo=timezone.utc)
    except OverflowError:  # the last hours of the year 9999, the first ones of the year 1
        _count(notes, "timestamp_out_of_range")
        return _LAST if offset < timedelta() else _FIRST
    # An offset with seconds, as zones had a century ago, is none that other readers of ISO-8601 take.
    return in_utc if offset % timedelta(minutes=1) else instant.replace(tzinfo=timezone(offset))


def _parse_instant(value: Any) -> datetime | None:
    if type(value) is datetime:
        return value
    try:
        if isinstance(value, datetime):
            plain = datetime.fromisoformat(value.replace(tzinfo=None).isoformat())  # not what its subclass makes of it
            return plain.replace(tzinfo=value.tzinfo, fold=value.fold)
        if isinstance(value, date):
            return datetime.combine(date(value.year, value.month, value.day), time(), timezone.utc)
        if isinstance(value, str):
            return _parse_iso(value.strip())
        if isinstance(value, Real) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), timezone.utc)
    except Exception as error:  # noqa: BLE001 - the caller's object may raise anything from its own methods
        let_through(error)
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
