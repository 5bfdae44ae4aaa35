"""Dead letters: messages that an API refused, with its words, kept whole so that they can be mended and sent again.

Daily files below `<state_dir>/dead-letters`. A letter is written before its leg's cursor moves; requeueing appends a
line that names the very letters it answers, so that no clock has a say in what still waits. These files hold payloads:
0600, in a folder of 0700.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines_client.state.daily import DailyFile, read_lines
from pipelines_client.state.ledger import DeliveryRecord


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that one leg was refused.

    `body` is the call as JSON. `letter` names this refusal among others of the same message; files of older versions
    have none. `requeued_at` is set in the line that says it was sent again, and `answers` has the letters meant: more
    than one if a crash had the message refused twice.
    """

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
    letter: str | None = None
    answers: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """What a line that answers this letter calls it."""
        return self.letter or self.rejected_at

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
            letter=secrets.token_hex(8),
        )
        for record, body in refused
    ]


def read_dead_letters(directory: Path, *, unreadable: Callable[[Path], object] = lambda _: None) -> list[DeadLetter]:
    """Return the letters that have not been requeued since they were refused, oldest first.

    There is one for each message and leg. `unreadable` is told of each file that is cut or damaged: the letters before
    that place are there.
    """
    refused: dict[tuple[str, str], dict[str, DeadLetter]] = defaultdict(dict)
    answered: dict[tuple[str, str], set[str]] = defaultdict(set)
    latest_old: dict[tuple[str, str], str] = {}
    for fields in read_lines(directory, unreadable=unreadable):
        try:
            letter = DeadLetter(**fields)
            key = (letter.message_id, letter.leg)
            if letter.requeued_at is None:
                refused[key][letter.mark] = letter
                continue
            answered[key].update(letter.answers)
        except TypeError:
            continue  # a torn line: its message is still in the spool, and will be refused again
        if not letter.answers:  # an older version's: it answers what was refused up to the letter that it repeats
            latest_old[key] = max(latest_old.get(key, ""), letter.rejected_at)
    waiting = []
    for key, letters in refused.items():
        still = [
            letter
            for mark, letter in letters.items()
            if mark not in answered[key] and (letter.letter or letter.rejected_at > latest_old.get(key, ""))
        ]
        if still:
            last = max(still, key=lambda letter: letter.rejected_at)
            waiting.append(replace(last, answers=tuple(letter.mark for letter in still)))
    return sorted(waiting, key=lambda letter: letter.rejected_at)


def mark_requeued(directory: Path, letters: Iterable[DeadLetter], *, writer: str, now: datetime, at: str) -> None:
    """Append that the letters were put back into a spool.

    Raises:
        OSError: It cannot be written.
    """
    file = DailyFile(directory, writer)
    file.append([replace(letter, requeued_at=at) for letter in letters], now=now)
    file.close()
