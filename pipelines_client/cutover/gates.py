"""What stands in the way of the next stage. Pure.

A gate is closed unless it is known to be open: no history, no run of late, a process that cannot be heard all count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import StageFile
from pipelines_client.sides import CUSTOMERIO, SEGMENT

PASSING_DAYS: Mapping[Stage, int] = {Stage.SEGMENT: 0, Stage.SHADOW: 3, Stage.DUAL: 14, Stage.LIVE: 7}
"""Days in a row with a passing parity report that it takes to leave a stage, unless the file says how many."""


class Obstacle(NamedTuple):
    """What stands in the way: the gate, and the evidence in words."""

    gate: str
    text: str


@dataclass(frozen=True, slots=True)
class PassingDays:
    """What the parity history says of the present stage: passing days in a row up to now, and in words why no more."""

    days: int = 0
    reason: str = "no parity report yet"


@dataclass(frozen=True, slots=True)
class LegHealth:
    """A leg, over all processes: its state (`ok`, `paused`, `unhealthy`, `off`, `discard`) and what waits."""

    state: str = "ok"
    pending: int = 0
    lag_s: float | None = None
    is_balanced: bool = True
    last_success_at: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessStage:
    """What a running process says of its stage."""

    stage: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision rests on."""

    file: StageFile
    today: date
    passing: PassingDays
    legs: Mapping[str, LegHealth]
    processes: Sequence[ProcessStage] = ()


def passing_days_needed(file: StageFile, stage: Stage) -> int:
    """Return the passing days that it takes to leave a stage."""
    step = file.plan.get(stage)
    days = None if step is None else step.passing_days
    return PASSING_DAYS.get(stage, 0) if days is None else days


def legs_of(stage: Stage) -> tuple[str, ...]:
    """Return the legs that take messages at a stage."""
    return tuple(leg for leg in (CUSTOMERIO, SEGMENT) if leg != stage.left_out)


def find_obstacles(found: Situation) -> list[Obstacle]:
    """Say what stands in the way of the stage after the present one; nothing if it may begin."""
    stage, target = found.file.stage, found.file.stage.moved(1)
    if target is None:
        return [Obstacle("stage", f"{stage.value} is the last stage")]
    return [
        *_evidence(found, stage),
        *_date(found, target),
        *_health(found, target),
        *_processes(found),
        *_denied(found.file, target),
    ]


def _evidence(found: Situation, stage: Stage) -> list[Obstacle]:
    needed = passing_days_needed(found.file, stage)
    if found.passing.days >= needed:
        return []
    days = f"{needed} passing day{'s' * (needed != 1)}"
    return [Obstacle("parity", f"{stage.value} takes {days}: {found.passing.reason}")]


def _date(found: Situation, target: Stage) -> list[Obstacle]:
    step = found.file.plan.get(target)
    if step is None or step.begins is None or step.begins <= found.today:
        return []
    return [Obstacle("date", f"{target.value} is planned to begin on {step.begins}")]


def _health(found: Situation, target: Stage) -> list[Obstacle]:
    obstacles = []
    for leg in legs_of(target):
        health = found.legs.get(leg, LegHealth())
        switch = getattr(found.file, leg).switch or Switch.ON
        if switch is not Switch.ON:
            obstacles.append(Obstacle("switch", f"{leg} is switched to {switch.value}"))
        elif health.state != "ok":
            why = f" ({health.last_error})" if health.last_error else ""
            obstacles.append(Obstacle("health", f"{leg} is {health.state}{why}"))
        if not health.is_balanced:
            obstacles.append(Obstacle("health", f"{leg}: recorded is not pending + outcomes; please report this"))
    return obstacles


def _processes(found: Situation) -> list[Obstacle]:
    obstacles = []
    broken = Counter(process.error for process in found.processes if process.error)
    for error, count in sorted(broken.items()):
        obstacles.append(Obstacle("processes", f"{count} running cannot use the stage file: {error}"))
    elsewhere = Counter(
        process.stage or "unknown"
        for process in found.processes
        if not process.error and process.stage != found.file.stage.value
    )
    for stage, count in sorted(elsewhere.items()):
        text = f"{count} running at {stage}: wait stage_poll_s, or give them this stage file"
        obstacles.append(Obstacle("processes", text))
    return obstacles


def _denied(file: StageFile, target: Stage) -> list[Obstacle]:
    """A deny list of the leg that will count is fine while the other leg takes what is on it, and a loss after."""
    counting = target.authoritative
    if target is file.stage or not getattr(file, counting).deny.names() or counting == file.stage.authoritative:
        return []
    return [Obstacle("deny", f"{counting} will count at {target.value}, and its deny list keeps messages from it")]
