"""Payloads: hashed as the client hashed them. Pure.

Hashing is most of the work of reading an export, and nearly every payload is canonical once its keys are sorted:
`canonical.hash_sorted` knows which.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from pipelines_client.canonical import canonical_bytes, hash_sorted, payload_hash

_SORTED = orjson.OPT_SORT_KEYS
_MAX_KNOWN = 50_000
_MAX_KNOWN_CHARS = 200


def payload_in(value: Any) -> Any:
    """Return the payload that a column holds: a missing one is the empty one that the clients send.

    Raises:
        orjson.JSONDecodeError: It is text, as CSV and some exports have it, and no JSON.
    """
    if type(value) is str and value:
        value = orjson.loads(value)
    return {} if value is None or value == "" else value


def hash_payload(payload: Any) -> str:
    """Return `canonical.payload_hash` of plain JSON values, the short way where that is safe.

    Raises:
        ValueError: It has no canonical form.
        RecursionError: It is nested deeper than any reader follows.
    """
    try:
        form = orjson.dumps(payload, option=_SORTED)
    except orjson.JSONEncodeError:  # a number beyond 64 bits, or nested too deep
        return payload_hash(payload)
    return hash_sorted(form)


class TraitHasher:
    """Hashes values of traits with a secret, 16 hexadecimal digits each: equal for what is the same JSON value."""

    def __init__(self, key: bytes) -> None:
        self._salt = blake2b(key, digest_size=blake2b.SALT_SIZE).digest()
        self._known: dict[Any, str] = {}

    def __call__(self, value: Any) -> str:
        """Return the hash of a plain JSON value."""
        if type(value) is float or type(value) is dict or type(value) is list:
            return self._hash(canonical_bytes(value))
        known = self._known.get(value)  # True and 1 are one key, and so they are kept apart below
        if known is None or type(value) is bool:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            text = orjson.dumps(value) if type(value) is not int else canonical_bytes(value)
            known = self._hash(text)
            if type(value) is not bool and (type(value) is not str or len(value) <= _MAX_KNOWN_CHARS):
                self._known[value] = known
        return known

    def _hash(self, text: bytes) -> str:
        return blake2b(text, digest_size=8, salt=self._salt).hexdigest()
