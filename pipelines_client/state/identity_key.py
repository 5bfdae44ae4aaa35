"""The key of the identity hash, kept in the state directory."""

from __future__ import annotations

import secrets
from pathlib import Path

from pipelines_client.errors import LedgerError, StateDamagedError
from pipelines_client.files import create_file, read_regular
from pipelines_client.identity import _KEY_BYTES, parse_identity_key
from pipelines_client.state.guarded import guarded

IDENTITY_KEY_FILE = "identity.key"


def read_identity_key(directory: Path) -> bytes | None:
    """Return the identity key of a state directory, or None if it has none.

    Raises:
        LedgerError: The file holds something else.
        OSError: It cannot be read.
    """
    path = directory / IDENTITY_KEY_FILE
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return None
    try:
        return guarded(lambda text: parse_identity_key(text.decode("ascii").strip()), data, path=path)
    except StateDamagedError:
        raise LedgerError(
            f"{path} does not hold an identity key; restore it, or remove it and lose the join by identity"
        ) from None


def ensure_identity_key(directory: Path) -> bytes:
    """Return the identity key of a state directory; make one if it has none. Safe when many processes start at once."""
    key = read_identity_key(directory)
    if key is not None:
        return key
    create_file(directory / IDENTITY_KEY_FILE, secrets.token_hex(_KEY_BYTES).encode())
    key = read_identity_key(directory)
    if key is None:
        raise LedgerError(f"{directory / IDENTITY_KEY_FILE} was removed while it was created")
    return key
