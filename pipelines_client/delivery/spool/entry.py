"""A message as the log keeps it, and what the ledger will say of it on any leg. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from pipelines_client._scan import facts_of
from pipelines_client.canonical import hash_all_sorted
from pipelines_client.identity import ShownIdentity
from pipelines_client.message.build import Message, reread

_LEFT_OPEN = -1  # the closing brace
_COMPLETE = b'{"message_id"'
ShowIdentity = Callable[[str | None], str | None]
"""Turns an identity in clear into what the ledger shows."""


@dataclass(slots=True)
class Entry:
    """A message in the log; `seq` 0 is the header of a log file.

    Attributes:
        seq: Its number.
        end: The bytes of all bodies since the log began, its own included.
        stamp: A JSON object without its closing brace: what the ledger says of the message and its body does not. For a
            message that is sent again, all that the ledger says of it (`MessageFacts`). Empty if no ledger is kept.
        body: The message's JSON.
        skips: Why it is not for a leg, by leg; and by `FORWARDING`, why it may not be forwarded.
        message: The message, until it is described, if this process has built it.
        facts: What the ledger says of it on any leg, a JSON object without its closing brace; filled by `describe`.
    """

    seq: int
    end: int
    stamp: bytes
    body: bytes
    skips: Mapping[str, str]
    message: Message | None = field(default=None, compare=False)
    facts: bytes = field(default=b"", compare=False)

    @property
    def is_lost(self) -> bool:
        """Whether the log was damaged here: a message was there, and its content is unknown."""
        return not self.body

    def stamped(self) -> dict[str, Any]:
        """Return the stamp's fields: `appended_at` and `stage` at least, if there is a stamp."""
        known: dict[str, Any] = orjson.loads(self.stamp + b"}") if self.stamp else {}
        return known


class MessageFacts(NamedTuple):
    """What the ledger says of a message on any leg; the fields are those of a `DeliveryRecord`."""

    message_id: str
    type: str
    event: str | None
    identity: str | None
    occurred_at: str
    payload_hash: str
    body_bytes: int
    stage: str
    appended_at: str
    integrations: Mapping[str, Any] | None = None

    def as_stamp(self) -> bytes:
        """Return the stamp of a message that is sent again."""
        fields = self._asdict()
        if not self.integrations:
            del fields["integrations"]
        return orjson.dumps(fields)[:_LEFT_OPEN]


def without_gaps(found: Sequence[Entry], seq: int, end: int, last_seq: int, *, skips: Mapping[str, str]) -> list[Entry]:
    """Return the entries from `seq` to `last_seq`, in order: those that were found, and lost ones between them.

    Args:
        found: In order; one may be there twice.
        seq: The first number.
        end: The bytes of all bodies before it.
        last_seq: The last number.
        skips: What lost ones say.
    """
    entries: list[Entry] = []
    for entry in (*found, None):
        until = entry.seq if entry is not None else last_seq + 1
        if until < seq + len(entries):
            continue
        entries += [Entry(lost, end, b"", b"", skips) for lost in range(seq + len(entries), until)]
        if entry is not None:
            entries.append(entry)
            end = entry.end
    return entries


def stamp_of(message: Message, *, stage: str) -> bytes:
    """Return the stamp of a message that this process has built. `stage` is one of our words, without quotes."""
    return b'%b%b"' % (stamp_before(stage), message.built_at.encode())


def stamp_before(stage: str) -> bytes:
    """Return the beginning of such a stamp; the instant at which the message was built, and a quote, end it."""
    return f'{{"stage":"{stage}","appended_at":"'.encode()


def describe(entries: Iterable[Entry], show: ShowIdentity) -> None:
    """Fill in the `facts` of entries that have none: in the first sender that needs them, not in `track()`."""
    new = []
    for entry in entries:
        if entry.stamp.startswith(_COMPLETE):
            entry.facts = entry.stamp
        elif entry.stamp and not entry.facts:
            new.append(entry)
    if isinstance(show, ShownIdentity) and show.key and not show.is_plain:
        new = _left_by_library(new, show.key)
    messages = [entry.message or reread(entry.body, built_at=entry.stamped()["appended_at"]) for entry in new]
    hashes = hash_all_sorted([message.payload for message in messages])
    for entry, message, payload_hash in zip(new, messages, hashes, strict=True):
        known: dict[str, Any] = {
            "message_id": message.message_id,
            "type": message.type,
            "event": message.event,
            "identity": show(message.identity),
            "occurred_at": message.occurred_at,
            "payload_hash": payload_hash,
            "body_bytes": len(message.body),
        }
        integrations = message.integrations
        if integrations is not None:
            known["integrations"] = integrations
        entry.facts = orjson.dumps(known)[:_LEFT_OPEN] + b"," + entry.stamp[1:]
        entry.message = None


def _left_by_library(entries: list[Entry], key: bytes) -> list[Entry]:
    """Describe usual messages by the native library, if it is there; return the others."""
    found = facts_of([part for entry in entries for part in (entry.stamp, entry.body)], key)
    for entry, facts in zip(entries, found, strict=True):
        if facts:
            entry.facts, entry.message = facts, None
    return [entry for entry in entries if not entry.facts]
