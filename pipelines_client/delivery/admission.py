"""Whether a message may enter a spool: its id, its size, its legs, and the room that there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pipelines_client.destinations.base import FORWARDING
from pipelines_client.message.build import MAX_MESSAGE_ID_CHARS, Message


class Backlog(Protocol):
    """What waits in a spool."""

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""
        ...

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""
        ...


NO_LEG = "no_leg"
"""The reason of a message that is meant for no leg: it is a decision of the team, not a loss."""
FULL = frozenset({"queue_full", "spool_full"})
"""Reasons to refuse a message that end once something was delivered."""


class Allowance:
    """How many refused calls get a record in the ledger: a few at once, then one now and again.

    All are counted. An outage may refuse a thousand calls a second for days, and records of all would fill the disk.
    """

    def __init__(self, *, at_once: int = 50, every_s: float = 10.0) -> None:
        """Allow `at_once` records, and one more each `every_s` seconds."""
        self._most, self._every_s = at_once, every_s
        self._left, self._since_s = float(at_once), 0.0

    def take(self, now_s: float) -> bool:
        """Return whether the call at this time gets a record."""
        self._left = min(self._most, self._left + max(0.0, now_s - self._since_s) / self._every_s)
        self._since_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Bounds(NamedTuple):
    """Limits of a message, and of what may wait on the leg that counts; the other leg drops its oldest messages."""

    max_bytes: int
    max_count: int | None
    max_message_bytes: int
    legs: int
    drops_oldest: bool

    def refusal(self, message: Message, skips: Mapping[str, str], backlog: Backlog, leg: str) -> str | None:
        """Return why a message may not enter: no leg takes it, or there is no room (`FULL`); None if it may.

        `leg` is the authoritative one: its free space decides.
        """
        if not 0 < len(message.message_id) <= MAX_MESSAGE_ID_CHARS:
            return "invalid_message_id"
        size = len(message.body)
        if size > self.max_message_bytes:
            return "too_large"
        if len(skips) - (FORWARDING in skips) == self.legs:
            return NO_LEG
        if self.drops_oldest:  # the sender makes room
            return None
        if self.max_count is not None and backlog.pending(leg) >= self.max_count:
            return "queue_full"
        return "spool_full" if backlog.pending_bytes(leg) + size > self.max_bytes else None
