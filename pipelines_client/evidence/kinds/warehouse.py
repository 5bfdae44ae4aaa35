"""Exports of Segment's warehouse tables (FACTS S10): one table for each call type, and one for each event.

Warehouses flatten objects, write arrays as text and cut long text. So a row proves that a message arrived, when and for
whom, but proves nothing about its payload.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.evidence.fact import (
    NO_ANONYMOUS_ID,
    NO_CONTEXT,
    NO_GROUP_ID,
    NO_NAME,
    NO_OBJECT_TYPE,
    NO_PAYLOAD,
    NO_TIME,
    Fact,
)
from pipelines_client.evidence.files.names import without_copy_mark
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.evidence.kinds.base import ABSENT, HOLDS_ROWS, Kind
from pipelines_client.evidence.lines import LineRejectedError, decode_line, name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_TYPES = {
    "tracks": "track",
    "identifies": "identify",
    "pages": "page",
    "screens": "screen",
    "groups": "group",
    "aliases": "alias",
}
_TABLE = re.compile(rf"(?:.*[/._-])?({'|'.join(_TYPES)})(?:[/._-].*)?", re.IGNORECASE)
_BY_TRAIT = re.compile(r"(?:.*[/._-])?(?:users|accounts)(?:[/._-].*)?", re.IGNORECASE)

_MARKS = frozenset(("original_timestamp", "uuid_ts"))  # columns that no storage file has
_STORAGE_MARKS = frozenset(("properties", "traits", "context"))  # columns that no table has: warehouses flatten them
_NEVER_SHOWN = NO_PAYLOAD | NO_OBJECT_TYPE | NO_CONTEXT
_SLUG = re.compile(r"[^\WA-Z]+")  # the column `event` holds `order_completed` for `Order Completed`

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class WarehouseTables(Kind):
    """Reads exports of the tables `tracks`, `identifies` and so on: CSV, Parquet or JSON, in any case of letters.

    Tables of single events repeat rows of `tracks`, so they are read only if there is no such table.
    """

    name: ClassVar[str] = "warehouse"
    sources: ClassVar[tuple[str, ...]] = ("segment",)
    title: ClassVar[str] = "an export of Segment warehouse tables"
    cure: ClassVar[str] = "pass a folder with exports of the tables, named after them: tracks.csv, identifies.parquet"
    fidelity: str = (
        "Warehouse tables flatten and cut payloads, so no payloads were compared. Names were compared if there is a"
        " column event_text, identities if there are columns of ids."
    )
    is_reduced: bool = True
    is_queried: ClassVar[bool] = True
    columns: ClassVar[frozenset[str] | None] = frozenset(
        (
            "id",
            "event",
            "event_text",
            "name",
            "user_id",
            "anonymous_id",
            "group_id",
            "previous_id",
            "original_timestamp",
            "timestamp",
            "sent_at",
            "received_at",
            "context_library_name",
            "context_library_version",
        )
    )

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a row has columns that only warehouses have; if asked for, no column that they flatten."""
        del line
        if "id" not in keys or not keys & {"received_at", "sent_at"}:
            return False
        is_sure = bool(keys & _MARKS) or any(key.startswith("context_") for key in keys)
        return is_sure or (is_asked and not keys & _STORAGE_MARKS)

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take tables of any name, except those with one row for each person or group."""
        return HOLDS_ROWS.fullmatch(name) is not None and (
            _TABLE.fullmatch(name) is not None or _BY_TRAIT.fullmatch(name) is None
        )

    @classmethod
    def type_of(cls, name: str) -> str | None:
        """Return the type of call whose table a file is named after."""
        return type_of_table(name)

    @classmethod
    def select(cls, names: Sequence[str]) -> list[str]:
        """Leave out the tables of single events if there is a table `tracks`."""
        chosen = [name for name in names if cls.wants(name.rpartition("/")[2]) and not _is_by_trait(name)]
        has_tracks = any(type_of_table(name) == "track" for name in chosen)
        return [name for name in chosen if type_of_table(name) is not None] if has_tracks else chosen

    @classmethod
    def leaves_out(cls, name: str, names: Collection[str]) -> str:
        """Leave out tables by person or group, and those that repeat rows of `tracks`."""
        del names
        if HOLDS_ROWS.fullmatch(name.rpartition("/")[2]) is None:
            return ""
        return "a table by person or group" if _is_by_trait(name) else "a table of one event, which `tracks` holds too"

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one row into a fact of reduced fidelity."""
        row = {name.lower(): value for name, value in decode_line(data, _decode, _decode).items()}
        message_id = text_of(row.get("id"))
        if message_id is None:
            raise LineRejectedError("a row without id")
        type_ = type_of_table(file) or ("track" if row.get("event") is not None else None)
        if type_ is None:
            raise LineRejectedError("a row of unknown type; name the file after its table, such as identifies.csv")
        received_at_ms, sent_at_ms = unix_ms(row.get("received_at")), unix_ms(row.get("sent_at"))
        known = (unix_ms(row.get("original_timestamp")), unix_ms(row.get("timestamp")), sent_at_ms, received_at_ms)
        occurred_at_ms = next((at for at in known if at is not None), None)
        event = name_of(row.get("name") if type_ != "track" else row.get("event_text") or row.get("event"))
        is_nameless = type_ == "track" and (event is None or (not row.get("event_text") and _SLUG.fullmatch(event)))
        identity, identity_kind, unowned = self.identity_shown(
            type_, *(row.get(column, ABSENT) for column in ("user_id", "anonymous_id", "group_id"))
        )
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        library = _library(row)
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
            None,
            file,
            line,
            byte_offset,
            byte_count,
            sent_at_ms,
            library,
            is_reduced=_NEVER_SHOWN | unowned | (NO_NAME if is_nameless else 0) | _not_shown(row, type_),
            other_ids=self.other_ids_of(row.get("anonymous_id"), row.get(_other_id(type_))),
            ids=self.ids_of(row.get("user_id"), row.get("anonymous_id"), row.get("previous_id")),
        )
        return fact, None


def _library(row: Mapping[str, Any]) -> str | None:
    name, version = text_of(row.get("context_library_name")), text_of(row.get("context_library_version"))
    return f"{name}/{version}" if name and version else name


def _other_id(type_: str) -> str:
    return "previous_id" if type_ == "alias" else "group_id"


def _not_shown(row: Mapping[str, Any], type_: str) -> int:
    """Return the bits of what a row has no column of: a warehouse makes a column when it has a first value."""
    return (
        (0 if "anonymous_id" in row else NO_ANONYMOUS_ID)
        | (0 if _other_id(type_) in row else NO_GROUP_ID)
        | (NO_NAME if type_ in ("page", "screen") and "name" not in row else 0)
        | (NO_TIME if unix_ms(row.get("original_timestamp")) is None else 0)
    )


def _is_by_trait(name: str) -> bool:
    return type_of_table(name) is None and _BY_TRAIT.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def type_of_table(name: str) -> str | None:
    """Return the call type in the path of an exported table: `tracks.csv`, `public.tracks/part-0.parquet`."""
    match = _TABLE.fullmatch(without_copy_mark(name))
    return None if match is None else _TYPES[match[1].lower()]
