"""How eager a sender is, and how much of its backlog a leg that may drop gives up. Pure."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from pipelines_client.destinations.base import most_in_a_second

_DROPPED_AT_ONCE = 10_000
_SLACK = 100  # make room for this part of the bound: else each new message would drop one


class Surplus(NamedTuple):
    """How much to drop of a backlog: its oldest messages up to both bounds."""

    max_bytes: int
    max_count: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, bytes and counts as in `Settings`."""

    upload_interval_s: float
    max_pending_bytes: int
    max_pending_count: int | None
    pause_s: float
    unhealthy_after_s: float
    backoff: Backoff
    drops_oldest: bool

    def surplus(self, *, pending: int, pending_bytes: int, counts: bool) -> Surplus | None:
        """Return what to drop of a backlog that is over its bound; None if it is not, or if nothing may be dropped.

        Args:
            pending: Messages that wait.
            pending_bytes: The bytes of their bodies.
            counts: Whether the leg is the one that counts, which drops only if `drops_oldest`.
        """
        if counts and not self.drops_oldest:
            return None
        most = self.max_pending_count or pending
        if pending > most:
            return Surplus(self.max_pending_bytes, pending - most + most // _SLACK)
        over_bytes = pending_bytes - self.max_pending_bytes
        if over_bytes > 0:
            return Surplus(over_bytes + self.max_pending_bytes // _SLACK, _DROPPED_AT_ONCE)
        return None


class Throughput:
    """Keeps the messages of any second within a rate, also those that have waited for an API that was down."""

    def __init__(self, rate: float | None) -> None:
        """Take messages a second; None: as many as there are."""
        self._most = sys.maxsize if rate is None else most_in_a_second(rate)
        self._window_s = 0.0 if rate is None else max(1.0, 1.0 / rate)
        self._sent: deque[tuple[float, int]] = deque()

    def wait_s(self, count: int, now_s: float) -> float:
        """Return the seconds to wait before so many messages may go, no more than fit a second."""
        while self._sent and self._sent[0][0] <= now_s - self._window_s:
            self._sent.popleft()
        over = count + sum(sent for _, sent in self._sent) - self._most
        for at_s, sent in self._sent if over > 0 else ():
            over -= sent
            if over <= 0:
                return at_s + self._window_s - now_s
        return 0.0

    def note(self, count: int, now_s: float) -> None:
        """Note that a request with so many messages goes now."""
        if self._window_s:
            self._sent.append((now_s, count))


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: a random wait up to a limit that doubles, so that many processes spread their retries."""

    base_s: float = 0.5
    cap_s: float = 60.0

    def wait_s(self, attempt: int, *, retry_after_s: float | None, random: Random) -> float:
        """Return the seconds to wait.

        Args:
            attempt: Failures in a row, from 1.
            retry_after_s: What the API asked for: a minimum, to which jitter is added.
            random: Where the jitter comes from.
        """
        limit = min(self.cap_s, self.base_s * 2 ** min(attempt - 1, 32))
        jitter = random.uniform(0, limit)
        if retry_after_s is None:
            return jitter
        return retry_after_s + random.uniform(0, min(limit, 1.0))
