"""The key of the identity hash, kept in the state directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pipelines_client.errors import LedgerError
from pipelines_client.identity import _KEY_BYTES, parse_identity_key

IDENTITY_KEY_FILE = "identity.key"


def read_identity_key(directory: Path) -> bytes | None:
    """Return the identity key of a state directory, or None if it has none.

    Raises:
        LedgerError: The file is there and is not a key.
    """
    path = directory / IDENTITY_KEY_FILE
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    try:
        return parse_identity_key(text)
    except ValueError:
        raise LedgerError(
            f"{path} holds no identity key; restore it, or remove it and lose the join by identity"
        ) from None


def ensure_identity_key(directory: Path) -> bytes:
    """Return the identity key of a state directory; make one if it has none. Safe when many processes start at once."""
    key = read_identity_key(directory)
    if key is not None:
        return key
    # Written whole under another name and then linked: nobody ever reads half a key.
    fresh = directory / f".{IDENTITY_KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES))
    try:
        os.link(fresh, directory / IDENTITY_KEY_FILE)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    key = read_identity_key(directory)
    if key is None:
        raise LedgerError(f"{directory / IDENTITY_KEY_FILE} vanished while it was made")
    return key
