"""Turn any Python value into a JSON value that every reader accepts. Pure.

Nothing raises but `TooManyValuesError`, and one bad value never drops its siblings: a value without a JSON form is
replaced by null or, if asked for, left out, and the kind of the replacement is noted, never the value. `date` and
`datetime` stay; serialising spells them with `isoformat()`, as upstream does.

| value | becomes |
|---|---|
| `float` NaN, Infinity; NaT; pandas' NA | null, noted `non_finite` |
| `Decimal` | a number where that is exact, else its digits as text |
| `int` beyond 64 bits | its digits as text, noted `big_integer` |
| `timedelta`, numpy's `timedelta64` | seconds; text for months and years |
| numpy's `datetime64`, pandas' `Timestamp` | ISO-8601 text |
| `UUID`, paths, IP addresses, `time` | text |
| `bytes` | text as UTF-8; other bytes are replaced, noted `invalid_utf8` |
| `set`, `frozenset`, `tuple`, `deque`, dict views, arrays | a list |
| dataclasses, pydantic models, attrs classes, msgspec structs, rows of databases | an object |
| other mappings | an object of what their own `items()` say |
| `orjson.Fragment` | the value of its JSON |
| `Enum`, numpy scalars | their value |
| text that is not a `str` (lazy translations, URLs, fractions, ids), or only claims to be one | its `str()` |
| a lone surrogate in text | U+FFFD, noted `invalid_utf8` |
| a cycle, nesting beyond 200 | null, noted `circular`, `too_deep` |
| a key of another type than `str` | as `json` spells it; if `json` cannot, as text, noted `key` |
| a key whose text another key has | with ` (2)` at its end, noted `duplicate_key` |
| anything else | null, noted `unsupported_type` or, if it raised, `unreadable` |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any
from uuid import UUID

from pipelines_client.message.converters import (
    MAX_INT,
    MAX_VALUES,
    MIN_INT,
    NoFormError,
    Note,
    TooManyValuesError,
    find_converter,
    text_of,
)
from pipelines_client.signals import let_through

MAX_DEPTH = 200  # orjson stops at 254, and a batch adds a few levels
_LEFT_OUT = object()


def to_json_value(value: Any, note: Note, *, leaves_out: bool = False) -> Any:
    """Return a copy of `value` of JSON types, `date` and `datetime`; the module's docstring has the rules.

    Raises:
        TooManyValuesError: It has more values than any message can hold, as objects that know each other do.
    """
    converted = _Walk(note, leaves_out=leaves_out).convert(value)
    return None if converted is _LEFT_OUT else converted


class _Walk:
    """One conversion: the objects that it is inside of, and how many values it may still visit."""

    __slots__ = ("_above", "_leaves_out", "_left", "_note")

    def __init__(self, note: Note, *, leaves_out: bool) -> None:
        self._note = note
        self._leaves_out = leaves_out
        self._above: set[int] = set()
        self._left = MAX_VALUES

    def convert(self, value: Any) -> Any:
        """Return the JSON form of a value, or `_LEFT_OUT`."""
        self._left -= 1
        if self._left < 0:
            raise TooManyValuesError
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _valid_text(value, self._note)
        if kind is bool or value is None:
            return value
        if kind is int:
            return value if MIN_INT <= value <= MAX_INT else self._big_integer(value)
        if kind is float:
            return value if math.isfinite(value) else self._without_form("non_finite")
        if kind is date or (kind is datetime and (value.tzinfo is None or type(value.tzinfo) is timezone)):
            return value
        return self._guarded(value)

    def _guarded(self, value: Any) -> Any:
        """Convert a value whose methods may be the caller's code, unless it contains itself."""
        place = id(value)
        if place in self._above:
            return self._without_form("circular")
        if len(self._above) >= MAX_DEPTH:
            return self._without_form("too_deep")
        self._above.add(place)
        try:  # few frames a level: the caller's own stack may be deep
            kind = type(value)
            plain = value if kind is dict or kind is list else find_converter(value)(value, self._note)
            if type(plain) is dict:
                return self._object(plain.copy())  # another thread may write into the caller's meanwhile
            return self._array(plain.copy()) if type(plain) is list else self.convert(plain)
        except NoFormError as error:
            return self._without_form(error.args[0])
        except TooManyValuesError:
            raise
        except Exception as error:  # noqa: BLE001 - methods of a caller's object may raise anything
            let_through(error)
            return self._without_form("unreadable")
        finally:
            self._above.discard(place)

    def _object(self, items: dict[Any, Any]) -> dict[str, Any]:
        if len(items) > self._left:
            raise TooManyValuesError
        made = {}
        for name, item in zip(_names(items, self._note), items.values(), strict=True):
            converted = self.convert(item)
            if converted is not _LEFT_OUT:
                made[name] = converted
            elif not self._leaves_out:
                made[name] = None
        return made

    def _array(self, items: list[Any]) -> list[Any]:
        if len(items) > self._left:
            raise TooManyValuesError
        made = []
        for item in items:
            converted = self.convert(item)
            made.append(None if converted is _LEFT_OUT else converted)
        return made

    def _without_form(self, kind: str) -> Any:
        self._note(kind)
        return _LEFT_OUT

    def _big_integer(self, value: int) -> Any:
        self._note("big_integer")
        try:
            return str(value)
        except ValueError:  # Python refuses to spell integers of thousands of digits
            return _LEFT_OUT


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
        return _valid_text(key, note)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float, UUID)):
        return _valid_text(str(key), note)
    if isinstance(key, (date, datetime)):
        return _valid_text(key.isoformat(), note)
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else _valid_text(str(key), note)
    note("key")
    return text


def _valid_text(value: str, note: Note) -> str:
    value = text_of(value)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        note("invalid_utf8")
        # Surrogates that form a pair are one character; only lone ones are lost.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value
