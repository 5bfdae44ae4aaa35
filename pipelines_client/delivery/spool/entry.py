"""A message as the log keeps it, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from pipelines_client.message.build import Message

_LEFT_OPEN = -1  # the closing brace
_WHOLE = b'{"message_id"'
ShowIdentity = Callable[[str | None], str | None]
"""Makes of an identity in clear what the ledger shows."""


@dataclass(slots=True)
class Entry:
    """A message in the log, or with `seq` 0 what a file of the log says of itself.

    `seq` is its number; `end` the bytes of all bodies up to its own, since the log began. `stamp` is a JSON object,
    left open: what the ledger says of it that its body does not, or, from older versions and for what is sent again,
    all that the ledger says of it on any leg; empty where nobody will ask. `skips` is why, by leg, it is not for a leg.
    `message` is at hand until it was described, if this process has built it. `facts` is what the ledger says of it on
    any leg, a JSON object left open for what became of it there, once `describe` has spelled it.
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
        """Whether the log's file was damaged here: nothing is known of the message but that there was one."""
        return not self.body

    def stamped(self) -> dict[str, Any]:
        """Return the stamp's columns: `appended_at` and `stage` at least, if there is one."""
        known: dict[str, Any] = orjson.loads(self.stamp + b"}") if self.stamp else {}
        return known


def stamp_of(message: Message, *, stage: str) -> bytes:
    """Return the stamp of a message that this process has built. `stage` is a word of ours, without quotes."""
    return f'{{"stage":"{stage}","appended_at":"{message.built_at}"'.encode()


def facts_of(
    message_id: str,
    kind: str,
    event: str | None,
    identity: str | None,
    occurred_at: str,
    appended_at: str,
    payload_hash: str,
    body_bytes: int,
    stage: str,
) -> bytes:
    """Return what the ledger will say of a message, whatever the leg; the columns are those of a `DeliveryRecord`."""
    known = {
        "message_id": message_id,
        "type": kind,
        "event": event,
        "identity": identity,
        "occurred_at": occurred_at,
        "appended_at": appended_at,
        "payload_hash": payload_hash,
        "body_bytes": body_bytes,
        "stage": stage,
    }
    return orjson.dumps(known)[:_LEFT_OPEN]
