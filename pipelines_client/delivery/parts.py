"""Runs of messages that are sent together, and the fate that an answer gives them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines_client.delivery.entry import Entry, Fate, skipped
from pipelines_client.destinations import Decision, Verdict
from pipelines_client.ledger import Outcome


@dataclass(slots=True)
class Part:
    """A run of messages that is sent together, and how often it was."""

    entries: list[Entry]
    attempts: int = 0

    def halves(self, sendable: Sequence[Entry]) -> list[Part]:
        """Return two parts as a stack: the earlier messages on top."""
        middle = sendable[len(sendable) // 2].seq - self.entries[0].seq
        return [Part(self.entries[middle:], self.attempts), Part(self.entries[:middle], self.attempts)]


def fate_of(verdict: Verdict | None, attempts: int) -> Fate:
    """Return what an answer makes of the messages it is about; None if nobody was asked."""
    if verdict is None:
        return skipped("")
    if verdict.decision is Decision.ACCEPT:
        return Fate(Outcome.ACCEPTED, "", "", verdict.status, attempts)
    code = "too_large" if verdict.status == 413 else verdict.reason  # noqa: PLR2004 - an HTTP status
    return Fate(Outcome.REJECTED, code, verdict.words or code, verdict.status, attempts)
