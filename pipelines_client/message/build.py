"""Build a `Message` from a call's dict: ids, times, values, one serialisation. Pure.

A message is built, checked and serialised once, and every leg sends these bytes.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, isoformat
from pipelines_client.clock import iso_of_ms, iso_utc
from pipelines_client.identity import primary_identity
from pipelines_client.message.converters import MAX_VALUES, NoFormError
from pipelines_client.message.ids import id_text, make_id
from pipelines_client.message.values import to_json_value
from pipelines_client.signals import let_through

MAX_MESSAGE_ID_CHARS = 99  # FACTS S6: fewer than 100
_ID_FIELDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")
_ID_TYPES = frozenset((str, type(None)))
_EMPTY = b"{}"
_INTEGRATIONS, _NO_INTEGRATIONS, _NONE_FIRST = b'"integrations":', b'"integrations":{}', b'{"integrations":{}'
_OBJECTS = ("traits", "properties", "context", "integrations")
_PAYLOAD_KEY = {field: f',"{field}":'.encode() for field in PAYLOAD_FIELD.values()}
_FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)
_PLAIN = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
_CONVERTED = _PLAIN | orjson.OPT_PASSTHROUGH_DATETIME
_new = tuple.__new__  # twice as fast as calling a named tuple

Notes = dict[str, int]
"""How many values were replaced or assumed, by kind."""


class Message(NamedTuple):
    """One call, ready for every leg.

    `occurred_at` and `built_at` are ISO-8601 UTC text. `body` is the call as JSON in UTF-8. The payload (properties or
    traits) comes last in it and has `payload_bytes` bytes, 0 if there is none.
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
        """Who the message is about, in clear (`user:…`, `anonymous:…`, `group:…`): hash it before you store it."""
        return primary_identity(self.user_id, self.anonymous_id, self.group_id)

    @property
    def payload(self) -> bytes:
        """The payload as JSON with sorted keys; an empty object if there is none."""
        return self.body[-1 - self.payload_bytes : -1] if self.payload_bytes else _EMPTY

    @property
    def integrations(self) -> dict[str, Any] | None:
        """The call's own `integrations` as a ledger may keep them (`shown_integrations`); None if it has none."""
        return shown_integrations(self.body)


class Built(NamedTuple):
    """A message, the call that the caller gets back, and the counts of replaced or assumed values."""

    message: Message
    call: dict[str, Any]
    notes: Notes


def build(call: dict[str, Any], *, library: dict[str, str], now_ms: int) -> Built:
    """Return the message for a dict that upstream's `identify`, `track`, … built.

    Args:
        call: `type`, ids, `timestamp`, `context`, `integrations` and the payload. Neither it nor its content changes.
        library: The context's `library`.
        now_ms: The time of the call in Unix milliseconds; also the event's time if the call has no `timestamp`.

    Returns:
        The message. `notes` counts replacements by kind (see `values`), `naive_timestamp` and `timestamp_out_of_range`.
        The call in it is a copy.

    Raises:
        TooManyValuesError: The call has more values than any message can hold.
        AssertionError: Upstream refuses it too: `context` or `integrations` is not a dict, or `timestamp` is not a
            time. The text names the argument, never its value.
    """
    notes: Notes = {}
    context = call["context"]
    if type(context) is not dict or type(call["integrations"]) is not dict:
        context = _checked_context(call, notes)
    built_at = iso_of_ms(now_ms)
    occurred_at, timestamp = _times_of(call, built_at, notes)
    wire = {**call, "timestamp": timestamp, "context": context}
    ids = _ids_of(wire)
    if not _ID_TYPES.issuperset(map(type, ids)):
        _spell_ids(wire, notes)
        ids = _ids_of(wire)
    message_id, user_id, anonymous_id, group_id, _ = ids
    if message_id is None:
        message_id = wire["messageId"] = make_id(now_ms)
    plain = wire.copy()
    written = _serialise_plain(plain, library)
    if written is None:
        plain = _convert(wire, library, notes)
        written = _serialise(plain, isoformat, _CONVERTED)
        message_id, user_id, anonymous_id, group_id, _ = _ids_of(plain)
    body, payload_bytes = written
    kind = plain["type"]
    event = plain.get("event" if kind == "track" else "name")
    fields = message_id, kind, event, user_id, anonymous_id, group_id, occurred_at, built_at, body, payload_bytes
    return _new(Built, (_new(Message, fields), plain, notes))


def rewritten(built: Built, call: dict[str, Any]) -> Built:
    """Return a message with a changed copy of its call in it; what is the same in both has the same bytes.

    Raises:
        TypeError: A value is not plain JSON.
    """
    body, payload_bytes = _serialise(call, isoformat, _CONVERTED)
    message_id, user_id, anonymous_id, group_id, _ = _ids_of(call)
    event = call.get("event" if call["type"] == "track" else "name")
    before = built.message
    ids, times = (user_id, anonymous_id, group_id), (before.occurred_at, before.built_at)
    return Built(Message(message_id, call["type"], event, *ids, *times, body, payload_bytes), call, built.notes)


def shown_integrations(body: bytes) -> dict[str, Any] | None:
    """Return the `integrations` of a message without the options in them, which may be about people: those are `{}`.

    Nearly all messages have none, which their first bytes show, or the only place that names them.
    """
    if body.startswith(_NONE_FIRST) or (body.count(_INTEGRATIONS) == 1 and _NO_INTEGRATIONS in body):
        return None
    given = orjson.loads(body).get("integrations")
    if not isinstance(given, dict) or not given:
        return None
    return {name: value if isinstance(value, bool) else {} for name, value in given.items()}


def reread(body: bytes, *, built_at: str) -> Message:
    """Return the message that a body was made from; `built_at` is not in the body.

    Raises:
        ValueError: The body was not made by `build`.
    """
    call = orjson.loads(body)
    kind, content = call["type"], call.get(PAYLOAD_FIELD.get(call["type"], ""))
    event = call.get("event") if kind == "track" else call.get("name")
    ids = call.get("userId"), call.get("anonymousId"), call.get("groupId")
    at = iso_utc(datetime.fromisoformat(call["timestamp"]))
    payload_bytes = len(orjson.dumps(content)) if content else 0
    return Message(call["messageId"], kind, event, *ids, at, built_at, body, payload_bytes)


def _times_of(call: dict[str, Any], built_at: str, notes: Notes) -> tuple[str, str]:
    """Return the event's time, in UTC and as it is sent: in the caller's offset."""
    if call["timestamp"] is None:
        return built_at, f"{built_at[:-1]}+00:00"
    instant = to_instant(call["timestamp"], notes=notes)
    at = iso_utc(instant)
    is_utc = instant.tzinfo is timezone.utc
    return at, f"{at[:-1]}+00:00" if is_utc else instant.isoformat(timespec="milliseconds")


def _ids_of(wire: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(map(wire.get, _ID_FIELDS))


def _spell_ids(wire: dict[str, Any], notes: Notes) -> None:
    """Turn ids of other types into text."""
    for name in _ID_FIELDS:
        value = id_text(wire.get(name))
        if name in wire:
            wire[name] = (
                value if value is None or type(value) is str else _as_text(to_json_value(value, partial(_count, notes)))
            )


def _checked_context(call: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Return a call's context if it or `integrations` is of a subclass of dict; refuse other types."""
    for name in ("integrations", "context"):
        if not isinstance(call[name], dict):
            raise AssertionError(f"{name} must be a dict, got: {type(call[name]).__name__}")  # noqa: TRY004 - upstream's
    # A subclass can run any code while it is copied.
    return to_json_value(call["context"], partial(_count, notes)) or {}


def _serialise_plain(wire: dict[str, Any], library: dict[str, str]) -> tuple[bytes, int] | None:
    """Copy what is in a call of plain JSON values, and serialise it; return None if it has other values, or too many.

    No Python code runs while a container of the caller is copied, and so no other thread, which could write into it;
    only our own copies are walked through and serialised.
    """
    try:
        _copy_inside(wire)
        wire["context"]["library"] = library.copy()
        return _serialise(wire, None, _PLAIN)
    except Exception as error:  # noqa: BLE001 - the caller's objects may raise: `values` converts them one by one
        let_through(error)
        return None


def write_plain(
    call: dict[str, Any], context: dict[str, Any] | None, payload: dict[str, Any] | None, library: dict[str, str]
) -> tuple[bytes, int] | None:
    """Put copies of context and payload into a new call whose other values are texts, and serialise it.

    Returns:
        Body and size of the payload, as `build` would write them; None if it would convert a value.
    """
    try:
        call["context"] = context = context.copy() if context else {}
        if context:
            _copy_inside(context)
        context["library"] = library.copy()
        field = PAYLOAD_FIELD.get(call["type"])
        if field is not None:
            call[field] = payload = payload.copy() if payload else {}
            _copy_inside(payload)
        return _serialise(call, None, _PLAIN)
    except Exception as error:  # noqa: BLE001 - as above
        let_through(error)
        return None


def _convert(wire: dict[str, Any], library: dict[str, str], notes: Notes) -> dict[str, Any]:
    """Return a call with all its values converted.

    What has no JSON form is left out of traits, as upstream does: null would overwrite what is stored.
    """
    note = partial(_count, notes)
    converted = {name: to_json_value(value, note, leaves_out=name == "traits") for name, value in wire.items()}
    for name in _OBJECTS:
        if converted.get(name, _EMPTY) is None:
            converted[name] = {}
    converted["context"]["library"] = library.copy()
    return converted


def _serialise(wire: dict[str, Any], spell: Any, options: int) -> tuple[bytes, int]:
    """Return the call as JSON with its payload last, and the payload's size in bytes.

    The payload is serialised once, with sorted keys. The same bytes are sent and hashed, even if another thread writes
    into the caller's dict meanwhile.
    """
    field = PAYLOAD_FIELD.get(wire["type"], "")
    content = wire.get(field)
    if not content:
        return orjson.dumps(wire, spell, options)[:-1] + b"}", 0  # a copy: the bytes that orjson returns take 4 kB
    payload = orjson.dumps(content, spell, options | orjson.OPT_SORT_KEYS)
    envelope = wire.copy()
    del envelope[field]
    body = b"".join((orjson.dumps(envelope, spell, options)[:-1], _PAYLOAD_KEY[field], payload, b"}"))
    return body, len(payload)


def _copy_inside(made: dict[Any, Any], left: int = MAX_VALUES) -> int:
    """Replace the containers in an object of ours by copies, at all levels; return how many values may still come.

    Values are plain if they are texts, finite numbers, or times that orjson spells as `isoformat` does. orjson also
    writes NaN as null, and a `Fragment` unchanged, whose line ends would break the spool's files.

    Raises:
        NoFormError: A value is not plain, or there are more than `left`.
    """
    left -= len(made)
    if left < 0:
        raise NoFormError
    for name, item in made.items():
        kind = type(item)
        if kind is str or kind is int:
            continue
        if kind is float:
            if item - item != 0.0:  # NaN or Infinity; four times as fast as `isfinite`
                raise NoFormError
        elif item is None or kind is bool:
            continue
        elif kind is dict:
            made[name] = copied = item.copy()
            left = _copy_inside(copied, left)
        elif kind is list or kind is tuple:
            made[name], left = _copied_list(item, left)
        else:
            _check_time(item, kind)
    return left


def _copied_list(items: Any, left: int) -> tuple[list[Any], int]:
    """Return a copy of a list or a tuple of plain JSON values, and what is left; raises as `_copy_inside`."""
    copied = list(items)
    left -= len(copied)
    if left < 0:
        raise NoFormError
    for place, item in enumerate(copied):
        kind = type(item)
        if kind is dict:
            copied[place] = inner = item.copy()
            left = _copy_inside(inner, left)
        elif kind is str or kind is int or kind is bool or item is None:
            continue
        elif kind is float:
            if item - item != 0.0:
                raise NoFormError
        elif kind is list or kind is tuple:
            copied[place], left = _copied_list(item, left)
        else:
            _check_time(item, kind)
    return copied, left


def _check_time(item: Any, kind: type) -> None:
    if not (kind is date or (kind is datetime and (item.tzinfo is None or item.tzinfo is timezone.utc))):
        raise NoFormError  # also for other zones: they run Python code, or orjson spells them differently


def _count(notes: Notes, kind: str) -> None:
    notes[kind] = notes.get(kind, 0) + 1


def to_instant(value: Any, *, notes: Notes) -> datetime:
    """Return a caller's timestamp as an aware datetime; a naive one is UTC and noted as `naive_timestamp`.

    Raises:
        AssertionError: It is something else, or is not a valid time.
    """
    instant = _parse_instant(value)
    if instant is None:
        raise AssertionError(
            "timestamp must be a datetime, a date, ISO-8601 text or Unix seconds, got: " + type(value).__name__
        )
    return instant if instant.tzinfo is timezone.utc else _placed(instant, notes)


def _placed(instant: datetime, notes: Notes) -> datetime:
    """Return an instant that has a UTC form and an ISO-8601 form, whatever its time zone does."""
    try:
        offset = instant.utcoffset()
    except Exception as error:  # noqa: BLE001 - the zone may be a class of the caller
        let_through(error)
        offset = None
    if offset is None:
        _count(notes, "naive_timestamp")
        return instant.replace(tzinfo=timezone.utc)
    try:
        in_utc = (instant.replace(tzinfo=None) - offset).replace(tzinfo=timezone.utc)
    except OverflowError:  # the last hours of the year 9999, the first hours of the year 1
        _count(notes, "timestamp_out_of_range")
        return _LAST if offset < timedelta() else _FIRST
    # Other readers of ISO-8601 refuse an offset with seconds, as zones had a century ago.
    return in_utc if offset % timedelta(minutes=1) else instant.replace(tzinfo=timezone(offset))


def _parse_instant(value: Any) -> datetime | None:
    if type(value) is datetime:
        return value
    try:
        if isinstance(value, datetime):
            plain = datetime.fromisoformat(value.replace(tzinfo=None).isoformat())  # bypasses the subclass
            return plain.replace(tzinfo=value.tzinfo, fold=value.fold)
        if isinstance(value, date):
            return datetime.combine(date(value.year, value.month, value.day), time(), timezone.utc)
        if isinstance(value, str):
            return _parse_iso(value.strip())
        if isinstance(value, Real) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), timezone.utc)
    except Exception as error:  # noqa: BLE001 - methods of the caller's object may raise anything
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


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)
