"""Turn any Python value into a JSON value that every reader accepts. Pure.

Nothing raises, and one bad value never drops its siblings: a value without a JSON form is replaced, and the kind of the
replacement is noted, never the value. `date` and `datetime` stay; serialising spells them with `isoformat()`, as
upstream does.

| value | becomes |
|---|---|
| `float` NaN, Infinity | null, noted `non_finite` |
| `Decimal` | a number where that is exact, else its digits as text |
| `int` beyond 64 bits | its digits as text, noted `big_integer` |
| `timedelta` | seconds |
| `UUID`, paths, IP addresses, `time` | text |
| `bytes` | text as UTF-8; other bytes are replaced, noted `invalid_utf8` |
| `set`, `frozenset`, `tuple`, `deque`, dict views, numpy arrays | a list |
| dataclasses, pydantic models, attrs classes, other mappings | an object |
| `orjson.Fragment` | the value of its JSON |
| `Enum`, numpy scalars | their value |
| a lone surrogate in text | U+FFFD, noted `invalid_utf8` |
| a cycle, nesting beyond 200 | null, noted `circular`, `too_deep` |
| a key of another type than `str` | as `json` spells it; if `json` cannot, as text, noted `key` |
| a key whose text another key has | with ` (2)` at its end, noted `duplicate_key` |
| anything else | null, noted `unsupported_type` or, if it raised, `unreadable` |
"""

from __future__ import annotations

import dataclasses
import ipaddress
import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from pipelines_client.signals import let_through

MAX_DEPTH = 200  # orjson stops at 254, and a batch adds a few levels
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1

Note = Callable[[str], None]
"""Called with the kind of each replacement."""

_AS_TEXT = (UUID, ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)
_AS_LIST = (list, tuple, set, frozenset, deque, AbstractSet, ValuesView)


def to_json_value(value: Any, note: Note) -> Any:
    """Return a copy of `value` of JSON types, `date` and `datetime`; the module's docstring has the rules."""
    return _convert(value, note, ())


def _convert(value: Any, note: Note, above: tuple[int, ...]) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value, note)
    if kind is bool or value is None:
        return value
    if kind is int:
        return value if _MIN_INT <= value <= _MAX_INT else _big_integer(value, note)
    if kind is float:
        return value if math.isfinite(value) else _noted(note, "non_finite")
    if kind is date or (kind is datetime and (value.tzinfo is None or value.tzinfo is timezone.utc)):
        return value
    try:
        return _container(value, note, above) if kind is dict or kind is list else _uncommon(value, note, above)
    except Exception as error:  # noqa: BLE001 - methods of a caller's object may raise anything
        let_through(error)
        return _noted(note, "unreadable")


def _container(value: Any, note: Note, above: tuple[int, ...]) -> Any:
    if id(value) in above:
        return _noted(note, "circular")
    if len(above) >= MAX_DEPTH:
        return _noted(note, "too_deep")
    above = (*above, id(value))
    if isinstance(value, Mapping):
        # A copy, because another thread may write into the caller's dict meanwhile.
        items = dict(value)
        names = _names(items, note)
        return {name: _convert(item, note, above) for name, item in zip(names, items.values(), strict=True)}
    return [_convert(item, note, above) for item in list(value)]


def _uncommon(value: Any, note: Note, above: tuple[int, ...]) -> Any:
    if isinstance(value, Enum):
        return _convert(value.value, note, above)
    if isinstance(value, str):
        return _text(value, note)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(bytes(value), note)
    if isinstance(value, datetime):
        return datetime.fromisoformat(value.isoformat())
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    if isinstance(value, Decimal):
        return _decimal(value, note)
    if isinstance(value, timedelta):
        seconds = float(value.total_seconds())
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, time):
        return _text(value.isoformat(), note)
    if isinstance(value, int):
        return _convert(int(value), note, above)
    if isinstance(value, float):
        return _convert(float(value), note, above)
    if isinstance(value, _AS_TEXT):
        return _text(str(value), note)
    if isinstance(value, os.PathLike):
        return _convert(os.fspath(value), note, above)
    if isinstance(value, (Mapping, *_AS_LIST)):
        return _container(value, note, above)
    if type(value) is orjson.Fragment:
        return _convert(orjson.loads(orjson.dumps(value)), note, above)
    return _structured(value, note, above)


def _structured(value: Any, note: Note, above: tuple[int, ...]) -> Any:
    """Convert an object with named fields or with a plain form."""
    if id(value) in above:
        return _noted(note, "circular")
    inside = (*above, id(value))
    if len(inside) > MAX_DEPTH:
        return _noted(note, "too_deep")
    if isinstance(value, type):
        return _noted(note, "unsupported_type")
    if dataclasses.is_dataclass(value):
        return _fields(value, (field.name for field in dataclasses.fields(value)), note, inside)
    if hasattr(type(value), "__attrs_attrs__"):
        return _fields(value, (field.name for field in type(value).__attrs_attrs__), note, inside)
    if hasattr(type(value), "model_dump"):
        return _convert(value.model_dump(), note, inside)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _numpy(value, note, inside)
    return _noted(note, "unsupported_type")


def _fields(value: Any, names: Iterable[str], note: Note, above: tuple[int, ...]) -> dict[str, Any]:
    return {name: _convert(getattr(value, name), note, above) for name in names}


def _numpy(value: Any, note: Note, above: tuple[int, ...]) -> Any:
    plain = value.tolist()
    if type(plain) is type(value):
        return _noted(note, "unsupported_type")  # longdouble has no Python form: `tolist` returns it unchanged
    return _convert(plain, note, above)


def _names(items: Mapping[Any, Any], note: Note) -> list[str]:
    """Return the keys of a mapping as distinct texts; keys that are text already keep their names."""
    names = [key if type(key) is str and key.isascii() else _key(key, note) for key in items]
    if len(set(names)) == len(names):
        return names
    taken = {name for key, name in zip(items, names, strict=True) if name is key}
    for place, key in enumerate(items):
        name, number = names[place], 1
        if name is key:
            continue
        while names[place] in taken:
            number += 1
            names[place] = f"{name} ({number})"
        taken.add(names[place])
        if number > 1:
            note("duplicate_key")
    return names


def _key(key: Any, note: Note) -> str:
    try:
        return _spelled(key, note)
    except Exception as error:  # noqa: BLE001 - as above: `__str__` may be the caller's code
        let_through(error)
        note("key")
        return type(key).__name__


def _spelled(key: Any, note: Note) -> str:
    if isinstance(key, Enum):
        return _spelled(key.value, note)
    if isinstance(key, str):
        return _text(key, note)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float, UUID)):
        return _text(str(key), note)
    if isinstance(key, (date, datetime)):
        return _text(key.isoformat(), note)
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else _text(str(key), note)
    note("key")
    return text


def _text(value: str, note: Note) -> str:
    value = str.__str__(value)  # the content of a subclass; a TypeError if it is not text
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        note("invalid_utf8")
        # Surrogates that form a pair are one character; only lone ones are lost.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _bytes(value: bytes, note: Note) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        note("invalid_utf8")
        return value.decode("utf-8", "replace")


def _decimal(value: Decimal, note: Note) -> Any:
    if not value.is_finite():
        return _noted(note, "non_finite")
    if value == value.to_integral_value() and _MIN_INT <= value <= _MAX_INT:
        return int(value)
    nearest = float(value)
    if math.isfinite(nearest) and Decimal(repr(nearest)) == value:
        return nearest
    return _text(str(value), note)


def _big_integer(value: int, note: Note) -> Any:
    note("big_integer")
    try:
        return str(value)
    except ValueError:  # Python refuses to spell integers of thousands of digits
        return None


def _noted(note: Note, kind: str) -> None:
    note(kind)
