"""Column maps: how the rows of any table or export are read. Pure.

A map is a TOML file of a few lines. Without a column for the messageId a table can only be counted, by event and day
(NEEDS N26).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipelines_client.errors import SourceError
from pipelines_client.evidence.fact import CallType
from pipelines_client.evidence.instants import ms_of, unix_ms, utc_of

_MAX_NAMES = 100
_NAME = re.compile(r"(?!\d{4}-\d\d-\d\d|\d{10})[\w .$#/()-]{1,100}")  # other cells are values: there is no header


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; write one such as Europe/Berlin") from None
    return value


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class ColumnMap(BaseModel):
    """Which column holds what. Columns in nested objects are written with dots: `properties.time`.

    Attributes:
        event: Column of the event's name.
        time: Column of the time of the event.
        message_id: Column of the messageId; without it rows are only counted.
        received_at: Column of the time when it was received; without it delays are unknown.
        type: Column of the call type; without it every row has the `default_type`.
        user_id: Column of the person.
        anonymous_id: Column of the anonymous id.
        group_id: Column of the group.
        previous_id: Column of an alias's previous id.
        object_type_id: Column of the type of a group call's object.
        properties: Column of the whole payload as an object or its JSON text; without it payloads are not compared.
        count: Column of the number of messages that a row stands for.
        default_type: Call type of rows without one.
        time_zone: Time zone of times without one, such as `Europe/Berlin`; Mixpanel uses that of the project.
        names: Names of events in the rows, and what to call them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # most evidence needs no map

    event: str
    time: str
    message_id: str | None = None
    received_at: str | None = None
    type: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    object_type_id: str | None = None
    properties: str | None = None
    count: str | None = None
    default_type: CallType = "track"
    time_zone: ZoneName = "UTC"
    names: dict[str, str] = Field(default_factory=dict)


def parse_map(values: dict[str, Any], where: str) -> ColumnMap:
    """Return the column map in the values of a TOML file; errors name it `where`.

    Raises:
        SourceError: It has an unknown key, or lacks one.
    """
    try:
        return ColumnMap.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        known = ", ".join(ColumnMap.model_fields)
        why = str(first["msg"]).removeprefix("Value error, ")
        raise SourceError(f"{where}: {key}: {why}; the keys of a column map are {known}") from None


class ColumnsSeen:
    """Which columns of a map the rows had, and the names of the columns of the first row.

    Attributes:
        lacking: The columns of the map that no row has had so far.
        names: The first row's columns, for the error that says what there is.
    """

    def __init__(self, mapped: Iterable[str]) -> None:
        self._mapped = tuple(mapped)
        self.lacking = set(self._mapped)
        self.names: tuple[str, ...] = ()

    @property
    def found(self) -> list[str]:
        """The columns of the map that some row had, in the order of the map."""
        return [column for column in self._mapped if column not in self.lacking]

    def look(self, data: bytes) -> None:
        """Look in a row for the columns that are still lacking; a row that cannot be read shows none."""
        try:
            row = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        if type(row) is not dict:
            return
        if not self.names:
            self.names = tuple(row)[:_MAX_NAMES]
        self.lacking = {column for column in self.lacking if not has_column(row, column)}


def refuse_lacking(source: str, mapped: Mapping[str, str], found: Collection[str], names: Collection[str]) -> None:
    """Refuse a map that names a column which no row has: what is compared by it would be compared with nothing.

    Args:
        source: For the option that the error names.
        mapped: The keys of the map and their columns.
        found: The columns that some row had.
        names: The columns that there are.

    Raises:
        SourceError: Names the column, the key, and the columns that there are.
    """
    key, column = next(((key, column) for key, column in mapped.items() if column not in found), ("", ""))
    if not key or not names:
        return
    there, _ = words_of_columns(names)
    raise SourceError(
        f"--map {source}: no row has the column {column!r}, which the map names for {key}; {there}; correct the map,"
        f" or give this source another one with --map {source}=FILE"
    )


def words_of_columns(names: Collection[str]) -> tuple[str, bool]:
    """Return words on the columns that there are, and whether their names are names; values are not quoted."""
    if all(map(_NAME.fullmatch, names)):
        return f"the columns are {', '.join(names)}", True
    return "its first row holds values; add a row with names", False


def refuse_unknown(maps: Iterable[str], names: Collection[str]) -> None:
    """Refuse a map for a source that is not compared.

    Raises:
        SourceError: With the names of the sources that are.
    """
    for name in maps:
        if name not in names:
            raise SourceError(f"--map {name}=…: unknown source; the sources are {', '.join(names)}")


def cell(row: Mapping[str, Any], column: str | None) -> Any:
    """Return the value of a row in a column, or None."""
    if column is None:
        return None
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        if type(value) is not dict:
            return None
        value = value.get(part)
    return value


def has_column(row: dict[str, Any], column: str | None) -> bool:
    """Return whether a row has a column, even if it is empty."""
    if column is None or column in row:
        return column is not None
    above, dot, last = column.rpartition(".")
    inner = cell(row, above) if dot else None
    return type(inner) is dict and last in inner


def instant(value: Any, zone: ZoneInfo | None) -> int | None:
    """Return a time as Unix milliseconds; a time without a zone is in `zone`, or in UTC if that is None.

    As with `unix_ms`, a value that is not an instant of the years 1 to 9999 is None.
    """
    at_ms = unix_ms(value)
    if at_ms is None or zone is None or (type(value) is str and _has_zone(value)):
        return at_ms
    return ms_of(utc_of(at_ms).replace(tzinfo=zone))


def _has_zone(text: str) -> bool:
    clock = text.strip()[10:]
    return clock.endswith(("Z", "z", "UTC")) or "+" in clock or "-" in clock
