"""The identity of a message, and its keyed hash, which ledger and parity use instead of an id in clear. Pure."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from hashlib import blake2b

_KEY_BYTES, _MIN_KEY_BYTES, _MAX_KEY_BYTES = 32, 16, 64


def primary_identity(user_id: str | None, anonymous_id: str | None, group_id: str | None = None) -> str | None:
    """Return the identity that a message is about: its user, else its anonymous id, else its group.

    The kind comes first, so that a user `7` and a group `7` differ.
    """
    if user_id:
        return f"user:{user_id}"
    if anonymous_id:
        return f"anonymous:{anonymous_id}"
    return f"group:{group_id}" if group_id else None


def hash_identity(key: bytes, identity: str | None) -> str | None:
    """Return a keyed 64-bit hash of an identity: a ledger can be joined without naming people."""
    if identity is None:
        return None
    hashed = _keyed(key).copy()  # twice as fast as a new one
    hashed.update(identity.encode("utf-8", "replace"))
    return hashed.hexdigest()


@dataclass(slots=True)
class ShownIdentity:
    """Turns an identity in clear into what a ledger shows: itself, its hash, or None as long as there is no key.

    `key` may be set at any time.
    """

    is_plain: bool
    key: bytes = b""

    def __call__(self, identity: str | None) -> str | None:
        """Return what the ledger shows."""
        if self.is_plain:
            return identity
        return hash_identity(self.key, identity) if self.key else None


@functools.lru_cache(maxsize=8)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=8)


def parse_identity_key(text: str) -> bytes:
    """Parse an identity key: 16 to 64 bytes in hexadecimal (`PIPELINES_LEDGER_KEY`).

    Raises:
        ValueError: The text is not such a key.
    """
    key = bytes.fromhex(text.strip())
    if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise ValueError("an identity key has 16 to 64 bytes, written in hexadecimal")
    return key


def key_mark(key: bytes) -> str:
    """Return a mark by which two runs tell that they saw ledgers of the same key, without telling the key."""
    return blake2b(b"parity history", key=key, digest_size=8).hexdigest()
