"""Ids: how an id of any type becomes text, and new message ids.

A message id is a ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32. python-ulid is not used: it
imports much of pydantic, and takes a lock that a fork could inherit.
"""

from __future__ import annotations

import os
from numbers import Number
from typing import Any
from uuid import UUID

from pipelines_client.message.converters import text_of
from pipelines_client.signals import let_through

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]  # ten bits each
_LETTERS = _ALPHABET.encode() * 8  # maps a random byte to a letter: five of its bits are used
_TAIL_CHARS = 16  # 80 bits
_MAX_MS = 2**48 - 1
_SHIFTS = range(120, -1, -10)
_MADE_AT_ONCE = 256
_KEPT_MS = 1_000

_head: tuple[int, str] = (-1, "")
"""The last second (of 1024 ms) that was spelled, and its text: an id has one pair of letters more for its time."""
_stock: tuple[int, int, str, list[int]] = (0, 0, "", [])
"""Random tails in stock: process id, time of the refill in ms, all tails as one text, and starts of the unused ones."""


def id_text(value: Any) -> Any:
    """Return an id as the text that is sent.

    Args:
        value: Text, a number, a UUID, or a proxy that stands for one (Django's `SimpleLazyObject`).

    Returns:
        The text; `1042.0` is `"1042"`, as data frames hold ids as floats. None for a missing value: None, NaN, and
        what pandas has for it. A value of any other type is returned unchanged, for upstream's checks to refuse.

    Raises:
        AssertionError: It is a bool, infinite or complex: it would make one person of many.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):
        return text_of(value)
    is_none = isinstance(value, type(None))  # noqa: FURB168 - a proxy for None is another object
    if is_none or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        raise AssertionError("an id must be a text, a finite number or a UUID, got: a bool")
    return _number_text(value) if isinstance(value, Number) else value


def _number_text(value: Any) -> str | None:
    try:
        number = value if type(value) is value.__class__ else value.__class__(str(value))  # a proxy may lack `__int__`
        if number != number:  # noqa: PLR0124 - NaN
            return None
        whole = int(number)
        return str(whole) if whole == number else str(number)
    except Exception as error:  # noqa: BLE001 - infinity, complex numbers, and methods of the caller's object
        let_through(error)
        raise AssertionError("an id must be a text, a finite number or a UUID") from None


def make_id(ms: int) -> str:
    """Return a new ULID for an instant in Unix milliseconds.

    An instant before 1970 counts as 1970: a wrong clock must not lose a message.
    """
    global _head  # noqa: PLW0603 - replaced in one step: threads see the old or the new one
    ms = ms if 0 <= ms <= _MAX_MS else min(max(0, ms), _MAX_MS)
    known, head = _head
    if known != ms >> 10:
        head = "".join([_PAIRS[ms >> shift & 1023] for shift in (40, 30, 20, 10)])
        _head = (ms >> 10, head)
    head += _PAIRS[ms & 1023]
    owner, since_ms, text, starts = _stock
    if owner == os.getpid() and 0 <= ms - since_ms < _KEPT_MS:
        try:
            start = starts.pop()  # atomic: no two threads get the same start
            return head + text[start : start + _TAIL_CHARS]
        except IndexError:
            pass
    return head + _restocked(ms)


def id_of(ms: int, tail: bytes) -> str:
    """Return the ULID of an instant in Unix milliseconds and 10 given bytes: the same each time."""
    number = min(max(0, ms), _MAX_MS) << 80 | int.from_bytes(tail, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def _restocked(ms: int) -> str:
    """Return 80 random bits as text, and refill the stock.

    Calling `urandom` for each id would release the interpreter's lock each time and wake the senders in vain. A stock
    belongs to one process and lasts a second, so neither a fork nor a virtual machine restored twice repeats ids.
    """
    global _stock  # noqa: PLW0603 - as above
    text = os.urandom(_TAIL_CHARS * _MADE_AT_ONCE).translate(_LETTERS).decode("ascii")
    _stock = (os.getpid(), ms, text, list(range(_TAIL_CHARS, len(text), _TAIL_CHARS)))
    return text[:_TAIL_CHARS]
