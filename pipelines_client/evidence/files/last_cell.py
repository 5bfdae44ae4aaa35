"""Whether the last cell of a file of rows was cut: a row that is cut there has all of its cells. Pure."""

from __future__ import annotations

from enum import Enum, auto
from itertools import pairwise

import orjson

_ROWS_SEEN = 2_000
_SOME = 10
_ENOUGH = 100
"""The last of as many rows is shorter than all others by chance once in as many files."""


class LastRow(Enum):
    """How the last row of a file ends: with a line end, or without one and what its last cell says then."""

    CLOSED = auto()
    WHOLE = auto()
    UNKNOWN = auto()
    CUT = auto()


class LastCells:
    """The last cells of the first rows of a file, which show what a whole one looks like."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._lengths: set[int] = set()
        self._count = 0

    def see(self, cell: str) -> None:
        """Take note of a whole cell."""
        if self._count < _ROWS_SEEN:
            self._count += 1
            self._seen.add(cell)
            self._lengths.add(len(cell))

    def judge(self, cell: str) -> LastRow:
        """Say whether a cell without a line end after it is whole, as far as the others tell."""
        is_alike = len(self._lengths) == 1 and self._count >= _SOME
        is_prefix = any(len(other) > len(cell) and other.startswith(cell) for other in self._seen)
        if cell in self._seen:
            return LastRow.UNKNOWN if is_prefix and cell else LastRow.WHOLE
        if cell[:1] in ("{", "["):
            return LastRow.WHOLE if _is_json(cell) else LastRow.CUT
        if is_prefix and self._prefixes() <= len(self._seen) // _SOME:
            return LastRow.CUT
        if self._lengths and len(cell) < min(self._lengths) and (is_alike or self._count >= _ENOUGH):
            return LastRow.CUT
        return LastRow.WHOLE if is_alike and len(cell) in self._lengths else LastRow.UNKNOWN

    def _prefixes(self) -> int:
        """Count the cells with which another one begins: where there are many, one more says nothing."""
        cells = sorted(self._seen)
        return sum(after.startswith(cell) for cell, after in pairwise(cells) if cell)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
