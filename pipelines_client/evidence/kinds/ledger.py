"""The client's ledger as evidence: which messages were recorded, and their outcome on each leg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.evidence.fact import Fact
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.evidence.kinds.base import Kind, within
from pipelines_client.evidence.lines import LineRejectedError, decode_line, name_of, text_of, type_of
from pipelines_client.identity import hash_identity
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE
from pipelines_client.state.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

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
        outcome = text_of(record.outcome)
        if message_id is None or leg is None or type_ is None or outcome not in _OUTCOMES:
            raise LineRejectedError("not a delivery record")
        occurred_at_ms, appended_at_ms = unix_ms(record.occurred_at), unix_ms(record.appended_at)
        if occurred_at_ms is None:
            occurred_at_ms = appended_at_ms
        event, identity = name_of(record.event), self._identity(text_of(record.identity))
        payload_hash = None if type_ == "alias" else text_of(record.payload_hash)
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        fact = Fact(
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
            leg=leg,
            outcome=outcome,
            reason=text_of(record.reason),
            appended_at_ms=appended_at_ms,
            finished_at_ms=unix_ms(record.finished_at),
        )
        return fact, None

    def _identity(self, identity: str | None) -> str | None:
        """Hash an identity that was written with `ledger_identity="plain"`: `user:7` has a colon, a hash has none."""
        return hash_identity(self.identity_key, identity) if identity is not None and ":" in identity else identity
