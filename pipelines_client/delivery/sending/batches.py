"""Batches: messages that go in one request, its body, and the fate that an answer gives them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipelines_client.delivery.sending.fates import Fate, skipped
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.state.ledger import Outcome

_TOO_LARGE = 413


@dataclass(slots=True)
class Batch:
    """Entries without a gap that are sent together, and how many times they were sent.

    `until` is the last `seq` of the batch that this one is a part of; 0: it is whole.
    """

    entries: list[Entry]
    attempts: int = 0
    until: int = 0

    @property
    def is_last_part(self) -> bool:
        """Whether nothing is left of the whole batch once this part is settled."""
        return not self.until or self.entries[-1].seq == self.until

    def halves(self, sendable: Sequence[Entry]) -> list[Batch]:
        """Return two batches as a stack: the earlier messages on top."""
        return self.split(sendable, len(sendable) // 2)

    def split(self, sendable: Sequence[Entry], count: int) -> list[Batch]:
        """Return two batches as a stack: on top the one with the first `count` messages that can be sent."""
        middle = sendable[count].seq - self.entries[0].seq
        until = self.until or self.entries[-1].seq
        return [Batch(part, self.attempts, until) for part in (self.entries[middle:], self.entries[:middle])]


def fates_of(answer: ApiAnswer | None, sendable: Sequence[Entry], attempts: int) -> tuple[Fate, dict[int, Fate]]:
    """Return the fate that an answer gives to the messages of its request, and other fates by `seq`.

    `answer` is None if no request was made.
    """
    if answer is None:
        return skipped(""), {}
    if answer.decision is Decision.ACCEPT:
        failed = {
            sendable[place].seq: Fate(Outcome.REJECTED, answer.reason, words or answer.reason, answer.status, attempts)
            for place, words in answer.failed.items()
        }
        return Fate(Outcome.ACCEPTED, "", "", answer.status, attempts), failed
    code = "too_large" if answer.status == _TOO_LARGE else answer.reason
    return Fate(Outcome.REJECTED, code, answer.words or code, answer.status, attempts), {}


def pack(bodies: Sequence[bytes], envelope: tuple[bytes, bytes], *, max_body_bytes: int) -> int:
    """Return how many of the first messages fit into one body; at least 1 of a non-empty sequence."""
    room = max_body_bytes - len(envelope[0]) - len(envelope[1]) + 1  # n messages have n - 1 commas
    ends = list(accumulate(map(len, bodies)))
    fitting = bisect_right(range(1, len(bodies) + 1), room, key=lambda count: ends[count - 1] + count)
    return max(fitting, min(len(bodies), 1))


def body_of(bodies: Sequence[bytes], envelope: tuple[bytes, bytes]) -> bytes:
    """Return the body of one request."""
    return envelope[0] + b",".join(bodies) + envelope[1]
