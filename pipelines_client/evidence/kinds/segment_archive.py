"""Segment's raw archive on S3 (FACTS S8, S9): one JSON call a line, gzipped or unpacked."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.evidence.fact import Fact
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
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

_SUFFIXES = frozenset((".gz", ".json", ".jsonl", ".ndjson", ".log", ""))  # "": some clients unpack and rename
_SUFFIX_CHARS = 4


class _OddCall(msgspec.Struct, rename="camel", gc=False):
    """The part of a line that facts need; other keys may come and go (FACTS S9)."""

    type: Any = None
    message_id: Any = None
    event: Any = None
    name: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    group_id: Any = None
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

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one archived call into a fact; its time is `originalTimestamp`, which the client sent (FACTS S7)."""
        call = decode_line(data, _decode, _decode_odd)
        message_id, type_ = text_of(call.message_id), type_of(call.type)
        if message_id is None:
            raise LineRejectedError("a call without messageId")
        if type_ is None:
            raise LineRejectedError("a call of unknown type")
        received_at_ms, sent_at_ms = unix_ms(call.received_at), unix_ms(call.sent_at)
        occurred_at_ms = unix_ms(call.original_timestamp)
        if occurred_at_ms is None:
            known = (unix_ms(call.timestamp), sent_at_ms)
            occurred_at_ms = next((at for at in known if at is not None), received_at_ms)
        payload, payload_hash, is_reduced = payload_of(call, type_, file)
        identity, identity_kind = self.identity_of(call.user_id, call.anonymous_id, call.group_id)
        event = name_of(call.event if type_ == "track" else call.name)
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        library, key = library_of(call.context), call.write_key
        write_key_suffix = key[-_SUFFIX_CHARS:] if type(key) is str and key else None
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
        )
        return fact, payload
