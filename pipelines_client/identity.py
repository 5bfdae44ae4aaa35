"""The identity of a message, and its keyed hash: what ledger and parity compare in place of an id in clear. Pure."""

from __future__ import annotations

import functools
from hashlib import blake2b

_KEY_BYTES, _MIN_KEY_BYTES, _MAX_KEY_BYTES = 32, 16, 64


def primary_identity(user_id: str | None, anonymous_id: str | None, group_id: str | None = None) -> str | None:
    """Return the one identity a message is about: its user, else its anonymous id, else its group.

    The kind is kept in front, so that a user called `7` and a group called `7` stay two.
    """
    if user_id:
        return f"user:{user_id}"
    if anonymous_id:
        return f"anonymous:{anonymous_id}"
    return f"group:{group_id}" if group_id else None


def hash_identity(key: bytes, identity: str | None) -> str | None:
    """Return 64 keyed bits over an identity, so that a ledger names nobody and still joins."""
    if identity is None:
        return None
    hashed = _keyed(key).copy()  # half of the time that a new one takes
    hashed.update(identity.encode("utf-8", "replace"))
    return hashed.hexdigest()


@functools.lru_cache(maxsize=8)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=8)


def parse_identity_key(text: str) -> bytes:
    """Read an identity key from its text form: 16 to 64 bytes in hexadecimal (`PIPELINES_LEDGER_KEY`).

    Raises:
        ValueError: The text is something else.
    """
    key = bytes.fromhex(text.strip())
    if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise ValueError("an identity key is 16 to 64 bytes in hexadecimal")
    return key
