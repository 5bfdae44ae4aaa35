"""Any table or export, read by a column map: messages if it has their ids, else counts by event and day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.evidence.columns import (
    ColumnMap,
    cell,
    has_column,
    instant,
    parse_map,
    refuse_lacking,
)
from pipelines_client.evidence.fact import (
    CALL_TYPES,
    NO_ANONYMOUS_ID,
    NO_CONTEXT,
    NO_GROUP_ID,
    NO_NAME,
    NO_OBJECT_TYPE,
    NO_PAYLOAD,
    NO_TIME,
    NO_TYPE,
    OUGHT,
    Fact,
)
from pipelines_client.evidence.instants import day_of, iso_ms
from pipelines_client.evidence.kinds.base import ABSENT, HOLDS_ROWS, Kind
from pipelines_client.evidence.lines import LineRejectedError, decode_line, name_of, payload_and_hash, text_of
from pipelines_client.evidence.payloads import payload_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipelines_client.evidence.id_forms import OtherIds

_NO_COLUMNS = {"default_type", "time_zone", "names"}
_COLUMN_KEYS = tuple(key for key in ColumnMap.model_fields if key not in _NO_COLUMNS)
_WHOLE = re.compile(r"\d{1,16}(?:\.0+)?", re.ASCII)
_NEITHER = "no payload and no user: ids, counts, times and names"
_OTHER_TIMES = ("sentat", "receivedat", "loadedat", "uuidts")  # a map must name some time
_MAX_COUNT = 2**53  # larger numbers change in other readers of JSON

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Table(Kind):
    """Reads rows by the column map in `options`, for either side or to count."""

    name: ClassVar[str] = "table"
    sources: ClassVar[tuple[str, ...]] = ("counts", "segment", "customerio")
    title: ClassVar[str] = "a table"
    cure: ClassVar[str] = "pass CSV, Parquet or JSON lines, and a column map that names its columns"
    takes_any_line: ClassVar[bool] = True
    is_queried: ClassVar[bool] = True
    default_map: ClassVar[Mapping[str, Any]] = {}  # the column map without options

    def __init__(
        self, identity_key: bytes, source: str | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(identity_key, source, options)
        self._map = parse_map({**self.default_map, **self.options}, f"column map of {self.source}")
        self.mapped = {key: self.options[key] for key in _COLUMN_KEYS if self.options.get(key)}
        self.is_counts = self._map.message_id is None
        self.is_reduced = self._map.properties is None
        self.fidelity = _fidelity(self._map)
        is_of_the_event = self._map.time.rpartition(".")[2].replace("_", "").lower() not in _OTHER_TIMES
        self._never_shown = NO_CONTEXT | (0 if self._map.type else NO_TYPE) | (0 if is_of_the_event else NO_TIME)
        self._zone = None if self._map.time_zone == "UTC" else ZoneInfo(self._map.time_zone)

    def refuse_lacking(self, found: Collection[str], names: Collection[str]) -> None:
        """Refuse a map that names a column which no row has."""
        refuse_lacking(self.source, self.mapped, found, names)

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take every file that may hold rows."""
        return HOLDS_ROWS.fullmatch(name) is not None

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one row into a fact; for counts, the payload is the number of messages that the row stands for."""
        row, columns = decode_line(data, _decode, _decode), self._map
        event = name_of(cell(row, columns.event))
        message_id = text_of(cell(row, columns.message_id))
        occurred_at_ms = instant(cell(row, columns.time), self._zone)
        type_ = cell(row, columns.type) or columns.default_type
        if type_ not in CALL_TYPES:
            raise LineRejectedError(f"a row of unknown type; column {columns.type!r} must hold track, identify, …")
        if occurred_at_ms is None or (event is None and (self.is_counts or type_ == "track")):
            raise LineRejectedError(f"the row has no value in {columns.event!r}, or no time in {columns.time!r}")
        if not self.is_counts and message_id is None:
            raise LineRejectedError(f"a row without {columns.message_id!r}")
        payload, payload_hash, is_reduced = self._payload(row, type_)
        people = (columns.user_id, columns.anonymous_id, columns.group_id)
        cells = [cell(row, column) if has_column(row, column) else ABSENT for column in people]
        identity, identity_kind, unowned = self.identity_shown(type_, *cells)
        other_ids, unshown = self._others(row, type_)
        message_id, event = message_id or "", None if event is None else columns.names.get(event, event)
        received_at_ms = instant(cell(row, columns.received_at), self._zone)
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        fact = Fact(
            self.source,
            message_id,
            type_,
            event,
            identity,
            identity_kind,
            occurred_at_ms,
            received_at_ms,
            day,
            payload_hash,
            file,
            line,
            byte_offset,
            byte_count,
            is_reduced=is_reduced | unowned | unshown | (NO_NAME if event is None else 0),
            other_ids=other_ids,
            ids=None if self.is_counts else self._ids(row, type_, payload),
        )
        return fact, self._count(row) if self.is_counts else payload

    def call_of(self, row: dict[str, Any], file: str) -> dict[str, Any] | None:
        """Return the call that the map's columns make; None if the map names no payload."""
        del file
        columns = self._map
        if self.is_reduced:
            return None
        type_ = cell(row, columns.type) or columns.default_type
        if type_ not in CALL_TYPES:
            raise LineRejectedError(f"a row of unknown type; column {columns.type!r} must hold track, identify, …")
        event = name_of(cell(row, columns.event))
        call = {
            "type": type_,
            "event" if type_ == "track" else "name": None if event is None else columns.names.get(event, event),
            "messageId": cell(row, columns.message_id),
            "userId": cell(row, columns.user_id),
            "anonymousId": cell(row, columns.anonymous_id),
            "groupId": cell(row, columns.group_id),
            "previousId": cell(row, columns.previous_id),
            "timestamp": iso_ms(instant(cell(row, columns.time), self._zone)),
        }
        if type_ in PAYLOAD_FIELD:
            try:
                call[PAYLOAD_FIELD[type_]] = payload_in(cell(row, columns.properties))
            except ValueError:
                raise LineRejectedError("its payload is not JSON") from None
        return {name: value for name, value in call.items() if value is not None}

    def _ids(self, row: dict[str, Any], type_: str, payload: Any) -> OtherIds | None:
        columns = (self._map.user_id, self._map.anonymous_id, self._map.previous_id)
        user, anonymous, previous = (cell(row, name) for name in columns)
        return self.ids_of(user, anonymous, previous, type_, payload)

    def _others(self, row: dict[str, Any], type_: str) -> tuple[int, int]:
        """Return the other ids of a row, and the bits of what it does not show: lacking, if the map names a column."""
        columns = self._map
        others = (
            (columns.anonymous_id, NO_ANONYMOUS_ID),
            (columns.previous_id if type_ == "alias" else columns.group_id, NO_GROUP_ID),
            (columns.object_type_id if type_ == "group" else None, NO_OBJECT_TYPE),
        )
        values, bits = [], self._never_shown
        for column, bit in others:
            is_shown = has_column(row, column)
            values.append(cell(row, column) if is_shown else None)
            bits |= 0 if is_shown else bit if column is None else bit | bit * OUGHT
        if type_ == "group" and values[2] in (None, ""):
            values[2] = "1"  # what is left out (FACTS C11)
        return self.other_ids_of(*values), bits

    def _payload(self, row: dict[str, Any], type_: str) -> tuple[Any, str | None, int]:
        """Return a row's payload, its hash and how the fact is reduced."""
        if self.is_reduced:
            return None, None, NO_PAYLOAD
        if type_ not in PAYLOAD_FIELD:
            return None, None, 0
        if not has_column(row, self._map.properties):
            return None, None, NO_PAYLOAD
        return payload_and_hash(cell(row, self._map.properties), None)

    def _count(self, row: dict[str, Any]) -> int:
        if self._map.count is None:
            return 1
        value = cell(row, self._map.count)
        if type(value) is str and _WHOLE.fullmatch(value):
            value = int(value.partition(".")[0])
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not 0 <= value <= _MAX_COUNT:
            raise LineRejectedError(
                f"column {self._map.count!r} must hold a whole number from 0 to 2^53, in digits only, such as 1234"
            )
        return value


def _fidelity(columns: ColumnMap) -> str:
    """Say what the map names no column of, so that it is not compared; "" if it names both."""
    if columns.user_id is None:
        what = "no user: ids, counts, times, names and payloads" if columns.properties else _NEITHER
        return f"The column map names {what} were compared, no identities."
    if columns.properties is None:
        return "The column map names no payload: ids, counts, times, names and identities were compared."
    return ""
