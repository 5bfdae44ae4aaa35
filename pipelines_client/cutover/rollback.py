"""Whether rolling back is safe: has that leg received everything? Counted in the ledger, never assumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines_client.cutover.gates import Obstacle
from pipelines_client.routing.plan import MEANT_REASONS
from pipelines_client.sides import TITLES
from pipelines_client.state.daily import read_lines
from pipelines_client.state.ledger import Outcome

_KEPT = (Outcome.ACCEPTED.value, Outcome.REJECTED.value)
"""Outcomes after which a message can still be sent again: from the other side, or from the dead letters."""
_REPLAY = "pipelines-client replay --to {leg} --from ledger+archive --archive PATH"


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the leg to roll back to has not received.

    Attributes:
        leg: The leg.
        to_replay: Messages that it never got and that exist elsewhere: replay them first.
        waiting: Messages that wait for it in a spool and go by themselves.
        is_held_up: Whether they have waited for long or the leg is unhealthy, so that it is unknown when they go.
        lost: Messages that no leg got, so a replay cannot send them.
        unread_lines: Lines of the ledger that could not be read: the counts may be too low.
    """

    leg: str
    to_replay: int
    waiting: int
    is_held_up: bool = False
    lost: int = 0
    unread_lines: int = 0

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What blocks a rollback."""
        title, obstacles = TITLES[self.leg], []
        if self.to_replay:
            text = f"{self.to_replay:,} messages never reached {title}; first: {_REPLAY.format(leg=self.leg)}"
            obstacles.append(Obstacle("replay", text, self.leg))
        if self.waiting and self.is_held_up:
            text = f"{self.waiting:,} messages for {title} are held up; repair that leg, or wait"
            obstacles.append(Obstacle("waiting", text, self.leg))
        return tuple(obstacles)

    @property
    def is_safe(self) -> bool:
        """Whether the leg has received everything in the ledger, except what is on its way."""
        return not self.obstacles


def count_way_back(ledgers: Iterable[Path], leg: str, *, waiting: int, is_held_up: bool) -> WayBack:
    """Count the messages that a leg has not received.

    Takes 100 bytes of memory for each of them; the folders of ledgers are read twice.
    """
    folders = list(ledgers)
    lacking: dict[int, bool] = {}  # by hash of the message's id: whether it can be sent again
    unread = 0
    for record in _records(folders):
        if record is None:
            unread += 1
        elif (
            record["leg"] == leg
            and record["outcome"] != Outcome.ACCEPTED.value
            and record["reason"] not in MEANT_REASONS
        ):
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
    """Yield the ledgers' records; None for a line that is not a record."""
    for folder in folders:
        for line in read_lines(folder):
            is_record = isinstance(line, dict) and {"leg", "outcome", "reason", "message_id"} <= line.keys()
            yield line if is_record else None
