"""How the rows of a file become calls: a map of columns, and messageIds that are the same in each run. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from math import isfinite
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines_client.clock import EPOCH
from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import ZoneName, cell, has_column, instant, words_of_columns
from pipelines_client.evidence.fact import CALL_TYPES, CallType
from pipelines_client.evidence.instants import iso_ms, unix_ms
from pipelines_client.history.times import TimeColumn, TimeUnit
from pipelines_client.keywords import nearest
from pipelines_client.message.ids import id_of

LINE = "#line"
"""Stands for a row's line in its file: a key for logs that have no other and whose files never change."""

ID_COLUMNS = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}
"""The ids of a call, by the name of their column in maps and exports."""
_INTEGER = re.compile(r"[+-]?\d+")
_WHOLE = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
_MAX_COLUMNS_NAMED = 100
_KEY_CHARS = 16

ValueType = Literal["as_is", "text", "number", "boolean", "json"]


class RowError(ValueError):
    """A row is not a message; the text is the reason (`summary.REASONS`)."""


class Column(BaseModel):
    """A column and the type of its values, because CSV holds only text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    type: ValueType = "as_is"


class RowMap(BaseModel):
    """Which column holds what, in the words of the column maps of `parity`. Nested columns are written with dots.

    Attributes:
        time: Column with the time of the event.
        time_format: Format of the time, for `strptime`; default: ISO-8601 or Unix time.
        time_unit: Unit of Unix times: `s`, `ms`, `us` or `ns`; default: seconds or milliseconds, the same in all rows.
        time_zone: Time zone of times without one.
        type: Column of the call type; without it every row has the `default_type`.
        default_type: Call type of rows without one.
        event: Column of the event's name; without it every row has the `default_event`.
        default_event: The event's name of rows without one.
        names: Names of events in the rows, and what to call them.
        user_id: Column of the person.
        anonymous_id: Column of the anonymous id.
        group_id: Column of the group.
        previous_id: Column of an alias' previous id.
        message_id: Column of the messageId, if the rows have one.
        idempotency: Columns that identify a row: the same values give the same messageId. `#line` is the line.
        properties: Column of the whole payload, or columns by property.
        context: The context of every call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: str
    time_format: str | None = None
    time_unit: TimeUnit | None = None
    time_zone: ZoneName = "UTC"
    type: str | None = None
    default_type: CallType = "track"
    event: str | None = None
    default_event: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    message_id: str | None = None
    idempotency: tuple[str, ...] = ()
    properties: str | dict[str, str | Column] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)


def parse_row_map(values: Mapping[str, Any], where: str) -> RowMap:
    """Return the map in a TOML file.

    Raises:
        SourceError: It has an unknown key, lacks one, or names nothing that gives a messageId.
    """
    try:
        row_map = RowMap.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key, known = ".".join(map(str, first["loc"])), ", ".join(RowMap.model_fields)
        why = str(first["msg"]).removeprefix("Value error, ")
        raise SourceError(f"{where}: {key}: {why}; a map has {known}") from None
    if row_map.time_format is not None and row_map.time_unit is not None:
        raise SourceError(f"{where}: time_unit is for Unix times, and time_format for texts; name one of them")
    if row_map.message_id is None and not row_map.idempotency:
        raise SourceError(
            f"{where}: rows have no id, so a second run would send duplicates; name the columns that identify a row, "
            f'as in idempotency = ["order_id"], or a column of messageIds as message_id; "{LINE}" is the line number'
        )
    return row_map


class MappedRows:
    """Makes calls of the rows of one run, and learns from them whether the map can be right.

    Example:
        ```python
        rows = MappedRows(parse_row_map({"time": "at", "user_id": "who", "idempotency": ["order"]}, "the map"))
        call, key = rows.call_of({"at": "2026-11-01", "who": "u7", "order": 1042.0}, 1)
        rows.refuse_lacking("orders.csv")
        ```
    """

    def __init__(self, columns: RowMap) -> None:
        self._columns = columns
        self._times = TimeColumn(
            columns.time_unit, cure='if the column counts in another unit, say so in the map, as in time_unit = "ms"'
        )
        self._mapped = _mapped(columns)
        self._lacking, self._names = set(self._mapped), dict[str, None]()

    def call_of(self, row: dict[str, Any], line: int) -> tuple[dict[str, Any], str]:
        """Return the call that a row describes, with its time and its messageId; and the key that names the row.

        Raises:
            RowError: It has no time, an unknown type, a value of the wrong type, or no key.
            SlipError: Its time is in another unit than those of the rows before.
        """
        if self._lacking:
            self._lacking = {column for column in self._lacking if not has_column(row, column)}
            self._names.update(dict.fromkeys(row if len(self._names) < _MAX_COLUMNS_NAMED else ()))
        return _call_of_row(row, self._columns, line, self._times)

    def refuse_lacking(self, where: str) -> None:
        """Refuse a map with a column that no row has had since the last time that this was asked.

        Raises:
            SourceError: Names the column, the nearest one, and those that there are.
        """
        lacking, names = self._lacking, list(self._names)
        self._lacking, self._names = set(self._mapped), {}
        column = next((column for column in self._mapped if column in lacking), None)
        if column is None or not names:
            return
        there, is_header = words_of_columns(names)
        meant = nearest(column, names) if is_header else None
        hint = f"; did you mean {meant!r}?" if meant else ""
        raise SourceError(
            f"{where}: no row has the column {column!r}, which the map names for {self._mapped[column]}{hint};"
            f" {there}; correct the map"
        )


def _mapped(columns: RowMap) -> dict[str, str]:
    """Return the columns that a map names, each with the key that names it."""
    keys = ("time", "type", "event", *ID_COLUMNS.values(), "message_id")
    named: list[tuple[str | None, str]] = [(getattr(columns, key), key) for key in keys]
    named += [(name, "idempotency") for name in columns.idempotency if name != LINE]
    if isinstance(columns.properties, str):
        named.append((columns.properties, "properties"))
    else:
        named += [(_column_of(column), f"properties.{name}") for name, column in columns.properties.items()]
    return {column: key for column, key in reversed(named) if column is not None}


def _column_of(named: str | Column) -> str:
    return named if isinstance(named, str) else named.column


def _call_of_row(row: dict[str, Any], columns: RowMap, line: int, times: TimeColumn) -> tuple[dict[str, Any], str]:
    at_ms = _time(cell(row, columns.time), columns, times)
    kind = cell(row, columns.type) or columns.default_type
    if kind not in CALL_TYPES:
        raise RowError("unknown_type")
    name = _text(cell(row, columns.event)) or columns.default_event
    call: dict[str, Any] = {"type": kind, "timestamp": iso_ms(at_ms)}
    for field, column in ID_COLUMNS.items():
        value = _id_text(cell(row, getattr(columns, column)))
        if value is not None:
            call[field] = value
    if name is not None and kind in ("track", "page", "screen"):
        call["event" if kind == "track" else "name"] = columns.names.get(name, name)
    if kind != "alias":
        call["traits" if kind in ("identify", "group") else "properties"] = _payload(row, columns)
    call["context"], call["integrations"] = dict(columns.context), {}
    given = _id_text(cell(row, columns.message_id))
    call["messageId"] = given or id_of_row(call, _key(row, columns.idempotency, line), at_ms)
    return call, given or key_in(call["messageId"])


def id_of_row(call: Mapping[str, Any], key: Sequence[Any] | None, at_ms: int) -> str:
    """Return the messageId of a row: a ULID of its time, whose rest depends on type, event and key only (FACTS C14).

    A whole number in a key is the same with and without decimals, as data frames write them: `1042.0` is 1042.

    Raises:
        RowError: A column of the key is empty.
    """
    texts = None if key is None else [None if value is None else _whole(value) for value in key]
    if texts is None or None in texts or "" in texts:
        raise RowError("no_key")
    named = orjson.dumps([call.get("type"), call.get("event"), *texts])
    return id_of(at_ms, blake2b(named, digest_size=10).digest())


def key_in(message_id: str) -> str:
    """Return the part of a messageId of `id_of_row` that does not depend on the time: it names the row."""
    return message_id[-_KEY_CHARS:]


def _key(row: dict[str, Any], names: Sequence[str], line: int) -> list[Any] | None:
    return [line if name == LINE else cell(row, name) for name in names] or None


def _time(value: Any, columns: RowMap, times: TimeColumn) -> int:
    zone = None if columns.time_zone == "UTC" else ZoneInfo(columns.time_zone)
    if columns.time_format is None:
        at_ms = instant(times.read(value), zone)
    else:
        try:
            at = datetime.strptime(str(value), columns.time_format)  # noqa: DTZ007 - the zone follows
        except ValueError:
            raise RowError("no_time") from None
        at = at if at.tzinfo is not None else at.replace(tzinfo=zone or timezone.utc)
        at_ms = unix_ms((at - EPOCH) / timedelta(seconds=1))
    if at_ms is None:
        raise RowError("no_time")
    return at_ms


def _payload(row: dict[str, Any], columns: RowMap) -> dict[str, Any]:
    named = columns.properties
    if isinstance(named, str):
        value = _typed(cell(row, named), "json")
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise RowError("no_object")
        return value
    return {
        name: _typed(cell(row, column), "as_is")
        if isinstance(column, str)
        else _typed(cell(row, column.column), column.type)
        for name, column in named.items()
    }


def _typed(value: Any, kind: ValueType) -> Any:
    """Return the value of a cell in the type of its column.

    Raises:
        RowError: It does not have that type.
    """
    if value is None or kind == "as_is":
        return value
    try:
        return _CONVERTERS[kind](value)
    except (ValueError, KeyError, TypeError):
        raise RowError("wrong_type") from None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _as_number(value: Any) -> int | float:
    """Return a number that JSON has: not NaN, not Infinity, no whole number of more than 64 bits."""
    if isinstance(value, str):
        value = int(value) if _INTEGER.fullmatch(value.strip()) else float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ValueError("not a number")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError("too large")
    return value


def _as_boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else _BOOLEANS[_whole(value).strip().lower()]


def _as_json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _as_text,
    "number": _as_number,
    "boolean": _as_boolean,
    "json": _as_json,
}


def _id_text(value: Any) -> str | None:
    return None if _text(value) is None else _whole(value)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" or isinstance(value, (dict, list, bool)) else str(value)


def _whole(value: Any) -> str:
    """Return a value as text, a whole number without decimals."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    match = _WHOLE.fullmatch(text.strip())
    return text if match is None else match[1]
