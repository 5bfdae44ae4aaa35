"""Customer.io's storage exports as JSON (FACTS C18, C19): one set of files per call type, lines or one array."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.facts import Fact
from pipelines_client.parity.instants import day_of, unix_ms
from pipelines_client.parity.payloads import read_payload
from pipelines_client.parity.sources.base import (
    Kind,
    LineRejectedError,
    hash_payload,
    identity_of,
    name_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIX = r"\.(?:json|jsonl|ndjson)(?:\.gz)?"
_TYPE = r"(?P<type>identif(?:y|ies)|tracks?|pages?|screens?|groups?|alias(?:es)?)"
_NEW_NAME = re.compile(rf"(?P<series>\d+\.\d+)\.(?P<position>\d+)\.{_TYPE}{_SUFFIX}", re.IGNORECASE)
_OLD_NAME = re.compile(rf"(?P<series>.+)_{_TYPE}_(?P<position>\d+){_SUFFIX}", re.IGNORECASE)
_ANY_NAME = re.compile(rf".*{_SUFFIX}", re.IGNORECASE)
_SINGULAR = {"identifies": "identify", "aliases": "alias"}
_MAX_HOLES = 20


class _Row(msgspec.Struct):
    """The columns that facts need."""

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
    properties: msgspec.Raw = msgspec.Raw()
    traits: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Row).decode


class CustomerioFiles(Kind):
    """Reads `<integration>.<action>.<position>.<type>.json` and the older `<workspace>_tracks_<position>.json`."""

    name: ClassVar[str] = "customerio"
    title: ClassVar[str] = "a Customer.io storage export"
    cure: ClassVar[str] = "give the folder with files such as 2184.13699.1.track.json; CSV and Parquet: export as JSON"

    @classmethod
    def wants(cls, path: Path) -> bool:
        """Take JSON of any name: the type is read from the name, else from the columns."""
        return _ANY_NAME.fullmatch(path.name) is not None

    @classmethod
    def holes(cls, names: Iterable[str]) -> list[str]:
        """Name the positions that are missing between the first and the last of each type: missing syncs (C18)."""
        series: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for name in names:
            match = _match(name)
            if match is not None:
                series[match["series"], _type_of(name) or ""][int(match["position"])] = PurePosixPath(name).name
        found = []
        for (_, _), positions in sorted(series.items()):
            first, last = min(positions), max(positions)
            if last - first + 1 == len(positions):
                continue
            missing = (position for position in range(first, last) if position not in positions)
            for position, _ in zip(missing, range(_MAX_HOLES), strict=False):
                match = _match(positions[first])
                if match is not None:
                    start, end = match.span("position")
                    found.append(f"{match.string[:start]}{position}{match.string[end:]}")
        return found

    def read_line(self, data: bytes, file: str, line: int, offset: int) -> Fact:
        """Turn one row into a fact; no column says when it happened, so `sent_at` stands for it (FACTS C19)."""
        row = _read(data)
        message_id = text_of(row.id)
        if message_id is None:
            raise LineRejectedError("a row without id")
        kind = _type_of(file) or _type_of_columns(row)
        if kind is None:
            raise LineRejectedError("a row of no known type; keep the file's own name, it names the type")
        field = PAYLOAD_FIELD.get(kind)
        received, sent = unix_ms(row.received_at), unix_ms(row.sent_at)
        occurred = received if sent is None else sent
        identity, identity_kind = identity_of(self.identity_key, row.user_id, row.anonymous_id, row.group_id)
        return Fact(
            self.name,
            message_id,
            kind,
            name_of(row.event_text) or name_of(row.event) if kind == "track" else None,
            identity,
            identity_kind,
            occurred,
            received,
            day_of(occurred),
            None if field is None else hash_payload(getattr(row, field)),
            file,
            line,
            offset,
            len(data),
        )

    def payload_of(self, data: bytes, call_type: str) -> Any:
        """Return the properties or traits of a row."""
        field = PAYLOAD_FIELD.get(call_type)
        return None if field is None else read_payload(bytes(getattr(_read(data), field)))


def _match(name: str) -> re.Match[str] | None:
    base = PurePosixPath(name).name
    return _NEW_NAME.fullmatch(base) or _OLD_NAME.fullmatch(base)


def _type_of(name: str) -> str | None:
    match = _match(name)
    if match is None:
        return None
    kind = match["type"].lower()
    return _SINGULAR.get(kind, kind if kind in ("identify", "alias") else kind.rstrip("s"))


def _type_of_columns(row: _Row) -> str | None:
    """Tell the type of a row whose file has lost its name."""
    if type(row.type) is str and (row.type in PAYLOAD_FIELD or row.type == "alias"):
        return row.type
    if row.event is not None or row.event_text is not None:
        return "track"
    if row.previous_id is not None:
        return "alias"
    if bytes(row.traits):
        return "identify" if row.group_id is None else "group"
    return "page" if bytes(row.properties) else None


def _read(data: bytes) -> _Row:
    try:
        return _decode(data)
    except msgspec.ValidationError:
        raise LineRejectedError("JSON, but no object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise LineRejectedError("no JSON") from None
