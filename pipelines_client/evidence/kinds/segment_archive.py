"""Segment's raw archive on S3 (FACTS S8, S9): one JSON call a line, gzipped or unpacked."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.evidence.fact import NO_CONTEXT, NO_OBJECT_TYPE, NO_TIME, Fact
from pipelines_client.evidence.instants import DAY_MS, day_of, unix_ms
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.lines import (
    Context,
    LineRejectedError,
    decode_line,
    library_of,
    name_of,
    payload_of,
    text_of,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

_SUFFIXES = frozenset((".gz", ".json", ".jsonl", ".ndjson", ".log", ""))  # "": some clients unpack and rename
_SUFFIX_CHARS = 4
_DAY_FOLDER = re.compile(r"(?P<source>(?:.*/)?)\d{13}/[^/]+")


class _OddCall(msgspec.Struct, rename="camel", gc=False):
    """The part of a line that facts need; other keys may come and go (FACTS S9)."""

    type: Any = None
    message_id: Any = None
    event: Any = None
    name: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    group_id: Any = None
    previous_id: Any = None
    object_type_id: Any = None
    original_timestamp: Any = None
    timestamp: Any = None
    sent_at: Any = None
    received_at: Any = None
    properties: Any = None
    traits: Any = None
    write_key: Any = None
    context: Any = None


class _Call(_OddCall, rename="camel", gc=False):
    context: Context | None = None


_decode = msgspec.json.Decoder(_Call).decode
_decode_odd = msgspec.json.Decoder(_OddCall).decode


class SegmentArchive(Kind):
    """Reads `[prefix/]segment-logs/<source>/<day>/<file>.gz`, or any folder or file below."""

    name: ClassVar[str] = "segment"
    sources: ClassVar[tuple[str, ...]] = ("segment",)
    title: ClassVar[str] = "a Segment archive"
    litter: ClassVar[frozenset[str]] = frozenset(("dummy-object.txt",))
    folder: ClassVar[str | None] = "segment-logs"
    cure: ClassVar[str] = "pass the folder that holds segment-logs, or one of the .gz files in it"

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has a `messageId`, as calls in Segment's format have."""
        del keys, is_asked
        return "messageId" in line

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take the archive's files, packed or unpacked."""
        return PurePosixPath(name).suffix.lower() in _SUFFIXES

    @classmethod
    def source_of(cls, location: str) -> str:
        """Return the folder of a file's source, named by its id (FACTS S8); empty if there is no folder of a day."""
        path = location if "://" in location else Path(location).absolute().as_posix()
        found = _DAY_FOLDER.fullmatch(path)
        return "" if found is None else found["source"].rstrip("/").rpartition("/")[2]

    @classmethod
    def to_fetch(cls, names: Iterable[str], types: Collection[str], from_ms: int, until_ms: int) -> list[str]:
        """Return the folders of the days, for each source (FACTS S8)."""
        del types
        sources = sorted({found["source"] for found in map(_DAY_FOLDER.fullmatch, names) if found is not None})
        days = range(from_ms // DAY_MS * DAY_MS, until_ms, DAY_MS)
        return [f"{source}{day}/" for source in sources for day in days]

    def call_of(self, row: dict[str, Any], file: str) -> dict[str, Any] | None:
        """Return the line itself; its `timestamp` is Segment's, and `originalTimestamp` the client's (FACTS S7)."""
        del file
        if type_of(row.get("type")) is None:
            raise LineRejectedError("a call of unknown type")
        return row

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one archived call into a fact; its time is `originalTimestamp`, which the client sent (FACTS S7)."""
        call = decode_line(data, _decode, _decode_odd)
        message_id, type_ = text_of(call.message_id), type_of(call.type)
        if message_id is None or type_ is None:
            raise LineRejectedError("a call without messageId" if message_id is None else "a call of unknown type")
        received_at_ms, sent_at_ms = unix_ms(call.received_at), unix_ms(call.sent_at)
        occurred_at_ms, timeless = _time(call, sent_at_ms, received_at_ms)
        payload, payload_hash, is_reduced = payload_of(call, type_, file)
        other_ids, context_hash, bits = self._others(call, type_, data)
        is_reduced |= timeless | bits
        identity, identity_kind = self.identity_of(call.user_id, call.anonymous_id, call.group_id)
        ids = self.ids_of(call.user_id, call.anonymous_id, call.previous_id, type_, payload, call.context)
        event = name_of(call.event if type_ == "track" else call.name)
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        library, write_key_suffix = library_of(call.context), _suffix(call.write_key)
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
            write_key_suffix,
            is_reduced,
            other_ids,
            context_hash,
            ids,
        )
        return fact, payload

    def _others(self, call: _OddCall, type_: str, data: bytes) -> tuple[int, str | None, int]:
        """Return the hashes of the other ids and of the context, and the bits of what the line does not show."""
        context_hash, bits = self.context_shown(data) if self.context_paths else (None, 0)
        bits &= NO_CONTEXT
        other_id, object_type = call.group_id, None
        if type_ == "group":
            object_type, untyped = _object_type(call)
            bits |= untyped
        elif type_ == "alias":
            other_id = call.previous_id
        return self.other_ids_of(call.anonymous_id, other_id, object_type), context_hash, bits


def _suffix(key: Any) -> str | None:
    return key[-_SUFFIX_CHARS:] if type(key) is str and key else None


def _time(call: _OddCall, sent_at_ms: int | None, received_at_ms: int | None) -> tuple[int | None, int]:
    """Return the best time of a call, and `NO_TIME` unless it is what was sent.

    That is `originalTimestamp`. A `timestamp` beside a time of receipt may be recomputed (FACTS S7); a call as it was
    sent has no such time.
    """
    at_ms = unix_ms(call.original_timestamp)
    if at_ms is not None:
        return at_ms, 0
    at_ms = unix_ms(call.timestamp)
    if at_ms is not None:
        return at_ms, 0 if received_at_ms is None else NO_TIME
    return received_at_ms if sent_at_ms is None else sent_at_ms, NO_TIME


def _object_type(call: _OddCall) -> tuple[Any, int]:
    """Return the type of a group call's object as Customer.io takes it, "1" if left out (FACTS C11); else a bit.

    What Customer.io makes of `traits.objectTypeId` is not known.
    """
    traits = call.traits if type(call.traits) is dict else {}
    given = call.object_type_id if call.object_type_id is not None else traits.get("object_type_id")
    if given is None and "objectTypeId" in traits:
        return None, NO_OBJECT_TYPE
    return "1" if given is None or given == "" else given, 0
