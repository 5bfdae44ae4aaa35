"""Whether a message may enter a spool: its id, its size, its legs, and the room that there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pipelines_client.message.build import MAX_MESSAGE_ID_CHARS, Message


class Backlog(Protocol):
    """What waits in a spool."""

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""
        ...

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""
        ...


FULL = frozenset({"queue_full", "spool_full"})
"""Reasons to refuse a message that end once something was delivered."""


class Bounds(NamedTuple):
    """Limits of a message, and of what may wait on the leg that counts; the other leg drops its oldest messages."""

    max_bytes: int
    max_count: int | None
    max_message_bytes: int
    legs: int
    drops_oldest: bool

    def refusal(self, message: Message, skips: Mapping[str, str], backlog: Backlog, leg: str) -> str | None:
        """Return why a message may not enter: no leg takes it, or there is no room (`FULL`); None if it may.

        `leg` is the one that counts: its room decides.
        """
        if not 0 < len(message.message_id) <= MAX_MESSAGE_ID_CHARS:
            return "invalid_message_id"
        size = len(message.body)
        if size > self.max_message_bytes:
            return "too_large"
        if len(skips) == self.legs:
            return "no_leg"
        if self.drops_oldest:  # the sender makes room
            return None
        if self.max_count is not None and backlog.pending(leg) >= self.max_count:
            return "queue_full"
        return "spool_full" if backlog.pending_bytes(leg) + size > self.max_bytes else None
