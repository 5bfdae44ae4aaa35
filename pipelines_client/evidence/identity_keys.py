"""Which key the identities of a ledger were hashed with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import LedgerError, SourceError
from pipelines_client.evidence.listing import LEVELS_ABOVE, local_roots
from pipelines_client.identity import parse_identity_key
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE, read_identity_key

if TYPE_CHECKING:
    from collections.abc import Sequence


KEY_VARIABLE = "PIPELINES_LEDGER_KEY"


KEYS_DIFFER = (
    "The state directories hold different identity keys, so identities of the ledgers were not compared. "
    f"Give all hosts one ({KEY_VARIABLE})."
)


class IdentityKey(NamedTuple):
    """The key of the identity hash, if one was found; `is_ambiguous` says that there were several."""

    key: bytes | None
    is_ambiguous: bool


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
