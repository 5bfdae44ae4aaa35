"""The canonical form of a payload, and its hash. Pure.

The client hashes a payload before it is sent; parity hashes what comes back through the vendors' JSON libraries. Both
must agree on whether two payloads are the same. The form is RFC 8785: key order, escapes and `1` against `1.0` make no
difference, while `"1"` against `1` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import blake2b
from operator import is_not
from typing import Any

import orjson

MAX_LEVELS = 250
"""The most levels of a payload; the client sends fewer, and every JSON library that reads or writes one has more."""

_MAX_EXACT = 2**53 - 1  # the largest integer that every JSON reader keeps exactly
_FIRST_THAT_DIFFERS = "\ue000"  # from here on, UTF-8 bytes and UTF-16 units sort differently
_MIN_PLAIN = 1e-4  # below it, JSON libraries spell numbers differently
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_NOT_ASTRAL = bytes(range(0xF0))
_SIXTEEN = b"0" * 16
_ODD_NUMBER = re.compile(rb"[:,\[]-?(?:\d+\.?\d*e|\d{16})")
_POINT_ZERO = re.compile(rb"\.0[,\]}]")
_NOTHING_HASHED = blake2b(digest_size=8)

PAYLOAD_FIELD = {
    "identify": "traits",
    "group": "traits",
    "track": "properties",
    "page": "properties",
    "screen": "properties",
}
"""The field that holds a call's payload, by type; an alias has no payload."""


class TooDeepError(ValueError):
    """A value has more than `MAX_LEVELS` levels."""


class _NeedsReferenceError(Exception):
    """The fast path cannot guarantee RFC 8785 for this value."""


def payload_hash(payload: Any) -> str:
    """Return a 64-bit hash of the canonical form of `payload`, as 16 hexadecimal digits.

    Args:
        payload: Properties or traits as plain JSON values; a date counts as its ISO-8601 text.

    Returns:
        The same text for payloads that differ only in key order, escapes or the spelling of a number.

    Raises:
        TooDeepError: It is nested too deep.
    """
    return _hash(canonical_bytes(payload))


def hash_sorted(form: bytes) -> str:
    """Return `payload_hash` of a payload that orjson wrote with sorted keys, without parsing it if possible."""
    if b".0" in form:
        form = _without_point_zero(form)
    if not is_canonical(form):
        form = canonical_bytes(orjson.loads(form))
    return _hash(form)


def hash_all_sorted(forms: Sequence[bytes]) -> list[str]:
    """Return `hash_sorted` of each form.

    Searching a form costs more than hashing it, so all are searched as one. If one is not canonical, each is searched.
    """
    if _are_canonical(forms):
        return list(map(_hash, forms))
    spelled = [_without_point_zero(form) if b".0" in form else form for form in forms]
    return list(map(_hash, spelled)) if _are_canonical(spelled) else list(map(hash_sorted, forms))


def _are_canonical(forms: Sequence[bytes]) -> bool:
    # orjson writes no line ends, so nothing matches across two forms.
    return {form[:1] for form in forms} == {b"{"} and is_canonical(b"\n".join(forms))


def _hash(form: bytes) -> str:
    hashed = _NOTHING_HASHED.copy()  # a quarter faster than a new one
    hashed.update(form)
    return hashed.hexdigest()


def is_canonical(form: bytes) -> bool:
    """Return whether a form that orjson wrote with sorted keys is RFC 8785 already.

    It may differ if a number ends in .0, has an exponent or has sixteen digits; and orjson sorts keys by UTF-8 bytes,
    the RFC by UTF-16 units, which agree below U+10000. A false alarm (such digits inside a text) costs time and is not
    wrong. Plain searches come first because the regular expression is the slowest part.
    """
    if form[:1] != b"{" or (b".0" in form and _POINT_ZERO.search(form)):
        return False
    if not (form.isascii() or not form.translate(None, _NOT_ASTRAL)):
        return False
    masked = form.translate(_DIGITS_AS_ZERO)
    if b"0e" in masked or _SIXTEEN in masked:
        return _ODD_NUMBER.search(form) is None
    return True


def _without_point_zero(form: bytes) -> bytes:
    """Spell 2.0 as 2 outside of texts: without escapes, every second piece between quotes is outside."""
    if b"\\" in form or b"-0.0" in form:
        return form
    pieces = form.split(b'"')
    outside = b'"'.join(pieces[::2])
    for end in (b",", b"}", b"]"):
        outside = outside.replace(b".0" + end, end)
    pieces[::2] = outside.split(b'"')
    return b'"'.join(pieces)


def canonical_bytes(value: Any) -> bytes:
    """Return the RFC 8785 form of a JSON value as UTF-8.

    Integers beyond 2**53 become doubles, as JSON readers in other languages make them.
    """
    try:
        form = orjson.dumps(_fast(value), default=isoformat, option=_SORTED)
    except (_NeedsReferenceError, orjson.JSONEncodeError):
        return _reference(value)
    is_sorted = form.isascii() or not form.translate(None, _NOT_ASTRAL) or _has_safe_keys(value)
    return form if is_sorted else _reference(value)


def _reference(value: Any) -> bytes:
    import rfc8785

    return bytes(rfc8785.dumps(_plain(value)))


def isoformat(value: Any) -> str:
    """Return a date or datetime as it is sent; refuse anything else.

    Raises:
        TypeError: `value` is neither: it should have been converted before.
    """
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"not a plain JSON value: {type(value).__name__}")


def _fast(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Spell numbers so that orjson writes what RFC 8785 demands; copy only what changes.

    Raises:
        _NeedsReferenceError: A number that orjson spells differently.
        TooDeepError: It has more than so many levels.
    """
    kind = type(value)
    if not levels and (kind is dict or kind is list or kind is tuple):
        raise TooDeepError
    if kind is dict:
        changed = {}
        for key, item in value.items():
            kind = type(item)
            if kind is str or kind is bool or item is None:
                continue
            if kind is float and _MIN_PLAIN <= abs(item) < _MAX_EXACT and not item.is_integer():
                continue
            if kind is int and -_MAX_EXACT <= item <= _MAX_EXACT:
                continue
            fast = _fast(item, levels - 1)
            if fast is not item:
                changed[key] = fast
        return {**value, **changed} if changed else value
    if kind is list or kind is tuple:
        items = [item if type(item) is str else _fast(item, levels - 1) for item in value]
        return items if any(map(is_not, items, value)) else value
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


def _has_safe_keys(value: Any) -> bool:
    """Return whether orjson sorts all keys as the RFC does: by UTF-8 bytes and UTF-16 units alike."""
    if isinstance(value, dict):
        return all(map(_is_safe_key, value)) and all(map(_has_safe_keys, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(_has_safe_keys, value))


def _is_safe_key(key: Any) -> bool:
    return type(key) is str and (key.isascii() or max(key) < _FIRST_THAT_DIFFERS)


def _plain(value: Any) -> Any:
    """Convert the few values that the reference implementation refuses."""
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
