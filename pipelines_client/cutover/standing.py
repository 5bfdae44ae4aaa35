"""Where a hand-over stands: from when on, and what each side has taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines_client.clock import iso_utc
from pipelines_client.routing.plan import HANDOVER, Stage
from pipelines_client.sides import CUSTOMERIO, SEGMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines_client.delivery.status import Status
    from pipelines_client.routing.stagefile import StageFile


@dataclass(frozen=True, slots=True)
class HandoverStanding:
    """Where a hand-over stands: what `cutover status` shows of it.

    Attributes:
        at: From when on Customer.io's leg takes messages, as the stage file has it.
        state: `planned`, `in force`, or `over` at `complete`, where Segment takes nothing.
        taken: How many messages Customer.io's leg has taken, accepted or not.
        left: How many it has left to Segment's destination.
        waiting: How many messages wait for each leg now.
    """

    at: str
    state: str
    taken: int
    left: int
    waiting: Mapping[str, int]


def standing_of(file: StageFile, statuses: Sequence[Status], *, now: datetime) -> HandoverStanding | None:
    """Return where the hand-over of a stage file stands; None if it has none."""
    if file.handover is None:
        return None
    at = iso_utc(datetime.fromisoformat(file.handover.at.replace("Z", "+00:00")))
    state = "over" if file.stage is Stage.COMPLETE else "planned" if at > iso_utc(now) else "in force"
    legs = [status.legs[CUSTOMERIO] for status in statuses if CUSTOMERIO in status.legs]
    return HandoverStanding(
        at,
        state,
        sum(leg.recorded - leg.skipped.total() for leg in legs),
        sum(leg.skipped[HANDOVER] for leg in legs),
        {
            name: sum(status.legs[name].pending for status in statuses if name in status.legs)
            for name in (CUSTOMERIO, SEGMENT)
        },
    )
