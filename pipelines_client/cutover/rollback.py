"""Whether the way back is safe: has the leg to go back to received everything? Counted in the ledger, never assumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines_client.state.daily import read_lines
from pipelines_client.state.ledger import Outcome

_MEANT = frozenset(("reserved_name", "empty_event", "before_send", "denied"))
"""Why a leg may lack a message for good, at every stage."""
_KEPT = (Outcome.ACCEPTED.value, Outcome.REJECTED.value)
"""Outcomes after which a message can still be had: from the other side, or from the dead letters."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the leg to go back to lacks.

    Attributes:
        leg: The leg.
        to_replay: Messages that it never got and that can be had elsewhere: to be replayed first.
        waiting: Messages that wait in a spool for it and go by themselves.
        is_held_up: Whether they have waited for long, or the leg is not well: then nobody knows when they will go.
        lost: Messages that no leg got, so that nothing can be done.
        unread_lines: Lines of the ledger that could not be read, so that the counts may be too low.
    """

    leg: str
    to_replay: int
    waiting: int
    is_held_up: bool = False
    lost: int = 0
    unread_lines: int = 0

    @property
    def is_safe(self) -> bool:
        """Whether the leg has received everything, as far as the ledger goes, but for what is just on its way."""
        return not (self.to_replay or (self.waiting and self.is_held_up))


def count_way_back(ledgers: Iterable[Path], leg: str, *, waiting: int, is_held_up: bool) -> WayBack:
    """Count what a leg lacks.

    Memory is 100 bytes for each message that it lacks; the ledgers are read twice.

    Args:
        ledgers: Folders of ledgers.
        leg: The leg to go back to.
        waiting: Messages that wait for it, as the writers' status says.
        is_held_up: Whether they have waited for long, or the leg is not well.
    """
    folders = list(ledgers)
    lacking: dict[int, bool] = {}  # by hash of the message's id: whether it can be had elsewhere
    unread = 0
    for record in _records(folders):
        if record is None:
            unread += 1
        elif record["leg"] == leg and record["outcome"] != Outcome.ACCEPTED.value and record["reason"] not in _MEANT:
            id_ = hash(record["message_id"])
            lacking[id_] = lacking.get(id_, False) or record["outcome"] in _KEPT
    for record in _records(folders) if lacking else ():
        if record is None or (id_ := hash(record["message_id"])) not in lacking:
            continue
        if record["leg"] != leg:
            lacking[id_] = lacking[id_] or record["outcome"] in _KEPT
        elif record["outcome"] == Outcome.ACCEPTED.value:
            del lacking[id_]  # it was replayed
    to_replay = sum(lacking.values())
    return WayBack(leg, to_replay, waiting, is_held_up, len(lacking) - to_replay, unread)


def _records(folders: Iterable[Path]) -> Iterator[dict[str, Any] | None]:
    """Yield the ledgers' records; None for a line that is none."""
    for folder in folders:
        for line in read_lines(folder):
            is_record = isinstance(line, dict) and {"leg", "outcome", "reason", "message_id"} <= line.keys()
            yield line if is_record else None
