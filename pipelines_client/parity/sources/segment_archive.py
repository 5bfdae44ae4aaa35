"""Segment's raw archive on S3, as copied to a disk (FACTS S8, S9): one JSON call a line, gzipped or unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.facts import Fact
from pipelines_client.parity.instants import day_of, unix_ms
from pipelines_client.parity.payloads import read_payload
from pipelines_client.parity.sources.base import (
    CALL_TYPES,
    Kind,
    LineRejectedError,
    hash_payload,
    identity_of,
    name_of,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = frozenset((".gz", ".json", ".jsonl", ".ndjson", ".log", ""))  # "" since some clients unpack and rename


class _Line(msgspec.Struct, rename="camel"):
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
    properties: msgspec.Raw = msgspec.Raw()
    traits: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Line).decode


class SegmentArchive(Kind):
    """Reads `[prefix/]segment-logs/<source>/<day>/<file>.gz`, or any folder or file below."""

    name: ClassVar[str] = "segment"
    title: ClassVar[str] = "a Segment archive"
    litter: ClassVar[frozenset[str]] = frozenset(("dummy-object.txt",))
    cure: ClassVar[str] = "give the folder that holds segment-logs, or one of the .gz files in it"

    @classmethod
    def wants(cls, path: Path) -> bool:
        """Take what the archive writes and what is left of it once unpacked, but not the bucket's dummy file."""
        return path.suffix.lower() in _SUFFIXES

    @classmethod
    def root_of(cls, path: Path) -> Path:
        """Find `segment-logs` below a bucket or prefix, so that its other content is not taken for evidence."""
        if path.is_dir() and path.name != "segment-logs":
            found = sorted(path.rglob("segment-logs"), key=lambda folder: (len(folder.parts), folder))
            if len(found) == 1:
                return found[0]
        return path

    def read_line(self, data: bytes, file: str, line: int, offset: int) -> Fact:
        """Turn one archived call into a fact; it happened at `originalTimestamp`, as the client sent it (S7)."""
        call = _read(data)
        message_id, kind = text_of(call.message_id), call.type
        if message_id is None:
            raise LineRejectedError("a call without messageId")
        if kind not in CALL_TYPES:
            raise LineRejectedError("a call of no known type")
        field = PAYLOAD_FIELD.get(kind)
        received = unix_ms(call.received_at)
        occurred = unix_ms(call.original_timestamp)
        if occurred is None:
            occurred = next((at for at in (unix_ms(call.timestamp), unix_ms(call.sent_at)) if at is not None), received)
        identity, identity_kind = identity_of(self.identity_key, call.user_id, call.anonymous_id, call.group_id)
        return Fact(
            self.name,
            message_id,
            kind,
            name_of(call.event if kind == "track" else call.name),
            identity,
            identity_kind,
            occurred,
            received,
            day_of(occurred),
            None if field is None else hash_payload(getattr(call, field)),
            file,
            line,
            offset,
            len(data),
        )

    def payload_of(self, data: bytes, call_type: str) -> Any:
        """Return the properties or traits of an archived call."""
        field = PAYLOAD_FIELD.get(call_type)
        return None if field is None else read_payload(bytes(getattr(_read(data), field)))


def _read(data: bytes) -> _Line:
    try:
        return _decode(data)
    except msgspec.ValidationError:
        raise LineRejectedError("JSON, but no object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise LineRejectedError("no JSON") from None
