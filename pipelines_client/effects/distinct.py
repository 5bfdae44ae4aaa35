"""How many different texts there are, and which were seen, in bounded memory. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

DEFAULT_CAPACITY: Final = 1024
_SEEN_BITS: Final = 1 << 28
_PROBES: Final = 4


def hash_of(text: str, key: bytes = b"") -> int:
    """Return a keyed 64-bit hash: with a key that is not kept, it does not tell which text it is of."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8, key=key).digest(), "big")


class Distinct:
    """Counts different texts: exactly up to a capacity, then from a sample of their hashes.

    Each time the capacity is exceeded, half of the hashes are dropped, always by the same rule.

    Args:
        capacity: The most hashes that are kept. The standard error of the count is at most one over the root of half of
            it: 4.4 % for 1,024.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._hashes: set[int] = set()
        self._halvings = 0

    @property
    def is_exact(self) -> bool:
        """Whether the count is exact."""
        return not self._halvings

    def add(self, hashed: int) -> None:
        """Count a text by its `hash_of`, if it was not counted before."""
        if self._is_kept(hashed, self._halvings):
            self._hashes.add(hashed)
            while len(self._hashes) > self._capacity:
                self._halvings += 1
                self._hashes = {each for each in self._hashes if self._is_kept(each, self._halvings)}

    def __len__(self) -> int:
        """Return the number of different texts, estimated if it is not exact."""
        return len(self._hashes) << self._halvings

    @staticmethod
    def _is_kept(hashed: int, halvings: int) -> bool:
        return not hashed & ((1 << halvings) - 1)


class Seen:
    """Remembers texts by their hashes in 32 MB, however many they are (a Bloom filter).

    It knows each that was added. Of others it may say that they were seen: of one in a million if there are two million
    texts, of one in two hundred if there are twenty million.
    """

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, hashed: int) -> None:
        """Remember a text by its `hash_of`."""
        if not self._bits:
            self._bits = bytearray(_SEEN_BITS >> 3)
        for bit in _bits_of(hashed):
            self._bits[bit >> 3] |= 1 << (bit & 7)

    def __contains__(self, hashed: int) -> bool:
        """Return whether a text was added, or shares its bits with some that were."""
        return bool(self._bits) and all(self._bits[bit >> 3] & (1 << (bit & 7)) for bit in _bits_of(hashed))


def _bits_of(hashed: int) -> tuple[int, ...]:
    step = hashed >> 32 | 1
    return tuple((hashed + number * step) % _SEEN_BITS for number in range(_PROBES))
