"""What became of messages on a leg, and the ledger's lines about it. Pure."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from pipelines_client.delivery.spool.entry import Entry, ShowIdentity, describe
from pipelines_client.destinations.base import ApiAnswer
from pipelines_client.state.checksum import closed
from pipelines_client.state.ledger import DeliveryRecord, Outcome

_SENT = (Outcome.ACCEPTED, Outcome.REJECTED)


class Fate(NamedTuple):
    """What became of a message: `code` is one of few, for counts; `reason` may hold the API's words, for people."""

    outcome: Outcome
    code: str = ""
    reason: str = ""
    http_status: int | None = None
    attempts: int = 0


@functools.lru_cache(maxsize=64)
def skipped(reason: str) -> Fate:
    """Return the fate of a message that is not meant for a leg."""
    return Fate(Outcome.SKIPPED, reason, reason)


@functools.lru_cache(maxsize=64)
def dropped(reason: str) -> Fate:
    """Return the fate of a message that is given up here."""
    return Fate(Outcome.DROPPED, reason, reason)


def fates_for(entries: Sequence[Entry], leg: str, fate: Fate, others: Mapping[int, Fate]) -> list[Fate]:
    """Return the fate of each message on a leg: `fate`, unless `others` (by `seq`) or its `skips` say another."""

    def of_skipped(entry: Entry) -> Fate:
        reason = entry.skips.get(leg)
        if reason is None:
            return others.get(entry.seq, fate)
        return dropped(reason) if entry.is_lost else skipped(reason)

    return [of_skipped(entry) if entry.skips else others.get(entry.seq, fate) for entry in entries]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of some messages on one leg: `fates` are in the order of `entries`.

    `destination` is the fingerprint of the leg's host and key.
    `answer` is the API's, None if no request was made.
    """

    leg: str
    writer: str
    destination: str
    finished_at: str
    entries: Sequence[Entry]
    fates: Sequence[Fate]
    show: ShowIdentity
    answer: ApiAnswer | None = None
    sent: Mapping[int, str] = field(default_factory=dict)
    """By `seq` the hash of the payload that was sent, where a cure has changed it."""
    is_batch_done: bool = True
    """Whether nothing more of its batch is to come for now; such a delivery may be empty."""

    @property
    def lines(self) -> bytes:
        """The ledger's lines."""
        describe(self.entries, self.show)
        ends = {fate: self._line_end(fate) for fate in self.counts}
        if len(ends) == 1 and not self.sent:
            (end,) = ends.values()
            return b"".join([closed(entry.facts + end) for entry in self.entries if entry.stamp])
        pairs = zip(self.entries, self.fates, strict=True)
        sent = self._sent_fields
        return b"".join(
            [closed(entry.facts + sent.get(entry.seq, b"") + ends[fate]) for entry, fate in pairs if entry.stamp]
        )

    @property
    def _sent_fields(self) -> Mapping[int, bytes]:
        """What the lines of messages that were sent say besides."""
        pairs = zip(self.entries, self.fates, strict=True)
        sent = [entry.seq for entry, fate in pairs if fate.outcome in _SENT and entry.seq in self.sent]
        return {seq: f',"sent_hash":"{self.sent[seq]}"'.encode() for seq in sent}

    def _line_end(self, fate: Fate) -> bytes:
        return b"," + orjson.dumps(self._closing(fate))[1:-1]

    def _closing(self, fate: Fate) -> dict[str, Any]:
        return {
            "finished_at": self.finished_at,
            "leg": self.leg,
            "outcome": fate.outcome,
            "reason": fate.reason or None,
            "http_status": fate.http_status,
            "attempts": fate.attempts,
            "writer": self.writer,
            "destination": self.destination,
        }

    def bodies(self, *outcomes: Outcome) -> list[bytes]:
        """Return the messages that met one of some outcomes."""
        return [entry.body for entry, _ in self._met(outcomes)]

    def records(self, *outcomes: Outcome) -> list[tuple[DeliveryRecord, bytes]]:
        """Return the ledger's records of messages that met one of some outcomes, each with the message's body."""
        return [(self._record(entry, fate), entry.body) for entry, fate in self._met(outcomes)]

    def _record(self, entry: Entry, fate: Fate) -> DeliveryRecord:
        describe([entry], self.show)
        facts = orjson.loads(entry.facts + b"}")
        sent = self.sent.get(entry.seq) if fate.outcome in _SENT else None
        return DeliveryRecord(**facts, **self._closing(fate), sent_hash=sent)

    def _met(self, outcomes: Sequence[Outcome]) -> Iterator[tuple[Entry, Fate]]:
        if not any(fate.outcome in outcomes for fate in self.counts):
            return  # the usual case: the refusals of each batch are asked for, and there are none
        for entry, fate in zip(self.entries, self.fates, strict=True):
            if fate.outcome in outcomes and not entry.is_lost:
                yield entry, fate

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many messages met each fate; quick for the usual case of one fate for all."""
        first = self.fates[0] if self.fates else None
        if first is not None and self.fates.count(first) == len(self.fates):
            return {first: len(self.fates)}
        return Counter(self.fates)
