"""The canonical form of a payload, and its hash. Pure.

Both sides of the project need the same answer to "are these two payloads the same?": the client, which stamps a
message before it is sent, and parity, which reads what came back through other people's JSON libraries. The form is
RFC 8785, so key order, escapes and `1` against `1.0` make no difference, while `"1"` against `1` does.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import orjson

_MAX_EXACT = 2**53  # the largest integer that every JSON reader keeps
_MIN_PLAIN = 1e-6  # below it, spellings of a number part ways
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME

PAYLOAD_FIELD = {
    "identify": "traits",
    "group": "traits",
    "track": "properties",
    "page": "properties",
    "screen": "properties",
}
"""The field of a call that is its payload; an alias has none."""


class _NeedsReferenceError(Exception):
    """The fast path cannot promise RFC 8785 for this value."""


def payload_hash(payload: Any) -> str:
    """Return 64 bits over the canonical form of `payload`, as 16 hexadecimal digits.

    Args:
        payload: Properties or traits as plain JSON values; dates count as their ISO-8601 text.

    Returns:
        The same text for payloads that differ only in key order, escapes or the spelling of a number.
    """
    return blake2b(canonical_bytes(payload), digest_size=8).hexdigest()


def canonical_bytes(value: Any) -> bytes:
    """Return the RFC 8785 form of a JSON value as UTF-8.

    Integers beyond 2**53 are taken as the double that a JSON reader in another language would make of them.
    """
    try:
        return orjson.dumps(_fast(value), default=isoformat, option=_SORTED)
    except (_NeedsReferenceError, orjson.JSONEncodeError):
        import rfc8785

        return bytes(rfc8785.dumps(_plain(value)))


def isoformat(value: Any) -> str:
    """Spell a date or datetime as it goes on the wire; refuse anything else.

    Raises:
        TypeError: `value` is neither, so it should have been made plain before.
    """
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"not a plain JSON value: {type(value).__name__}")


def _fast(value: Any) -> Any:
    """Spell numbers so that orjson writes what RFC 8785 asks; hand back what it cannot be trusted with."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        for key in value:
            # orjson sorts by UTF-8 bytes, the RFC by UTF-16 units: they agree on ASCII.
            if type(key) is not str or not key.isascii():
                raise _NeedsReferenceError
        return {key: _fast(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_fast(item) for item in value]
    if kind is int:
        if -_MAX_EXACT <= value <= _MAX_EXACT:
            return value
        raise _NeedsReferenceError
    if kind is float:
        if value.is_integer() and -_MAX_EXACT <= value <= _MAX_EXACT:
            return int(value)
        if _MIN_PLAIN <= abs(value) < _MAX_EXACT:
            return value
        raise _NeedsReferenceError
    return value


def _plain(value: Any) -> Any:
    """Make the few values that the reference implementation refuses into ones it takes."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_EXACT:
        try:
            return float(value)
        except OverflowError:
            return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
