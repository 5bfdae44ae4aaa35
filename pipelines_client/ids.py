"""Message ids: ULIDs, 48 bits of milliseconds and 80 random bits in Crockford's base 32.

Ours, and not a library's: one brings half of pydantic into every import, and takes a lock that a fork could inherit.
"""

from __future__ import annotations

import os
from datetime import datetime
from struct import Struct

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET] * 64  # ten bits each, whatever the other six say
_TAIL = Struct("8H")  # eight pairs, 80 random bits
_MAX_MS = 2**48 - 1
_MADE_AT_ONCE = 32
_KEPT_MS = 1_000

_stock: tuple[int, int, list[str]] = (0, 0, [])
"""Random tails in store: whose (process id), since when (ms), and the tails."""


def make_id(at: datetime) -> str:
    """Return a new ULID of an instant; one before 1970 counts as 1970: a wrong clock is no reason to lose a message.

    Args:
        at: Aware.
    """
    ms = min(max(0, int(at.timestamp() * 1000)), _MAX_MS)
    pairs = _PAIRS
    return (
        pairs[ms >> 40] + pairs[ms >> 30 & 1023] + pairs[ms >> 20 & 1023] + pairs[ms >> 10 & 1023] + pairs[ms & 1023]
    ) + _tail(ms)


def _tail(ms: int) -> str:
    """Return 80 random bits that nobody else has, as text.

    Asking the system for each id lets go of the interpreter's lock each time, and wakes the senders for nothing. A
    store is for one process, and for a second: neither a fork nor a virtual machine restored twice uses one again.
    """
    global _stock  # noqa: PLW0603 - replaced whole: threads see the old one or the new one
    owner, since_ms, tails = _stock
    if not tails or owner != os.getpid() or not 0 <= ms - since_ms < _KEPT_MS:
        tails = [
            "".join([_PAIRS[word] for word in words])
            for words in _TAIL.iter_unpack(os.urandom(_TAIL.size * (_MADE_AT_ONCE + 1)))
        ]
        mine = tails.pop()
        _stock = (os.getpid(), ms, tails)
        return mine
    try:
        return tails.pop()
    except IndexError:  # another thread took the last one
        return _tail(ms)
