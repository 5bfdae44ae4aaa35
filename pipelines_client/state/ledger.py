"""The ledger: what became of each message on each leg, in append-only files without payloads.

One line of JSON per message and leg in `<state_dir>/ledger/<UTC date>/<writer>.jsonl`, written when its fate is final
and before the spool's cursor moves: a crash between the two repeats a record and never loses one, so readers keep the
last one per message and leg. A message that has a record for one leg and none for another is still in a spool there.
Each line ends with a check sum (`state.checksum`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines_client.errors import StateDamagedError
from pipelines_client.state.daily import DailyFile, read_lines
from pipelines_client.state.guarded import guarded


class Outcome(str, enum.Enum):
    """The final fate of a message on one leg. A str: ledger lines and cursors are written from it."""

    ACCEPTED = "accepted"  # the API answered 2xx; what that proves is FACTS C3 and S3
    REJECTED = "rejected"  # the API refused it, in its own words
    DROPPED = "dropped"  # given up here: not sent, or no longer kept
    SKIPPED = "skipped"  # not meant for this leg


REFUSED_REASONS = frozenset(("before_send", "too_large", "invalid_message_id"))
"""Reasons for which a call is never taken, whichever legs there are."""
_MEANT_REASONS = REFUSED_REASONS | {
    *("reserved_name", "empty_event", "denied", "no_person"),
    "consent",  # the person has not agreed
    "handover",  # Segment's Customer.io destination has forwarded it
}
_BY_US = (Outcome.SKIPPED.value, Outcome.DROPPED.value)


def is_meant(outcome: object, reason: object) -> bool:
    """Return whether a leg never gets a message with this outcome and reason, at any stage.

    The reason of a message that an API rejected is the API's words, never one of ours.
    """
    return outcome in _BY_US and reason in _MEANT_REASONS


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of one message on one leg.

    Instants are ISO-8601 UTC text with milliseconds. `identity` is a keyed hash (see `hash_identity`) unless the
    setting `ledger_identity` is "plain". `payload_hash` is `canonical.payload_hash` of properties or traits.
    `destination` is the fingerprint of the host and key that the outcome is about; empty in records of versions that
    did not write it. `integrations` are the call's own, without the options in them; None, and left out of the line, if
    it has none: Customer.io's files lack them, and a replay out of these gives them back. `sent_hash` is that of the
    payload which was sent, where a cure has changed it; None, and left out, where the recorded one was.
    """

    message_id: str
    type: str
    event: str | None
    identity: str | None
    occurred_at: str
    appended_at: str
    finished_at: str
    leg: str
    outcome: Outcome
    reason: str | None
    http_status: int | None
    attempts: int
    body_bytes: int
    payload_hash: str
    stage: str
    writer: str
    destination: str = ""
    integrations: Mapping[str, Any] | None = None
    sent_hash: str | None = None


class LedgerWriter(DailyFile):
    """Appends records, as lines, to the daily file of one writer. If that fails, the spool may settle none of them."""


@dataclass(frozen=True, slots=True)
class LedgerContents:
    """Records in file order, and the number of lines that could not be read: a kill tears the last line."""

    records: list[DeliveryRecord]
    torn_lines: int


def read_ledger(directory: Path) -> LedgerContents:
    """Read every ledger file below a directory into memory; parity streams them instead.

    A record may be there twice; the last one per message and leg counts.
    """
    records: list[DeliveryRecord] = []
    torn = 0
    for fields in read_lines(directory):
        try:
            records.append(guarded(_record, fields, path=directory))
        except StateDamagedError:
            torn += 1
    return LedgerContents(records, torn)


def _record(fields: Any) -> DeliveryRecord:
    fields.pop("crc32", None)
    return DeliveryRecord(**{**fields, "outcome": Outcome(fields["outcome"])})
