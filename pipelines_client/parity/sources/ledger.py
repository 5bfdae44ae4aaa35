"""Our own ledger as evidence: what was recorded, and what became of it on each leg."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from pipelines_client.errors import LedgerError, SourceError
from pipelines_client.ledger import IDENTITY_KEY_FILE, Outcome, hash_identity, parse_identity_key, read_identity_key
from pipelines_client.parity.facts import Fact
from pipelines_client.parity.instants import day_of, unix_ms
from pipelines_client.parity.sources.base import (
    Kind,
    LineRejectedError,
    decode_line,
    name_of,
    text_of,
    type_of,
)
from pipelines_client.parity.sources.listing import LEVELS_ABOVE, local_roots

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_VARIABLE = "PIPELINES_LEDGER_KEY"
KEYS_DIFFER = (
    "The state directories hold different identity keys, so identities of the ledgers were not compared. "
    f"Give all hosts one ({KEY_VARIABLE})."
)
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


class IdentityKey(NamedTuple):
    """The key of the identity hash, if one was found; `is_ambiguous` says that there were several."""

    key: bytes | None
    is_ambiguous: bool


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
    usual_source: ClassVar[str] = "ledger"
    family: ClassVar[str | None] = "ledger"
    title: ClassVar[str] = "a ledger"
    folder: ClassVar[str | None] = "ledger"
    is_growing: ClassVar[bool] = True
    cure: ClassVar[str] = "give the state directory of the client, its ledger folder, or a .jsonl file in it"

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take open and sealed files."""
        return name.endswith((".jsonl", ".jsonl.gz"))

    @classmethod
    def root_of(cls, path: Path) -> Path:
        """Step from a state directory into its ledger."""
        return path / "ledger" if (path / "ledger").is_dir() else path

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one delivery record into a fact; a ledger knows no payload."""
        try:
            record = decode_line(data, _decode, _decode)
        except LineRejectedError as error:
            why = f"{error}; the last line of a killed process may be torn"
            raise LineRejectedError(why, hides_more=error.hides_more) from None
        message_id, leg, kind = text_of(record.message_id), text_of(record.leg), type_of(record.type)
        outcome = text_of(record.outcome)
        if message_id is None or leg is None or kind is None or outcome not in _OUTCOMES:
            raise LineRejectedError("no delivery record")
        occurred, appended = unix_ms(record.occurred_at), unix_ms(record.appended_at)
        if occurred is None:
            occurred = appended
        fact = Fact(
            self.source,
            message_id,
            kind,
            name_of(record.event),
            self._identity(text_of(record.identity)),
            None,
            occurred,
            None,
            day_of(occurred),
            None if kind == "alias" else text_of(record.payload_hash),
            file,
            line,
            offset,
            len(data),
            leg=leg,
            outcome=outcome,
            reason=text_of(record.reason),
            appended_at_ms=appended,
            finished_at_ms=unix_ms(record.finished_at),
        )
        return fact, None

    def _identity(self, identity: str | None) -> str | None:
        """Hash what a client with `ledger_identity="plain"` wrote; a hash has no colon, `user:7` has."""
        return hash_identity(self.identity_key, identity) if identity is not None and ":" in identity else identity


def find_identity_key(given: Sequence[str]) -> IdentityKey:
    """Find the key that the identities of a ledger were hashed with: around it, else in the environment.

    Ledgers of several hosts have one key if it was given to all of them; where their keys differ, identities cannot be
    compared, unless the environment says which key it was.

    Raises:
        SourceError: The key that is there is not one.
    """
    try:
        found = {key for root in local_roots(given) for folder in _folders_around(root) if (key := _key_in(folder))}
        text = os.environ.get(KEY_VARIABLE, "").strip()
        if len(found) == 1 or not text:
            return IdentityKey(found.pop() if len(found) == 1 else None, is_ambiguous=len(found) > 1)
        return IdentityKey(parse_identity_key(text), is_ambiguous=False)
    except LedgerError as error:
        raise SourceError(str(error)) from None
    except ValueError as error:
        raise SourceError(
            f"{KEY_VARIABLE}: {error}; take it from the client's settings or {IDENTITY_KEY_FILE}"
        ) from None


def _folders_around(root: Path) -> list[Path]:
    """Return the folders where the key of a ledger may be: its state directory, or those of several hosts below."""
    below = [path.parent for path in sorted(root.glob(f"*/{IDENTITY_KEY_FILE}"))] if root.is_dir() else []
    return below or [root, *root.absolute().parents[:LEVELS_ABOVE]]


def _key_in(folder: Path) -> bytes | None:
    return read_identity_key(folder) if folder.is_dir() else None
