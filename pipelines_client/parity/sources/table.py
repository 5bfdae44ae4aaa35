"""Any table or export that a column map explains: messages if it has their ids, else counts by event and day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.facts import NO_PAYLOAD, Fact
from pipelines_client.parity.instants import day_of
from pipelines_client.parity.sources.base import (
    Kind,
    LineRejectedError,
    decode_line,
    name_of,
    payload_and_hash,
    text_of,
)
from pipelines_client.parity.sources.columns import AMPLITUDE, MIXPANEL, TYPES, ColumnMap, cell, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r".*\.(?:(?:json|jsonl|ndjson|csv|tsv)(?:\.gz)?|gz|parquet|pq)", re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,16}(?:\.0+)?", re.ASCII)
_MAX_COUNT = 2**53  # above, the next reader of JSON has another number

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Table(Kind):
    """Reads rows by the column map in `options`, for whichever side it is given as."""

    name: ClassVar[str] = "table"
    usual_source: ClassVar[str] = "counts"
    title: ClassVar[str] = "a table"
    cure: ClassVar[str] = "give CSV, Parquet or JSON lines, and a column map that names its columns"
    fidelity: ClassVar[str] = "The column map names no payload: ids, counts, times, names and identities were compared."

    def __init__(
        self, identity_key: bytes, source: str | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(identity_key, source, options)
        self._map = self._columns_in(self.options)
        self.is_counts = self._map.message_id is None
        self.is_reduced = self._map.properties is None
        self._zone = None if self._map.time_zone == "UTC" else ZoneInfo(self._map.time_zone)

    @classmethod
    def _columns_in(cls, options: Mapping[str, Any]) -> ColumnMap:
        return ColumnMap.model_validate(options)

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take whatever may hold rows."""
        return _NAME.fullmatch(name) is not None

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one row into a fact; where only counts are asked for, its payload is how many messages it stands for."""
        row, columns = decode_line(data, _decode, _decode), self._map
        name = name_of(cell(row, columns.event))
        message_id = text_of(cell(row, columns.message_id))
        occurred = instant(cell(row, columns.time), self._zone)
        kind = cell(row, columns.type) or columns.default_type
        if kind not in TYPES:
            raise LineRejectedError(f"a row of no known type; column {columns.type!r} must hold track, identify, …")
        if self.is_counts and (name is None or occurred is None):
            raise LineRejectedError(f"a row without {columns.event!r} or without a time in {columns.time!r}")
        if not self.is_counts and message_id is None:
            raise LineRejectedError(f"a row without {columns.message_id!r}")
        received = instant(cell(row, columns.received_at), self._zone)
        payload, payload_hash, is_reduced = None, None, NO_PAYLOAD if self.is_reduced else 0
        if not self.is_reduced and kind in PAYLOAD_FIELD:
            payload, payload_hash, is_reduced = payload_and_hash(cell(row, columns.properties))
        identity, identity_kind = self.identity_of(
            cell(row, columns.user_id), cell(row, columns.anonymous_id), cell(row, columns.group_id)
        )
        fact = Fact(
            self.source,
            message_id or "",
            kind,
            columns.names.get(name, name) if name is not None else None,
            identity,
            identity_kind,
            occurred,
            occurred if received is None else received,
            day_of(occurred),
            payload_hash,
            file,
            line,
            offset,
            len(data),
            is_reduced=is_reduced,
        )
        return fact, self._count(row) if self.is_counts else payload

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
                f"column {self._map.count!r} holds no whole number from 0 to 2^53; write it in digits alone, as 1234"
            )
        return value


class MixpanelExport(Table):
    """Reads Mixpanel's raw export; options may set its time zone and the names of events."""

    name: ClassVar[str] = "mixpanel"
    family: ClassVar[str | None] = "mixpanel"
    title: ClassVar[str] = "a Mixpanel export"
    cure: ClassVar[str] = "give the JSON lines of Mixpanel's raw export"

    @classmethod
    def _columns_in(cls, options: Mapping[str, Any]) -> ColumnMap:
        return ColumnMap.model_validate({**MIXPANEL.model_dump(), **options})


class AmplitudeExport(Table):
    """Reads Amplitude's export; options may set the names of events."""

    name: ClassVar[str] = "amplitude"
    family: ClassVar[str | None] = "amplitude"
    title: ClassVar[str] = "an Amplitude export"
    cure: ClassVar[str] = "give the unzipped folder of Amplitude's export, with its .json.gz files"

    @classmethod
    def _columns_in(cls, options: Mapping[str, Any]) -> ColumnMap:
        return ColumnMap.model_validate({**AMPLITUDE.model_dump(), **options})
