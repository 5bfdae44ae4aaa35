"""Signs that rows are lost with a line that could not be read, in the lines beside it. Pure.

A block that a disk or a copy lost takes the end of one line, the beginning of a later one, and all between them. It
leaves one odd line, as a slip in a single row does. Its neighbours tell the difference: the odd line begins as one row
and ends as another, or the time of receipt jumps over it. It may even be a row that can be read, which no message was.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any, NamedTuple

from pipelines_client.evidence.lines import object_in

_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')
_LINES_KEPT = 8
LINES_SEEN = _LINES_KEPT + 1
"""How many rows are kept to look at again."""

_FEWEST_KEYS = 3
_KEYS_LOST = 2  # a single one may be damaged itself
_FEWEST_ROWS = 20
_JUMP = 5
"""A jump is this many times the usual step, or more. Where rows come at random, four of a hundred odd lines have one:
the price of not calling lost what was swallowed."""

_IN_ORDER = 0.9
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:")
_WHOLE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.(\d{3}){1,3})?(Z|[+-]\d\d:?\d\d)?")
_ODD_KEPT = 100


class Odd(NamedTuple):
    """A line that could not be read, and when the row before it was received."""

    line: int
    why: str
    before_ms: int


class Neighbours:
    """The rows of one file beside its odd lines, and beside the jumps of its times of receipt."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=LINES_SEEN)
        self._steps = self._ordered = self._span_ms = self._examined = 0
        self._last_ms: int | None = None
        self._waiting: list[Odd] = []
        self._jumps: list[tuple[Odd, int]] = []

    def see(self, data: bytes, at_ms: int | None) -> None:
        """Take note of a row that was read, and when it was received."""
        self._lines.append(data)
        last_ms, self._last_ms = self._last_ms, at_ms if at_ms is not None else self._last_ms
        if at_ms is None or last_ms is None:
            return
        if self._waiting:
            self._jumps += [(odd, at_ms - odd.before_ms) for odd in self._waiting]
            self._waiting.clear()
            return
        self._steps += 1
        if at_ms >= last_ms:
            self._ordered += 1
            self._span_ms += at_ms - last_ms

    @property
    def is_waiting(self) -> bool:
        """Whether the next row that shows its time of receipt says something of the odd lines before it."""
        return bool(self._waiting)

    @property
    def counts(self) -> tuple[int, int, int, int | None]:
        """How many steps from row to row there are, how many go forward and how far, and the last time of receipt."""
        return self._steps, self._ordered, self._span_ms, self._last_ms

    def see_all(self, lines: list[bytes], counts: tuple[int, int, int, int | None]) -> None:
        """Take note of rows that were read elsewhere: the last of them, and what the counts are after them."""
        self._lines.extend(lines)
        self._steps, self._ordered, self._span_ms, self._last_ms = counts

    def note(self, line: int, why: str) -> None:
        """Take note of a line that could not be read."""
        if self._last_ms is not None and len(self._jumps) + len(self._waiting) < _ODD_KEPT:
            self._waiting.append(Odd(line, why, self._last_ms))

    def lost(self) -> list[tuple[int, str]]:
        """Return the odd lines over which the time of receipt jumps, each with why and how many rows it may hide."""
        if not self._has_order():
            return []
        usual_ms = max(1.0, self._span_ms / self._steps)
        return [
            (odd.line, f"{odd.why}; about {ms / usual_ms:,.0f} rows may be lost here, by the times before and after it")
            for odd, ms in self._jumps
            if ms >= _JUMP * usual_ms
        ]

    def is_jump(self, at_ms: int | None) -> bool:
        """Return whether the time of receipt jumps to that of the next row."""
        if at_ms is None or self._last_ms is None:
            return False
        return (at_ms - self._last_ms) * self._steps >= _JUMP * self._span_ms and self._has_order()

    def is_mixed(self, data: bytes) -> bool:
        """Return whether a row that can be read is made of two, as far as the rows before it tell."""
        return _is_mixed(data, list(self._lines)[-_LINES_KEPT:])

    def was_mixed(self) -> bool:
        """Return the same of the last row."""
        return len(self._lines) > _LINES_KEPT and _is_mixed(self._lines[-1], list(self._lines)[:-1])

    def is_joined(self, data: bytes) -> bool:
        """Return whether a broken line begins as one row and ends as another, by the keys of the rows before it."""
        self._examined += 1
        if self._examined > _ODD_KEPT or not data.rstrip().endswith(b"}"):
            return False
        lines = list(self._lines)[-_LINES_KEPT:]
        once = _keys_once(lines)
        here = [key for key in _keys_in(data) if key in once]
        if len(once) < _FEWEST_KEYS or here[-1:] != once[-1:]:
            return False
        return len(set(here)) < len(here) or len(once) - len(here) >= _KEYS_LOST

    def _has_order(self) -> bool:
        return self._steps >= _FEWEST_ROWS and self._ordered >= _IN_ORDER * self._steps


def _keys_once(lines: list[bytes]) -> list[bytes]:
    """Return the keys that each of some rows has, and has once in the whole line; none of too few rows."""
    rows = [row for row in map(object_in, lines) if row is not None]
    if len(rows) < _LINES_KEPT:
        return []
    counts = [_keys_in(line) for line in lines]
    keys = [key.encode() for key in rows[-1] if all(key in row for row in rows)]
    return [key for key in keys if all(found.count(key) == 1 for found in counts)]


def _is_mixed(data: bytes, lines: list[bytes]) -> bool:
    """Return whether a row has a key twice, a key made of two, or a time of another length than the rows before it.

    A whole time is none that is made of two: an application may write some in seconds and others in microseconds.
    """
    rows = [row for row in map(object_in, lines) if row is not None]
    if len(rows) < _LINES_KEPT or object_in(data) is None:
        return False
    pairs: list[tuple[str, Any]] = json.loads(data, object_pairs_hook=list)
    row, known = dict(pairs), {key for one in rows for key in one}
    if len(row) < len(pairs) or any(_is_spliced(key, known) for key in row.keys() - known):
        return True
    is_alike = all(list(one) == list(rows[0]) and one.get("type") == row.get("type") for one in rows)
    if is_alike and _lacks_some(list(row), list(rows[0])):
        return True
    for key, value in row.items():
        lengths = {len(one[key]) if _is_time(one.get(key)) else 0 for one in rows}
        is_other = 0 not in lengths and len(lengths) == 1 and isinstance(value, str) and len(value) not in lengths
        if is_other and not _WHOLE_TIME.fullmatch(value):
            return True
    return False


def _is_spliced(key: str, known: set[str]) -> bool:
    """Return whether a key begins as one that is known and ends as another."""
    starts = {at for at in range(len(key) + 1) if any(one.startswith(key[:at]) for one in known)}
    return any(any(one.endswith(key[at:]) for one in known) for at in starts)


def _lacks_some(keys: list[str], usual: list[str]) -> bool:
    """Return whether some keys are the beginning and the end of the usual ones, without several between them.

    Some sources leave out what is null, so a single key that is missing says nothing.
    """
    missing = len(usual) - len(keys)
    begun = next((place for place, key in enumerate(keys) if missing > 0 and key != usual[place]), len(keys))
    return missing >= _KEYS_LOST and keys[begun:] == usual[begun + missing :]


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.match(value) is not None


def _keys_in(data: bytes) -> list[bytes]:
    return _KEY.findall(data)
