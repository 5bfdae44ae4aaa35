"""Message ids: ULIDs, 48 bits of milliseconds and 80 random bits in Crockford's base 32.

python-ulid is not used: it imports much of pydantic, and takes a lock that a fork could inherit.
"""

from __future__ import annotations

import os

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]  # ten bits each
_LETTERS = _ALPHABET.encode() * 8  # maps a random byte to a letter: five of its bits are used
_TAIL_CHARS = 16  # 80 bits
_MAX_MS = 2**48 - 1
_SHIFTS = range(120, -1, -10)
_MADE_AT_ONCE = 256
_KEPT_MS = 1_000

_head: tuple[int, str] = (-1, "")
"""The last millisecond that was spelled, and its text."""
_stock: tuple[int, int, str, list[int]] = (0, 0, "", [])
"""Random tails in stock: process id, time of the refill in ms, all tails as one text, and starts of the unused ones."""


def make_id(ms: int) -> str:
    """Return a new ULID for an instant in Unix milliseconds.

    An instant before 1970 counts as 1970: a wrong clock must not lose a message.
    """
    global _head  # noqa: PLW0603 - replaced in one step: threads see the old or the new one
    known, head = _head
    if known != ms:
        ms = min(max(0, ms), _MAX_MS)
        head = "".join([_PAIRS[ms >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
        _head = (ms, head)
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
