"""How much of what a leg sends is refused, and why: when it is `refusing`, and what the log says. Pure."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple

WINDOW_S = 60.0
MAX_SHARE = 0.01
"""Share of refused messages in a minute above which a leg is refusing."""
MAX_COUNT = 10
"""Refused messages in a minute from which on a leg is refusing."""
_SAY_AGAIN_S = 600.0
_SAY_AFTER_S = 2.0  # a batch that is split takes its time; what it brings to light first is said meanwhile
_MAX_REASONS = 20
_VARIES = re.compile(r"\d+|\*+")


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """A reason for which messages were refused, to be logged: the code, the API's words, and how many there were."""

    code: str
    words: str
    count: int


class _Second(NamedTuple):
    at_s: float
    accepted: int
    rejected: int


class Refusals:
    """The refusals of one leg. Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.is_refusing = False
        """Whether the share or the count of the last minute with answers was above its limit."""
        self._seconds: deque[_Second] = deque()
        self._counts: dict[str, RefusalReason] = {}
        self._said_at_s: dict[str, float] = {}
        self._unsaid_since_s: float | None = None

    def note(self, *, accepted: int, rejected: int, now_s: float) -> None:
        """Count the messages that an answer settled."""
        seconds = self._seconds
        if seconds and now_s - seconds[-1].at_s < 1:
            last = seconds.pop()
            seconds.append(_Second(last.at_s, last.accepted + accepted, last.rejected + rejected))
        else:
            seconds.append(_Second(now_s, accepted, rejected))
        while now_s - seconds[0].at_s > WINDOW_S:
            seconds.popleft()
        bad = sum(second.rejected for second in seconds)
        total = bad + sum(second.accepted for second in seconds)
        self.is_refusing = bad >= MAX_COUNT or bad > MAX_SHARE * total

    def add(self, code: str, words: str, count: int, *, now_s: float) -> None:
        """Remember a reason; words that differ in numbers only are one reason."""
        key = f"{code} {_VARIES.sub('#', words)}"
        if key not in self._said_at_s and key not in self._counts and len(self._known()) >= _MAX_REASONS:
            key = code
        before = self._counts.get(key, RefusalReason(code, words, 0))
        self._counts[key] = replace(before, count=before.count + count)
        if self._unsaid_since_s is None:
            self._unsaid_since_s = now_s

    def due(self, *, is_batch_done: bool, now_s: float) -> list[RefusalReason]:
        """Return what to log now: a reason once, when its batch is done; again after ten minutes at the earliest."""
        if self._unsaid_since_s is None or not (is_batch_done or now_s - self._unsaid_since_s >= _SAY_AFTER_S):
            return []
        due = [key for key in self._counts if now_s - self._said_at_s.get(key, -_SAY_AGAIN_S) >= _SAY_AGAIN_S]
        self._said_at_s.update(dict.fromkeys(due, now_s))
        self._unsaid_since_s = None
        return [self._counts.pop(key) for key in due]

    def _known(self) -> set[str]:
        return self._said_at_s.keys() | self._counts.keys()
