"""Dead letters: messages that an API refused, complete and with its words, to be corrected and sent again.

Daily files below `<state_dir>/dead-letters`. A letter is written before its leg's cursor moves. Requeueing appends a
line that names the letters it answers, so what still waits does not depend on a clock. These files hold payloads:
0600, in a folder of 0700.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from pipelines_client.errors import StateDamagedError
from pipelines_client.state.daily import DailyFile, read_lines
from pipelines_client.state.guarded import guarded
from pipelines_client.state.ledger import DeliveryRecord

_rejected_at = attrgetter("rejected_at")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that the API of one leg refused.

    `body` is the call as JSON. `letter` names this refusal among others of the same message,
    and `destination` is the fingerprint of the host and key that refused it (empty: unknown). `requeued_at` is set in
    the line that says it was sent again; there, `answers` names the letters that were meant: more than one if a crash
    had the message refused twice.
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
    letter: str
    destination: str = ""
    requeued_at: str | None = None
    answers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def opened(self) -> dict[str, Any]:
        """Return plain values with the call as JSON values; a damaged call stays text."""
        try:
            return {**self.as_dict(), "body": json.loads(self.body)}
        except ValueError:
            return self.as_dict()


def letters_of(refused: Iterable[tuple[DeliveryRecord, bytes]], *, destination: str) -> list[DeadLetter]:
    """Return a letter for each message that a destination refused, given as its record and its body."""
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
            destination=destination,
        )
        for record, body in refused
    ]


class Letters(NamedTuple):
    """Dead letters, oldest first, one for each message and leg: the last one, with the names of all in `answers`.

    `listed` have not been requeued since they were refused; `put_back` have.
    """

    listed: list[DeadLetter]
    put_back: list[DeadLetter]


def read_dead_letters(directory: Path, *, unreadable: Callable[[Path], object] = lambda _: None) -> list[DeadLetter]:
    """Return the letters that have not been requeued since they were refused; see `read_letters`."""
    return read_letters(directory, unreadable=unreadable).listed


def read_letters(directory: Path, *, unreadable: Callable[[Path], object] = lambda _: None) -> Letters:
    """Read all letters.

    `unreadable` is called with each file that is cut or damaged; the letters before that place are returned.
    """
    refused: dict[tuple[str, str], list[DeadLetter]] = defaultdict(list)
    answered: set[str] = set()
    for fields in read_lines(directory, unreadable=unreadable):
        try:
            letter = guarded(_letter, fields, path=directory)
        except StateDamagedError:
            continue  # a torn line: its message is still in the spool, and will be refused again
        if letter.requeued_at is None:
            refused[letter.message_id, letter.leg].append(letter)
        else:
            answered.update(letter.answers)
    found = Letters([], [])
    for letters in refused.values():
        left = [letter for letter in letters if letter.letter not in answered]
        last = max(left or letters, key=_rejected_at)
        last = replace(last, answers=tuple(letter.letter for letter in left or letters))
        (found.listed if left else found.put_back).append(last)
    return Letters(*(sorted(each, key=_rejected_at) for each in found))


def _letter(fields: Any) -> DeadLetter:
    letter = DeadLetter(**{**fields, "answers": tuple(map(str, fields.get("answers", ())))})
    texts = letter.message_id, letter.leg, letter.type, letter.rejected_at, letter.body, letter.letter
    perhaps = letter.event, letter.identity, letter.reason, letter.requeued_at, letter.destination
    if not all(isinstance(text, str) for text in (*texts, *(text for text in perhaps if text is not None))):
        raise TypeError
    return letter


def select(
    letters: Iterable[DeadLetter],
    *,
    leg: str | None = None,
    event: str | None = None,
    reason: str | None = None,
    message_ids: Collection[str] | None = None,
) -> list[DeadLetter]:
    """Return the letters that meet every condition given; `reason` is a part of the API's words."""
    return [
        letter
        for letter in letters
        if (leg is None or letter.leg == leg)
        and (event is None or letter.event == event)
        and (reason is None or reason in (letter.reason or ""))
        and (not message_ids or letter.message_id in message_ids)
    ]


def count_by_reason(letters: Iterable[DeadLetter]) -> Counter[tuple[str, str, str]]:
    """Count letters by leg, event (or type of call) and the API's words."""
    return Counter((letter.leg, letter.event or letter.type, letter.reason or "") for letter in letters)


def mark_requeued(directory: Path, letters: Iterable[DeadLetter], *, writer: str, now: datetime, at: str) -> None:
    """Append that the letters were put back into a spool.

    Raises:
        OSError: It cannot be written.
    """
    file = DailyFile(directory, writer)
    file.append_rows([replace(letter, requeued_at=at) for letter in letters], now=now)
    file.close()
