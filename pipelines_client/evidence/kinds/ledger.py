"""The client's ledger as evidence: which messages were recorded, and their outcome on each leg."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.evidence.fact import NO_ANONYMOUS_ID, NO_CONTEXT, NO_GROUP_ID, NO_OBJECT_TYPE, Fact
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.evidence.kinds.base import Kind, within
from pipelines_client.evidence.lines import LineRejectedError, decode_line, name_of, text_of, type_of
from pipelines_client.identity import hash_identity
from pipelines_client.state.checksum import is_intact
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE
from pipelines_client.state.ledger import DeliveryRecord, Outcome
from pipelines_client.state.runfile import host_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

_NOT_RECORDED = NO_ANONYMOUS_ID | NO_GROUP_ID | NO_OBJECT_TYPE | NO_CONTEXT
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


class _Record(msgspec.Struct, gc=False):
    """The columns of a delivery record that parity asks about."""

    message_id: Any = None
    type: Any = None
    event: Any = None
    identity: Any = None
    occurred_at: Any = None
    appended_at: Any = None
    finished_at: Any = None
    leg: Any = None
    outcome: Any = None
    reason: Any = None
    payload_hash: Any = None
    sent_hash: Any = None
    writer: Any = None
    destination: Any = None


_KEYS = frozenset(field.name for field in fields(DeliveryRecord) if field.default is MISSING)
"""Keys that every record has; a field that is added later has a default, and older ledgers lack it."""

_KEYS_NOW = len([field.name for field in fields(DeliveryRecord) if field.default is not None])
"""How many keys nearly all records of this version have; what is None by default is left out."""

_HASH = re.compile(r"[0-9a-f]{16}|.*:.*", re.DOTALL)
"""A hash, or an identity in clear text."""

_decode = msgspec.json.Decoder(_Record).decode


class LedgerFiles(Kind):
    """Reads a state directory, its `ledger/` folder, a day of it or one file, sealed or open."""

    name: ClassVar[str] = "ledger"
    sources: ClassVar[tuple[str, ...]] = ("ledger",)
    title: ClassVar[str] = "a ledger"
    folder: ClassVar[str | None] = "ledger"
    is_growing: ClassVar[bool] = True
    cure: ClassVar[str] = "pass the state directory of the client, its ledger folder, or a .jsonl file in it"

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has the columns of a delivery record."""
        del line, is_asked
        return {"message_id", "leg"} <= keys

    @classmethod
    def recognises_folder(cls, folder: Path) -> bool:
        """Return whether a folder is a state directory."""
        return (folder / IDENTITY_KEY_FILE).is_file() or (folder / "ledger").is_dir()

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take open and sealed files."""
        return name.endswith((".jsonl", ".jsonl.gz"))

    @classmethod
    def leaves_out(cls, name: str, names: Collection[str]) -> str:
        """Leave out what else a state directory holds."""
        return f"outside of {cls.folder}" if within("ledger", list(names)) and not within("ledger", [name]) else ""

    @classmethod
    def root_of(cls, path: Path) -> Path:
        """Step from a state directory into its ledger."""
        return path / "ledger" if (path / "ledger").is_dir() else path

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one delivery record into a fact; a ledger holds no payload."""
        try:
            record = decode_line(data, _decode, _decode)
        except LineRejectedError as error:
            why = f"{error}; a killed process may have left a partial last line"
            raise LineRejectedError(why, hides_more=error.hides_more) from None
        message_id, leg, type_ = text_of(record.message_id), text_of(record.leg), type_of(record.type)
        outcome, byte_offset, byte_count = text_of(record.outcome), offset, len(data)
        if message_id is None or leg is None or type_ is None or outcome not in _OUTCOMES:
            raise LineRejectedError("not a delivery record")
        _refuse_joined(record, data)
        appended_at_ms = unix_ms(record.appended_at)
        occurred_at_ms = appended_at_ms if record.occurred_at is None else unix_ms(record.occurred_at)
        day, event, identity = day_of(occurred_at_ms), name_of(record.event), self._identity(text_of(record.identity))
        payload_hash = None if type_ == "alias" else text_of(record.payload_hash)
        return Fact(
            self.source,
            message_id,
            type_,
            event,
            identity,
            None,
            occurred_at_ms,
            None,
            day,
            payload_hash,
            file,
            line,
            byte_offset,
            byte_count,
            is_reduced=_NOT_RECORDED,
            leg=leg,
            outcome=outcome,
            reason=text_of(record.reason),
            appended_at_ms=appended_at_ms,
            finished_at_ms=unix_ms(record.finished_at),
            cured_hash=None if payload_hash is None else text_of(record.sent_hash),
            host=host_of(record.writer) if type(record.writer) is str else None,
            destination=text_of(record.destination),
        ), None

    def _identity(self, identity: str | None) -> str | None:
        """Hash an identity that was written with `ledger_identity="plain"`: `user:7` has a colon, a hash has none."""
        return hash_identity(self.identity_key, identity) if identity is not None and ":" in identity else identity


_JOINED = "it begins as one record and ends as another: those between are lost"


def _refuse_joined(record: _Record, data: bytes) -> None:
    """Refuse a record that is made of two.

    Raises:
        LineRejectedError: It is, and a block between them is lost.
    """
    intact = is_intact(data)
    if intact is None:
        intact = not ((data.count(b'":') != _KEYS_NOW and _is_joined(data)) or _is_mixed(record))
    if not intact:
        raise LineRejectedError(_JOINED, hides_more=True)


def _is_joined(data: bytes) -> bool:
    """Return whether a record is made of two, between which a block is lost: it has a key twice, or lacks one."""
    keys = [key for key, _ in json.loads(data, object_pairs_hook=list)]
    return len(set(keys)) < len(keys) or not set(keys) >= _KEYS


def _is_mixed(record: _Record) -> bool:
    """Return whether a hash or time is made of two, of another length than any hash or time."""
    given = (record.identity, record.payload_hash, record.sent_hash)
    hashes = [text for text in given if text is not None]
    times = [text for text in (record.occurred_at, record.appended_at, record.finished_at) if text is not None]
    return not all(type(text) is str and _HASH.fullmatch(text) for text in hashes) or None in map(unix_ms, times)
