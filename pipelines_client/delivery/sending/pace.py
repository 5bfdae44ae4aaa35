"""How eager a sender is, and how much of its backlog a leg that may drop gives up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

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
        over_count = pending - (self.max_pending_count or pending)
        if over_count > 0:
            return Surplus(self.max_pending_bytes, over_count + (self.max_pending_count or 0) // _SLACK)
        over_bytes = pending_bytes - self.max_pending_bytes
        if over_bytes > 0:
            return Surplus(over_bytes + self.max_pending_bytes // _SLACK, _DROPPED_AT_ONCE)
        return None


MAX_RETRY_AFTER_S = 3_600.0  # after an hour we ask again anyway: the answer may have been wrong


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
        return min(retry_after_s, MAX_RETRY_AFTER_S) + random.uniform(0, min(limit, 1.0))
