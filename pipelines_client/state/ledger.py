"""The ledger: what became of each message on each leg, in append-only files without payloads.

One line of JSON per message and leg in `<state_dir>/ledger/<UTC date>/<writer>.jsonl`, written when its fate is final
and before the spool's cursor moves: a crash between the two repeats a record and never loses one, so readers keep the
last one per message and leg. A message that has a record for one leg and none for another is still in a spool there.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from pipelines_client.state.daily import DailyFile, read_lines


class Outcome(str, enum.Enum):
    """The final fate of a message on one leg. A str: ledger lines and cursors are written from it."""

    ACCEPTED = "accepted"  # the API answered 2xx; what that proves is FACTS C3 and S3
    REJECTED = "rejected"  # the API refused it, in its own words
    DROPPED = "dropped"  # given up here: not sent, or no longer kept
    SKIPPED = "skipped"  # not meant for this leg


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of one message on one leg.

    Instants are ISO-8601 UTC text with milliseconds. `identity` is a keyed hash (see `hash_identity`) unless the
    setting `ledger_identity` is "plain". `payload_hash` is `canonical.payload_hash` of properties or traits.
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
            records.append(DeliveryRecord(**{**fields, "outcome": Outcome(fields["outcome"])}))
        except (ValueError, KeyError, TypeError):
            torn += 1
    return LedgerContents(records, torn)
