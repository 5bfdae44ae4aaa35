"""Message ids: ULIDs, 48 bits of milliseconds and 80 random bits in Crockford's base 32.

Ours, and not a library's: one brings half of pydantic into every import, and takes a lock that a fork could inherit.
"""

from __future__ import annotations

import os

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]  # ten bits each
_LETTERS = _ALPHABET.encode() * 8  # of a random byte, five bits count
_TAIL_CHARS = 16  # 80 bits
_MAX_MS = 2**48 - 1
_MADE_AT_ONCE = 256
_KEPT_MS = 1_000

_head: tuple[int, str] = (-1, "")
"""The text of the millisecond that was asked for last."""
_stock: tuple[int, int, str, list[int]] = (0, 0, "", [])
"""Random tails in store: whose (process id), since when (ms), all of them as one text, and where the unused begin."""


def make_id(ms: int) -> str:
    """Return a new ULID of an instant, in Unix milliseconds.

    One before 1970 counts as 1970: a wrong clock is no reason to lose a message.
    """
    global _head  # noqa: PLW0603 - replaced whole: threads see the old one or the new one
    known, head = _head
    if known != ms:
        ms = min(max(0, ms), _MAX_MS)
        head = "".join([_PAIRS[ms >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
        _head = (ms, head)
    owner, since_ms, text, starts = _stock
    if owner == os.getpid() and 0 <= ms - since_ms < _KEPT_MS:
        try:
            start = starts.pop()  # no two threads get the same
            return head + text[start : start + _TAIL_CHARS]
        except IndexError:
            pass
    return head + _restocked(ms)


def _restocked(ms: int) -> str:
    """Return 80 random bits that nobody else has, as text, and lay in a store of more.

    Asking the system for each id lets go of the interpreter's lock each time, and wakes the senders for nothing. A
    store is for one process, and for a second: neither a fork nor a virtual machine restored twice uses one again.
    """
    global _stock  # noqa: PLW0603 - as above
    text = os.urandom(_TAIL_CHARS * _MADE_AT_ONCE).translate(_LETTERS).decode("ascii")
    _stock = (os.getpid(), ms, text, list(range(_TAIL_CHARS, len(text), _TAIL_CHARS)))
    return text[:_TAIL_CHARS]
