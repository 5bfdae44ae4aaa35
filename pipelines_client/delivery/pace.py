"""How eager a sender is, and how much of its backlog a leg that may drop gives up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipelines_client.delivery.retry import Backoff

_DROPPED_AT_ONCE = 10_000
_SLACK = 100  # room is made for so large a part of the bound: else each message that comes would drop one


class Surplus(NamedTuple):
    """The oldest messages of a backlog up to both of these bounds."""

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
