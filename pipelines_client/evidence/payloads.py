"""Payloads as columns hold them, and traits hashed so that no value is kept. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from pipelines_client.canonical import canonical_bytes

_MAX_KNOWN = 50_000
_MAX_KNOWN_CHARS = 200


def payload_in(value: Any) -> Any:
    """Return the payload in a column; a missing one is empty, as the clients send it.

    Raises:
        orjson.JSONDecodeError: It is text, as in CSV and some exports, but not JSON.
    """
    if type(value) is str and value:
        value = orjson.loads(value)
    return {} if value is None or value == "" else value


def is_json(text: str) -> bool:
    """Return whether a text is an object or a list as JSON."""
    try:
        return isinstance(orjson.loads(text), (dict, list))
    except orjson.JSONDecodeError:
        return False


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
