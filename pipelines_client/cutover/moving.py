"""One step from stage to stage, checked: the way on by its gates, the way back by what a replay cannot mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.cutover.change import Edits, StageMovedError, change_stage_file
from pipelines_client.cutover.gates import Obstacle, no_stage
from pipelines_client.cutover.journal import BY_HAND, StageChange, current_user
from pipelines_client.cutover.losses import LOST, Losses
from pipelines_client.cutover.memory import remember
from pipelines_client.errors import ConfigError, PipelinesError
from pipelines_client.routing.plan import Stage

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview

_TRIES = 5


class BlockedError(PipelinesError):
    """The stage was not changed.

    Attributes:
        obstacles: Why not.
        summary: What was not done, such as `cannot advance to live`.
    """

    def __init__(self, summary: str, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(f"{summary}; blocked by: {'; '.join(map(str, obstacles))}")
        self.summary = summary
        self.obstacles = tuple(obstacles)

    @property
    def can_be_forced(self) -> bool:
        """Whether `force` with a reason does it anyway."""
        return all(obstacle.can_be_forced for obstacle in self.obstacles)


@dataclass(frozen=True, slots=True)
class Why:
    """Who changes something, why, and whether in spite of obstacles; the journal keeps it."""

    reason: str = ""
    by: str | None = None
    force: bool = False

    def check(self, obstacles: Sequence[Obstacle], summary: str) -> None:
        """Refuse what is blocked and not forced.

        Raises:
            BlockedError: It is blocked.
            ConfigError: It is forced without a reason.
        """
        if obstacles and not (self.force and all(obstacle.can_be_forced for obstacle in obstacles)):
            raise BlockedError(summary, obstacles)
        if obstacles and not self.reason.strip():
            raise ConfigError("a forced change needs a reason: the journal records why (--reason)")

    def line(
        self,
        action: str,
        before: Stage | None,
        after: Stage,
        *,
        detail: str = "",
        obstacles: Sequence[Obstacle] = (),
        losses: Losses | None = None,
        hosts: Sequence[str] = (),
        now: datetime | None = None,
    ) -> StageChange:
        """Return the journal's line of a change; `losses` are accepted by it, and `hosts` were looked at."""
        return StageChange(
            at=iso_utc(now or utc_now()),
            by=self.by or current_user(),
            action=action,
            before=before,
            after=after,
            detail=detail,
            reason=self.reason,
            is_forced=bool(obstacles),
            in_the_way=tuple(map(str, obstacles)),
            accepted=losses.marks if losses else (),
            accepted_counts=losses.counts if losses else (),
            hosts=tuple(hosts),
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """A step: the journal's line, whether it is new or the stage was there already, and what was seen before it."""

    change: StageChange
    is_new: bool
    overview: Overview


@dataclass(frozen=True, slots=True)
class Way:
    """A direction: 1 is on, -1 is back; and how its command is called in the journal and in a refusal."""

    steps: int
    action: str
    words: str
    end: str

    def obstacles(self, overview: Overview) -> tuple[Obstacle, ...]:
        """Return what blocks a step in this direction."""
        return overview.obstacles if self.steps > 0 else overview.obstacles_back

    def edits(self, overview: Overview, target: Stage) -> Edits:
        """Return what a step changes in the file: on the way on, also the share that the file plans."""
        step = overview.situation.file.plan.get(target) if self.steps > 0 else None
        if step is None or step.share is None or target.partial is None:
            return {("stage",): target.value}
        return {("stage",): target.value, (target.partial, "share"): step.share}


ON = Way(1, "advance", "advance", "last")
BACK = Way(-1, "rollback", "roll back", "first")


def move(
    way: Way,
    stage_file: Path,
    *,
    states: Sequence[Path],
    history: Path | None,
    to: Stage | None,
    why: Why,
    now: datetime | None = None,
    begun_at: datetime | None = None,
) -> Moved:
    """Go one stage on or back, from the stage that was there at `begun_at`; None for the time of the call.

    Of two that do the same at once, one changes the stage, and the other finds it changed and leaves it so.

    Raises:
        BlockedError, ConfigError, StageFileError, LedgerError, SourceError: See `actions.advance`.
    """
    from pipelines_client.cutover.overview import look  # it reads the parity history, which needs the extra

    begun, target, is_given = iso_utc(begun_at or now or utc_now()), to, to is not None
    for _ in range(_TRIES):
        overview = look(stage_file, states, history, now=now or utc_now())
        before, following = overview.stage, overview.stage.moved(way.steps)
        read_at = iso_utc(max(now or utc_now(), utc_now()))  # after the journal, to which others add meanwhile
        target = target or overview.journal.stage_at(begun, before, now=read_at).moved(way.steps)
        if target is None:
            raise BlockedError(f"cannot {way.words}", [no_stage(before, way.end)])
        if before is target:
            return Moved(_led_here(overview), is_new=False, overview=overview)
        if following is not target:
            raise _not_next(way, before, target) if is_given else _changed_meanwhile(way, before, target)
        obstacles = way.obstacles(overview)
        why.check(obstacles, f"cannot {way.words} to {target.value}")
        losses = overview.losses if any(each.kind == LOST for each in obstacles) else None  # forced is accepted
        hosts = overview.looked.hosts
        change = why.line(way.action, before, target, obstacles=obstacles, losses=losses, hosts=hosts, now=now)
        try:
            change_stage_file(stage_file, way.edits(overview, target), change)
        except StageMovedError:
            is_given = False  # what was asked for was right when it was asked
            continue
        remember(overview.journal.with_line(change), stage_file, states)
        return Moved(change, is_new=True, overview=overview)
    raise StageMovedError(f"{stage_file} changes all the time; look again (cutover status)")


def _led_here(overview: Overview) -> StageChange:
    """Return the line of the journal that led to the present stage; now, if a file of another clock has none."""
    found = StageChange(at=iso_utc(utc_now()), by="unknown", action=BY_HAND, before=None, after=overview.stage)
    return overview.journal.began(overview.stage) or found


def _not_next(way: Way, before: Stage, target: Stage) -> ConfigError:
    following = before.moved(way.steps)
    cure = f"the next one is {following.value}" if following else f"{before.value} is the {way.end} stage"
    return ConfigError(f"cannot {way.words} from {before.value} to {target.value}; {cure}")


def _changed_meanwhile(way: Way, stage: Stage, target: Stage) -> BlockedError:
    """Return that the stage is another one than when the command was started."""
    text = f"another command or person changed the stage to {stage.value} just now; look at it, and give --to"
    return BlockedError(f"cannot {way.words} to {target.value}", [Obstacle("stage", text, can_be_forced=False)])
