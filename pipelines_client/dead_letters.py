"""Dead letters: messages that an API refused, with its words, kept whole so that they can be mended and sent again.

Daily files below `<state_dir>/dead-letters`. A letter is written before its leg's cursor moves; requeueing appends a
line that says so; the later of the two counts. These files hold payloads: 0600, in a folder of 0700.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines_client.daily import DailyFile, read_lines
from pipelines_client.ledger import DeliveryRecord


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that one leg was refused. `body` is the call as JSON; `requeued_at` is set once it was sent again."""

    message_id: str
    leg: str
    type: str
    event: str | None
    identity: str | None
    occurred_at: str
    rejected_at: str
    reason: str | None
    http_status: int | None
    payload_hash: str
    body: str
    requeued_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def letters_of(refused: Iterable[tuple[DeliveryRecord, bytes]]) -> list[DeadLetter]:
    """Return the letters for records of refusals, each beside the body it is about."""
    return [
        DeadLetter(
            message_id=record.message_id,
            leg=record.leg,
            type=record.type,
            event=record.event,
            identity=record.identity,
            occurred_at=record.occurred_at,
            rejected_at=record.finished_at,
            reason=record.reason,
            http_status=record.http_status,
            payload_hash=record.payload_hash,
            body=body.decode("utf-8", "replace"),
        )
        for record, body in refused
    ]


def read_dead_letters(directory: Path) -> list[DeadLetter]:
    """Return the letters that have not been requeued since they were refused, oldest first."""
    refused: dict[tuple[str, str], DeadLetter] = {}
    requeued: dict[tuple[str, str], str] = {}
    for fields in read_lines(directory):
        try:
            letter = DeadLetter(**fields)
        except TypeError:
            continue  # a torn line: its message is still in the spool, and will be refused again
        key = (letter.message_id, letter.leg)
        if letter.requeued_at is not None:
            requeued[key] = max(requeued.get(key, ""), letter.requeued_at)
        elif key not in refused or refused[key].rejected_at <= letter.rejected_at:
            refused[key] = letter
    waiting = (letter for key, letter in refused.items() if requeued.get(key, "") < letter.rejected_at)
    return sorted(waiting, key=lambda letter: letter.rejected_at)


def mark_requeued(directory: Path, letters: Iterable[DeadLetter], *, writer: str, now: datetime, at: str) -> None:
    """Append that the letters were put back into a spool.

    Raises:
        OSError: It cannot be written.
    """
    file = DailyFile(directory, writer)
    file.append([replace(letter, requeued_at=at) for letter in letters], now=now)
    file.close()
