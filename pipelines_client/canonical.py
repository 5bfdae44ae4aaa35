"""The canonical form of a payload, and its hash. Pure.

Both sides of the project need the same answer to "are these two payloads the same?": the client, which stamps a
message before it is sent, and parity, which reads what came back through other people's JSON libraries. The form is
RFC 8785, so key order, escapes and `1` against `1.0` make no difference, while `"1"` against `1` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import blake2b
from operator import is_not
from typing import Any

import orjson

_MAX_EXACT = 2**53 - 1  # the largest integer that every JSON reader keeps apart from its neighbours
_FIRST_THAT_DIFFERS = "\ue000"  # beyond it, characters of one and of two UTF-16 units change places
_MIN_PLAIN = 1e-4  # below it, spellings of a number part ways
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
    return _hash(canonical_bytes(payload))


def hash_sorted(form: bytes) -> str:
    """Return `payload_hash` of a payload that orjson has written with its keys sorted: the short way, nearly always."""
    if b".0" in form:
        form = _without_point_zero(form)
    if not is_canonical(form):
        form = canonical_bytes(orjson.loads(form))
    return _hash(form)


def hash_all_sorted(forms: Sequence[bytes]) -> list[str]:
    """Return `hash_sorted` of each: what is looked for in a form costs more than its hash, so all are searched at once.

    One that is not canonical as it stands has all of them looked at one by one.
    """
    if _are_canonical(forms):
        return list(map(_hash, forms))
    spelled = [_without_point_zero(form) if b".0" in form else form for form in forms]
    return list(map(_hash, spelled)) if _are_canonical(spelled) else list(map(hash_sorted, forms))


def _are_canonical(forms: Sequence[bytes]) -> bool:
    # orjson writes no line ends: what is looked for is not found across one.
    return {form[:1] for form in forms} == {b"{"} and is_canonical(b"\n".join(forms))


def _hash(form: bytes) -> str:
    hashed = _NOTHING_HASHED.copy()  # three quarters of the time that a new one takes
    hashed.update(form)
    return hashed.hexdigest()


def is_canonical(form: bytes) -> bool:
    """Say whether what orjson wrote with sorted keys is surely RFC 8785 as it stands.

    It is not where a number ends in .0, has an exponent or sixteen digits; and orjson sorts by UTF-8 bytes, the RFC by
    UTF-16 units, which agree below U+10000. A form that only looks so is doubted for nothing, which is slow and not
    wrong. Plain searches come first: the expression costs more than all the rest.
    """
    if form[:1] != b"{" or (b".0" in form and _POINT_ZERO.search(form)):
        return False
    if not (form.isascii() or not form.translate(None, _NOT_ASTRAL)):
        return False
    shape = form.translate(_DIGITS_AS_ZERO)
    if b"0e" in shape or _SIXTEEN in shape:
        return _ODD_NUMBER.search(form) is None
    return True


def _without_point_zero(form: bytes) -> bytes:
    """Spell 2.0 as 2, outside of texts: where there is no escape, every other piece between quotes is outside."""
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

    Integers beyond 2**53 are taken as the double that a JSON reader in another language would make of them.
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
    """Spell a date or datetime as it goes on the wire; refuse anything else.

    Raises:
        TypeError: `value` is neither, so it should have been made plain before.
    """
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"not a plain JSON value: {type(value).__name__}")


def _fast(value: Any) -> Any:
    """Spell numbers so that orjson writes what RFC 8785 asks; copy only what changes, hand back what is not safe."""
    kind = type(value)
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
            fast = _fast(item)
            if fast is not item:
                changed[key] = fast
        return {**value, **changed} if changed else value
    if kind is list or kind is tuple:
        items = [item if type(item) is str else _fast(item) for item in value]
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
    """Say whether orjson sorts all keys as the RFC does: by UTF-8 bytes and by UTF-16 units alike."""
    if isinstance(value, dict):
        return all(map(_is_safe_key, value)) and all(map(_has_safe_keys, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(_has_safe_keys, value))


def _is_safe_key(key: Any) -> bool:
    return type(key) is str and (key.isascii() or max(key) < _FIRST_THAT_DIFFERS)


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
