"""Finds the key with which the identities of a ledger were hashed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import LedgerError, SourceError
from pipelines_client.evidence.listing import LEVELS_ABOVE, local_roots
from pipelines_client.identity import key_mark, parse_identity_key
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE, read_identity_key

if TYPE_CHECKING:
    from collections.abc import Sequence


KEY_VARIABLE = "PIPELINES_LEDGER_KEY"


KEYS_DIFFER = (
    "The state directories hold different identity keys, so identities of the ledgers were not compared. "
    f"Give all hosts the same key ({KEY_VARIABLE})."
)


class IdentityKey(NamedTuple):
    """The key of the identity hash, or None; `is_ambiguous` means that there were several.

    `applications` are marks of all keys that were found: an application whose hosts share no key has several.
    """

    key: bytes | None
    is_ambiguous: bool
    applications: tuple[str, ...]


def find_identity_key(given: Sequence[str]) -> IdentityKey:
    """Find the key of a ledger's identities: in its state directory, else in the environment.

    If the ledgers of several hosts have different keys, identities cannot be compared, unless the environment names the
    key.

    Raises:
        SourceError: A key is invalid.
    """
    try:
        keys = {key for root in local_roots(given) for folder in state_folders(root) if (key := _key_in(folder))}
        text = os.environ.get(KEY_VARIABLE, "").strip()
        if len(keys) == 1 or not text:
            key = next(iter(keys)) if len(keys) == 1 else None
            return IdentityKey(key, is_ambiguous=len(keys) > 1, applications=tuple(sorted(map(key_mark, keys))))
        key = parse_identity_key(text)
        return IdentityKey(key, is_ambiguous=False, applications=tuple(sorted({*map(key_mark, keys), key_mark(key)})))
    except LedgerError as error:
        raise SourceError(str(error)) from None
    except ValueError as error:
        raise SourceError(
            f"{KEY_VARIABLE}: {error}; take it from the client's settings or {IDENTITY_KEY_FILE}"
        ) from None


def state_folders(root: Path) -> list[Path]:
    """Return the folders that may be the state directory of a ledger, or those of several hosts below it."""
    below = [path.parent for path in sorted(root.glob(f"*/{IDENTITY_KEY_FILE}"))] if root.is_dir() else []
    return below or [root, *root.absolute().parents[:LEVELS_ABOVE]]


def _key_in(folder: Path) -> bytes | None:
    return read_identity_key(folder) if folder.is_dir() else None
