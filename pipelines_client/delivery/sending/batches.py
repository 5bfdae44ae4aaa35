"""Runs of messages that are sent together, and the fate that an answer gives them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines_client.delivery.sending.fates import Fate, skipped
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.state.ledger import Outcome


@dataclass(slots=True)
class Part:
    """A run of messages that is sent together, and how often it was."""

    entries: list[Entry]
    attempts: int = 0

    def halves(self, sendable: Sequence[Entry]) -> list[Part]:
        """Return two parts as a stack: the earlier messages on top."""
        middle = sendable[len(sendable) // 2].seq - self.entries[0].seq
        return [Part(self.entries[middle:], self.attempts), Part(self.entries[:middle], self.attempts)]


def fate_of(verdict: ApiAnswer | None, attempts: int) -> Fate:
    """Return what an answer makes of the messages it is about; None if nobody was asked."""
    if verdict is None:
        return skipped("")
    if verdict.decision is Decision.ACCEPT:
        return Fate(Outcome.ACCEPTED, "", "", verdict.status, attempts)
    code = "too_large" if verdict.status == 413 else verdict.reason  # noqa: PLR2004 - an HTTP status
    return Fate(Outcome.REJECTED, code, verdict.words or code, verdict.status, attempts)


def pack(bodies: Sequence[bytes], envelope: tuple[bytes, bytes], *, max_body_bytes: int) -> int:
    """Return how many of the first messages fit into one body; at least 1 of a non-empty sequence."""
    size = len(envelope[0]) + len(envelope[1]) - 1  # n messages have n - 1 commas
    for count, body in enumerate(bodies):
        size += len(body) + 1
        if size > max_body_bytes:
            return max(count, 1)
    return len(bodies)


def join(bodies: Sequence[bytes], envelope: tuple[bytes, bytes]) -> bytes:
    """Return the body of one request."""
    return envelope[0] + b",".join(bodies) + envelope[1]
