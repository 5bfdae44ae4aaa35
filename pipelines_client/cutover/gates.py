"""What blocks the next stage: an ordered tuple of checks. Pure.

A gate is closed unless it is known to be open: no parity history, no recent run, a process without a stage.
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

PASSING_DAYS: Mapping[Stage, int] = {Stage.SEGMENT: 0, Stage.SHADOW: 3, Stage.DUAL: 14, Stage.LIVE: 7}
"""Days in a row with a passing parity report that it takes to leave a stage, unless the stage file says otherwise."""


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
    """Passing days in a row at the present stage, up to now, and why there are not more."""

    days: int = 0
    reason: str = "no parity report yet"


@dataclass(frozen=True, slots=True)
class LegHealth:
    """A leg, over all processes: its state, one of `delivery.status.STATES`, and what waits."""

    state: str = "ok"
    pending: int = 0
    lag_s: float | None = None
    is_balanced: bool = True
    last_success_at: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessStage:
    """The stage that a running process works at, or why it cannot use the stage file."""

    stage: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision rests on."""

    file: StageFile
    today: date
    passing: PassingDays
    legs: Mapping[str, LegHealth]
    processes: Sequence[ProcessStage] = ()


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


def _parity(situation: Situation, _: Stage) -> Iterator[Obstacle]:
    stage = situation.file.stage
    needed = passing_days_needed(situation.file, stage)
    if situation.passing.days < needed:
        days = f"{needed} passing day{'s' * (needed != 1)}"
        yield Obstacle("parity", f"{stage.value} needs {days}: {situation.passing.reason}")


def _date(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    step = situation.file.plan.get(target)
    if step is not None and step.begins is not None and step.begins > situation.today:
        yield Obstacle("date", f"{target.value} is planned to begin on {step.begins}")


def _health(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    for leg in _legs_of(target):
        health = situation.legs.get(leg, LegHealth())
        if health.state != "ok" and _switch_of(situation, leg) is Switch.ON:
            why = f" ({health.last_error})" if health.last_error else ""
            yield Obstacle("health", f"{leg} is {health.state}{why}", leg)
        if not health.is_balanced:
            yield Obstacle("health", f"{leg}: recorded differs from pending + outcomes; please report this", leg)


def _switch(situation: Situation, target: Stage) -> Iterator[Obstacle]:
    for leg in _legs_of(target):
        switch = _switch_of(situation, leg)
        if switch is not Switch.ON:
            yield Obstacle("switch", f"{leg} is switched to {switch.value}", leg)


def _processes(situation: Situation, _: Stage) -> Iterator[Obstacle]:
    broken = Counter(process.error for process in situation.processes if process.error)
    for error, count in sorted(broken.items()):
        yield Obstacle("processes", f"running processes that cannot use the stage file: {count} ({error})")
    elsewhere = Counter(
        process.stage or "unknown"
        for process in situation.processes
        if not process.error and process.stage != situation.file.stage.value
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


GATES: tuple[Callable[[Situation, Stage], Iterator[Obstacle]], ...] = (
    _parity,
    _date,
    _health,
    _switch,
    _processes,
    _deny,
)
"""All gates, in the order in which their obstacles are listed: each takes the situation and the next stage."""


def _legs_of(stage: Stage) -> tuple[str, ...]:
    return tuple(leg for leg in (CUSTOMERIO, SEGMENT) if leg != stage.left_out)


def _switch_of(situation: Situation, leg: str) -> Switch:
    switch: Switch | None = getattr(situation.file, leg).switch
    return switch or Switch.ON
