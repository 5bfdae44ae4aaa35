"""How the rows of a file become calls: a map of columns, and messageIds that are the same in each run. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines_client.clock import EPOCH
from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import ZoneName, cell, instant
from pipelines_client.evidence.fact import CALL_TYPES, CallType
from pipelines_client.evidence.instants import iso_ms, unix_ms
from pipelines_client.message.ids import id_of

LINE = "#line"
"""Stands for a row's line in its file: a key for logs that have no other and whose files never change."""

ID_COLUMNS = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}
"""The ids of a call, by the name of their column in maps and exports."""
_INTEGER = re.compile(r"[+-]?\d+")

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
    if row_map.message_id is None and not row_map.idempotency:
        raise SourceError(
            f"{where}: rows have no id, so a second run would send duplicates; name the columns that identify a row, "
            f'as in idempotency = ["order_id"], or a column of messageIds as message_id; "{LINE}" is the line number'
        )
    return row_map


def call_of_row(row: dict[str, Any], columns: RowMap, line: int) -> dict[str, Any]:
    """Return the call that a row describes, with its time and its messageId.

    Raises:
        RowError: It has no time, an unknown type, a value of the wrong type, or no key.
    """
    at_ms = _time(cell(row, columns.time), columns)
    kind = cell(row, columns.type) or columns.default_type
    if kind not in CALL_TYPES:
        raise RowError("unknown_type")
    name = _id_text(cell(row, columns.event)) or columns.default_event
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
    return call


def id_of_row(call: Mapping[str, Any], key: Sequence[Any] | None, at_ms: int) -> str:
    """Return the messageId of a row: a ULID of its time, whose rest depends on type, event and key only (FACTS C14).

    Raises:
        RowError: A column of the key is empty.
    """
    if key is None or None in key or "" in key:
        raise RowError("no_key")
    named = orjson.dumps([call.get("type"), call.get("event"), *map(str, key)])
    return id_of(at_ms, blake2b(named, digest_size=10).digest())


def _key(row: dict[str, Any], names: Sequence[str], line: int) -> list[Any] | None:
    return [line if name == LINE else cell(row, name) for name in names] or None


def _time(value: Any, columns: RowMap) -> int:
    zone = None if columns.time_zone == "UTC" else ZoneInfo(columns.time_zone)
    if columns.time_format is None:
        at_ms = instant(value, zone)
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
    """Return the value of a cell in the type of its column."""
    if value is None or kind == "as_is":
        return value
    if kind == "text":
        return str(value)
    if not isinstance(value, str):
        return value
    try:
        if kind == "number":
            return int(value) if _INTEGER.fullmatch(value.strip()) else float(value)
        if kind == "json":
            return orjson.loads(value)
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.strip().lower()]
    except (ValueError, KeyError):
        raise RowError("wrong_type") from None


def _id_text(value: Any) -> str | None:
    if value is None or value == "" or isinstance(value, (dict, list, bool)):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
