"""Customer.io's storage exports (FACTS C18, C19): one set of files per call type, as JSON, CSV or Parquet."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.evidence.fact import Fact
from pipelines_client.evidence.files.names import without_copy_mark
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.lines import (
    Context,
    LineRejectedError,
    decode_line,
    library_of,
    name_of,
    payload_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

_SUFFIX = r"\.(?:(?:json|jsonl|ndjson|csv)(?:\.gz)?|parquet)"
_TYPE = r"(?P<type>identif(?:y|ies)|tracks?|pages?|screens?|groups?|alias(?:es)?)"
_NEW_NAME = re.compile(rf"(?P<series>\d+\.\d+)\.(?P<position>\d+)\.{_TYPE}{_SUFFIX}", re.IGNORECASE)
_OLD_NAME = re.compile(rf"(?P<series>.+)_{_TYPE}_(?P<position>\d+){_SUFFIX}", re.IGNORECASE)
_ANY_NAME = re.compile(rf".*{_SUFFIX}", re.IGNORECASE)
_SINGULAR = {"identifies": "identify", "aliases": "alias"}
_MAX_HOLES = 20
_DAY_DIGITS = 8


class _OddRow(msgspec.Struct, gc=False):
    """The columns that facts need; CSV and Parquet hold nested ones as text."""

    id: Any = None
    type: Any = None
    event: Any = None
    event_text: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    group_id: Any = None
    previous_id: Any = None
    sent_at: Any = None
    received_at: Any = None
    properties: Any = None
    traits: Any = None
    context: Any = None


class _Row(_OddRow, gc=False):
    context: Context | None = None


_decode = msgspec.json.Decoder(_Row).decode
_decode_odd = msgspec.json.Decoder(_OddRow).decode
_decode_context = msgspec.json.Decoder(Context).decode


class CustomerioFiles(Kind):
    """Reads `<integration>.<action>.<position>.<type>.json` and the older `<workspace>_tracks_<position>.json`."""

    name: ClassVar[str] = "customerio"
    sources: ClassVar[tuple[str, ...]] = ("customerio",)
    title: ClassVar[str] = "a Customer.io storage export"
    cure: ClassVar[str] = "pass the folder with files such as 2184.13699.1.track.json"

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has the columns of a storage file."""
        del line, is_asked
        return "id" in keys and bool(keys & {"received_at", "sent_at"})

    @classmethod
    def recognises_name(cls, name: str) -> bool:
        """Return whether a file is named as storage files are, in the new or the old way."""
        return _match(name) is not None

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take JSON, CSV and Parquet of any name; the type is read from the name, else from the columns."""
        return _ANY_NAME.fullmatch(name) is not None

    @classmethod
    def holes(cls, names: Iterable[str]) -> list[str]:
        """Return the files missing between the first and last position of each type: missing syncs (FACTS C18).

        Eight digits are a day, as in `acme_tracks_20261124.json`, and more are an instant: these are not positions.
        """
        series: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for name in names:
            match = _match(name)
            if match is not None and len(match["position"]) < _DAY_DIGITS:
                series[match["series"], _type_of(name) or ""][int(match["position"])] = PurePosixPath(name).name
        missing_names = []
        for (_, _), positions in sorted(series.items()):
            first, last = min(positions), max(positions)
            if last - first + 1 == len(positions):
                continue
            missing = (position for position in range(first, last) if position not in positions)
            for position, _ in zip(missing, range(_MAX_HOLES), strict=False):
                match = _match(positions[first])
                if match is not None:
                    start, end = match.span("position")
                    missing_names.append(f"{match.string[:start]}{position}{match.string[end:]}")
        return missing_names

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one row into a fact; there is no column for when it happened, so `sent_at` stands for it (FACTS C19)."""
        row = decode_line(data, _decode, _decode_odd)
        message_id = text_of(row.id)
        if message_id is None:
            raise LineRejectedError("a row without id")
        type_ = _type_of(file) or _type_of_columns(row)
        if type_ is None:
            raise LineRejectedError("a row of unknown type; keep the original file name, which names the type")
        received_at_ms, sent_at_ms = unix_ms(row.received_at), unix_ms(row.sent_at)
        occurred_at_ms = received_at_ms if sent_at_ms is None else sent_at_ms
        payload, payload_hash, is_reduced = payload_of(row, type_, file)
        identity, identity_kind = self.identity_of(row.user_id, row.anonymous_id, row.group_id)
        context = row.context
        event = name_of(row.event_text) or name_of(row.event) if type_ == "track" else None
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        library = library_of(_context_in(context) if type(context) is str else context)
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
            sent_at_ms,
            library,
            is_reduced=is_reduced,
        )
        return fact, payload


def _context_in(text: str) -> Context | None:
    try:
        return _decode_context(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _match(name: str) -> re.Match[str] | None:
    base = without_copy_mark(PurePosixPath(name).name)
    return _NEW_NAME.fullmatch(base) or _OLD_NAME.fullmatch(base)


@lru_cache(maxsize=1024)
def _type_of(name: str) -> str | None:
    match = _match(name)
    if match is None:
        return None
    kind = match["type"].lower()
    return _SINGULAR.get(kind, kind if kind in ("identify", "alias") else kind.rstrip("s"))


def _type_of_columns(row: _OddRow) -> str | None:
    """Return the type of a row whose file was renamed."""
    if type(row.type) is str and (row.type in PAYLOAD_FIELD or row.type == "alias"):
        return row.type
    if row.event is not None or row.event_text is not None:
        return "track"
    if row.previous_id is not None:
        return "alias"
    if row.traits is not None:
        return "identify" if row.group_id is None else "group"
    return "page" if row.properties is not None else None
