"""Whether a message may enter a spool: its id, its size, its legs, and the room that there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pipelines_client.message import MAX_MESSAGE_ID_CHARS, Message


class Backlog(Protocol):
    """What waits, as a spool knows it."""

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""


class Bounds(NamedTuple):
    """What a message may be, and how much may wait on the leg that counts; the other leg makes room by itself."""

    leg: str
    max_bytes: int
    max_count: int | None
    max_message_bytes: int
    legs: int

    def fault_of(self, message: Message, skips: Mapping[str, str]) -> str | None:
        """Return why no leg could have a message, however much room there is; None if one can."""
        if not 0 < len(message.message_id) <= MAX_MESSAGE_ID_CHARS:
            return "invalid_message_id"
        if len(message.body) > self.max_message_bytes:
            return "too_large"
        return "no_leg" if len(skips) == self.legs else None

    def reason_why_full(self, backlog: Backlog, size: int) -> str | None:
        """Return why there is no room for so many bytes more; None if there is."""
        if self.max_count is not None and backlog.pending(self.leg) >= self.max_count:
            return "queue_full"
        return "spool_full" if backlog.pending_bytes(self.leg) + size > self.max_bytes else None
