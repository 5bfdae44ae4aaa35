"""What blocks the next stage: an ordered tuple of checks. Pure.

A gate is closed unless it is known to be open: no parity history, no recent run, a process without a stage, a ledger
with a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import StageFile
from pipelines_client.sides import CUSTOMERIO, SEGMENT
from pipelines_client.wording import plural

PASSING_DAYS: Mapping[Stage, int] = {Stage.SEGMENT: 0, Stage.SHADOW: 3, Stage.DUAL: 14, Stage.LIVE: 7}
"""Days in a row with a passing parity report that it takes to leave a stage, unless the stage file says otherwise."""


_LAG_S = 60.0  # a message that has waited longer than this is held up


class Obstacle(NamedTuple):
    """What blocks a change of stage: the gate, the evidence with what to do, and the leg if it is about one."""

    kind: str
    text: str
    side: str | None = None
    can_be_forced: bool = True

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class PassingDays:
    """Passing days in a row at the present stage, up to now, why there are not more, and what says so."""

    days: int = 0
    reason: str = "no parity report yet"
    looked_at: str = ""


@dataclass(frozen=True, slots=True)
class LegHealth:
    """A leg, over all processes: its state, one of `delivery.status.STATES`, and what waits."""

    state: str = "ok"
    pending: int = 0
    lag_s: float | None = None
    is_balanced: bool = True
    last_success_at: str | None = None
    last_error: str | None = None

    @property
    def is_held_up(self) -> bool:
        """Whether its messages wait for long, or for a leg that does not work: it is unknown when they go."""
        return self.state != "ok" or (self.lag_s or 0.0) > _LAG_S


@dataclass(frozen=True, slots=True)
class ProcessStage:
    """The stage that a running process works at, or why it cannot use the stage file.

    `silence` says which process it is and for how long it was not heard; None: it was heard lately. `apart` says why it
    does not go by the stage file, though its stage may be the same; empty: it does.
    """

    stage: str | None
    error: str | None = None
    silence: str | None = None
    name: str = ""
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision rests on."""

    file: StageFile
    today: date
    passing: PassingDays
    legs: Mapping[str, LegHealth]
    processes: Sequence[ProcessStage] = ()
    gaps: Sequence[str] = ()
    """What is missing of the evidence, in words with the cure."""

    @property
    def is_flowing(self) -> bool:
        """Whether a process runs, as far as was heard."""
        return any(process.silence is None for process in self.processes)


def no_stage(stage: Stage, place: str) -> Obstacle:
    """Return that there is no stage to go to, from the `first` or `last` one."""
    return Obstacle("stage", f"{stage.value} is the {place} stage", can_be_forced=False)


def passing_days_needed(file: StageFile, stage: Stage) -> int:
    """Return how many passing days it takes to leave a stage."""
    step = file.plan.get(stage)
    days = None if step is None else step.passing_days
    return PASSING_DAYS.get(stage, 0) if days is None else days


def find_obstacles(situation: Situation) -> list[Obstacle]:
    """Return what blocks the next stage; an empty list if it may begin."""
    stage = situation.file.stage
    target = stage.moved(1)
    if target is None:
        return [no_stage(stage, "last")]
    return [obstacle for gate in GATES for obstacle in gate(situation, target)]


def find_obstacles_back(situation: Situation) -> list[Obstacle]:
    """Return what blocks the stage before, besides what Segment lacks (`rollback.WayBack`)."""
    target = situation.file.stage.moved(-1)
    if target is None:
        return [no_stage(situation.file.stage, "first")]
    counting = [obstacle for obstacle in _switch(situation, target) if obstacle.side == target.authoritative]
    return [*counting, *without_a_leg(situation.file, target)]


def without_a_leg(file: StageFile, stage: Stage) -> list[Obstacle]:
    """Return which deny lists leave messages without a leg at a stage: the other leg does not take everything."""
    obstacles = []
    for leg, other in ((CUSTOMERIO, SEGMENT), (SEGMENT, CUSTOMERIO)):
        if leg == stage.left_out or _takes_all(file, other, stage) or not _denied_by_one(file, leg, other):
            continue
        what = "takes nothing" if other == stage.left_out else "takes only a share of people"
        text = f"no leg would take what is on the deny list of {leg}: at {stage.value}, {other} {what}"
        obstacles.append(Obstacle("deny", text, leg))
    return obstacles


def _denied_by_one(file: StageFile, leg: str, other: str) -> bool:
    """Return whether a leg denies what the other does not: what both deny is meant for none."""
    ours, theirs = getattr(file, leg).deny, getattr(file, other).deny
    return any(getattr(ours, name) - getattr(theirs, name) for name in ("events", "tenants", "ids"))


def _takes_all(file: StageFile, leg: str, stage: Stage) -> bool:
    rules = getattr(file, leg)
    if leg == stage.left_out or rules.switch is Switch.DISCARD:
        return False
    return leg != stage.partial or rules.share == 1


def _parity(situation: Situation, _: Stage) -> Iterator[Obstacle]:
    stage = situation.file.stage
    needed = passing_days_needed(situation.file, stage)
    if situation.passing.days < needed:
        days = plural(needed, "passing day")
        looked_at = f" ({situation.passing.looked_at})" if situation.passing.looked_at else ""
        yield Obstacle("parity", f"{stage.value} needs {days}: {situation.passing.reason}{looked_at}")


def _date(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    step = situation.file.plan.get(target)
    if step is not None and step.begins is not None and step.begins > situation.today:
        yield Obstacle("date", f"{target.value} is planned to begin on {step.begins}")


def _health(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    for leg in legs_of(target):
        health = situation.legs.get(leg, LegHealth())
        if health.state != "ok" and _switch_of(situation, leg) is Switch.ON:
            why = f" ({health.last_error})" if health.last_error else ""
            yield Obstacle("health", f"{leg} is {health.state}{why}", leg)
        if not health.is_balanced:
            yield Obstacle("health", f"{leg}: recorded differs from pending + outcomes; please report this", leg)


def _switch(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    for leg in legs_of(target):
        switch = _switch_of(situation, leg)
        if switch is not Switch.ON:
            yield Obstacle("switch", f"{leg} is switched to {switch.value}", leg)


def _waiting(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    for leg in legs_of(target):
        health = situation.legs.get(leg, LegHealth())
        if health.is_held_up and health.state == "ok":
            text = f"{health.pending:,} messages wait for {leg}, the oldest for {health.lag_s or 0:,.0f} s"
            yield Obstacle("waiting", text, leg)


def _evidence(situation: Situation, _: Stage) -> Iterator[Obstacle]:
    for gap in situation.gaps:
        yield Obstacle("evidence", gap)


def _processes(situation: Situation, _: Stage) -> Iterator[Obstacle]:
    broken = Counter(process.error for process in situation.processes if process.error and not process.silence)
    for error, count in sorted(broken.items()):
        yield Obstacle("processes", f"running processes that cannot use the stage file: {count} ({error})")
    for process in situation.processes:
        if process.apart and not process.error and not process.silence:
            yield Obstacle("processes", f"{process.name} {process.apart}")
    elsewhere = Counter(
        process.stage or "unknown"
        for process in situation.processes
        if not (process.error or process.silence or process.apart) and process.stage != situation.file.stage.value
    )
    for stage, count in sorted(elsewhere.items()):
        yield Obstacle(
            "processes",
            f"running processes that still use stage {stage}: {count}; wait `stage_poll_s` seconds, "
            "or point them to this stage file",
        )


def _deny(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    """A deny list of the leg that will count is fine while the other leg takes what is on it, and a loss after."""
    file, counting = situation.file, target.authoritative
    if counting != file.stage.authoritative and getattr(file, counting).deny:
        text = f"{counting} will count at {target.value}, and its deny list keeps messages from it"
        yield Obstacle("deny", text, counting)
    else:
        yield from without_a_leg(file, target)


GATES: tuple[Callable[[Situation, Stage], Iterator[Obstacle]], ...] = (
    _parity,
    _date,
    _health,
    _waiting,
    _switch,
    _processes,
    _evidence,
    _deny,
)
"""All gates, in the order in which their obstacles are listed: each takes the situation and the next stage."""


def legs_of(stage: Stage) -> tuple[str, ...]:
    """Return the legs that a stage relies on: those that it does not leave out."""
    return tuple(leg for leg in (CUSTOMERIO, SEGMENT) if leg != stage.left_out)


def _switch_of(situation: Situation, leg: str) -> Switch:
    switch: Switch | None = getattr(situation.file, leg).switch
    return switch or Switch.ON
