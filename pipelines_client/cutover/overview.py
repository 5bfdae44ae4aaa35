"""Reads everything that a decision about the stage rests on: file, journal, run files, ledger, parity history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from pipelines_client.cutover.change import read_both
from pipelines_client.cutover.following import mark_of_file, why_apart
from pipelines_client.cutover.gates import (
    LegHealth,
    Obstacle,
    PassingDays,
    ProcessStage,
    Situation,
    find_obstacles,
    find_obstacles_back,
    legs_of,
    passing_days_needed,
)
from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.looking import Looked, StateLook, find_gaps, look_at, losses_of, summary, waiting_apart
from pipelines_client.cutover.losses import Losses
from pipelines_client.cutover.rollback import LedgerCount, WayBack, count_ledgers, way_back
from pipelines_client.cutover.standing import HandoverStanding, standing_of
from pipelines_client.delivery.status import STATES, LegStatus, Status
from pipelines_client.evidence.identity_keys import find_identity_key
from pipelines_client.parity.judgement.readiness import Criteria, judge_readiness
from pipelines_client.parity.judgement.runs import HISTORY_FILE, Run, is_of, read_history
from pipelines_client.parity.rules import BASELINE, RULES_FILE, mark_of, read_rules
from pipelines_client.parity.spell import plural
from pipelines_client.routing.plan import Stage
from pipelines_client.sides import CUSTOMERIO, SEGMENT, TITLES


@dataclass(frozen=True, slots=True)
class Overview:
    """Where the migration is, and where it can go.

    The stage began at `since` (None if the journal does not say) and has had `runs` parity runs, the `last_run` with
    its time and verdict; it takes `needed_days` passing days to leave it. `way_back` is None at the first stage.
    `looked` says what the answers rest on, and `losses` which messages no side got. `handover` is None without one.
    """

    situation: Situation
    since: str | None
    journal: Journal
    runs: int
    last_run: tuple[str, str] | None
    needed_days: int
    obstacles: tuple[Obstacle, ...]
    way_back: WayBack | None
    looked: Looked = field(default_factory=Looked)
    losses: Losses = field(default_factory=Losses)
    handover: HandoverStanding | None = None

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.situation.file.stage

    @property
    def obstacles_back(self) -> tuple[Obstacle, ...]:
        """What blocks the stage before."""
        lacking = self.way_back.obstacles if self.way_back is not None else ()
        return (*lacking, *find_obstacles_back(self.situation))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `cutover status --json` prints them."""
        file, passing = self.situation.file, self.situation.passing
        legs = {
            leg: {"share": getattr(file, leg).share, "switch": getattr(file, leg).switch or "on", **asdict(health)}
            for leg, health in sorted(self.situation.legs.items())
        }
        following = self.stage.moved(1)
        processes = self.situation.processes
        return {
            "stage": self.stage.value,
            "since": self.since,
            "next": following.value if following else None,
            "salt": file.salt,
            "legs": legs,
            "handover": None if self.handover is None else asdict(self.handover),
            "processes": dict(Counter(one.error or one.stage or "unknown" for one in processes if not one.silence)),
            "apart": {one.name: one.apart for one in processes if one.apart and not one.silence},
            "silent": [process.silence for process in processes if process.silence],
            "parity": {
                "passing_days": passing.days,
                "needed_days": self.needed_days,
                "reason": passing.reason,
                "looked_at": passing.looked_at,
                "runs": self.runs,
                "last_run": self.last_run,
            },
            "in_the_way": _as_dicts(self.obstacles),
            "rollback": self._way_back_as_dict(),
            "looked_at": self.looked.as_dict(),
            "journal": {"unreadable_lines": list(self.journal.unreadable)},
        }

    def _way_back_as_dict(self) -> dict[str, Any] | None:
        way = self.way_back
        if way is None:
            return None
        answers = {"answer": way.answer, "is_safe": way.is_safe, "in_the_way": _as_dicts(self.obstacles_back)}
        return {**asdict(way), **answers}


def _as_dicts(obstacles: Sequence[Obstacle]) -> list[dict[str, Any]]:
    return [{"gate": one.kind, "side": one.side, "text": one.text} for one in obstacles]


def look(stage_file: Path, states: Sequence[Path], history: Path | None = None, *, now: datetime) -> Overview:
    """Return where the migration is, what blocks the next stage and whether it is safe to roll back.

    `states` are the state directories of the processes. A missing `history` file is an empty history. A stage that was
    set by hand gets its line in the journal.

    Raises:
        StageFileError: The stage file or its journal cannot be read, or is wrong.
        LedgerError: A path is not a state directory.
        SourceError: The history or an identity key cannot be read.
        ConfigError: The `parity.toml` beside the history is wrong.
    """
    looks = look_at(states, now=now)
    file, journal = read_both(stage_file, now=now, states=states)
    mark = mark_of_file(stage_file)
    began = journal.began(file.stage)
    since = began.at if began else ""
    count = count_ledgers(
        [each.ledger for each in looks], SEGMENT
    )  # after the statuses: it has at least what they count
    gaps, losses = tuple(find_gaps(looks, count, journal)), losses_of(looks, count, journal)
    history = Path(HISTORY_FILE) if history is None else history
    runs = read_history(history)
    kept = sorted((run for run in runs.runs if run.at >= since), key=lambda run: run.at)
    needed = passing_days_needed(file, file.stage)
    today = now.astimezone(timezone.utc).date()
    criteria = _criteria(kept, history, file.stage, states, since=since)
    situation = Situation(
        file,
        today,
        _passing(kept, needed, criteria, today, looked_at=_looked_at(kept, history)),
        _legs([each.status for each in looks]),
        [process for each in looks for process in _processes(each.status, mark)],
        [] if file.stage is Stage.SEGMENT and all(each.is_empty for each in looks) else gaps,
    )
    return Overview(
        situation,
        since or None,
        journal,
        len(kept),
        (kept[-1].at, kept[-1].verdict.value) if kept else None,
        needed,
        tuple(find_obstacles(situation)),
        _way_back(situation, looks, count, gaps, losses),
        summary(looks, now=now),
        losses,
        standing_of(file, [each.status for each in looks], now=now),
    )


def _criteria(runs: Sequence[Run], history: Path, stage: Stage, states: Sequence[Path], *, since: str) -> Criteria:
    """Return what a run must have to count: it saw each side that the next stage relies on, and this application.

    The limits are those of `parity.toml` beside the history; without one, those of the last run.
    """
    applications = find_identity_key([str(state) for state in states]).applications
    limits = next((run.gates for run in reversed(runs) if not run.is_exploratory and is_of(run, applications)), "")
    rules = history.with_name(RULES_FILE)
    if rules.exists():
        known = read_rules(rules)
        limits = limits if limits in (mark_of(known), mark_of(known, BASELINE)) else mark_of(known)
    following = stage.moved(1)
    return Criteria(limits, legs_of(following) if following else (), applications, since)


def _passing(runs: Sequence[Run], needed: int, criteria: Criteria, today: date, *, looked_at: str) -> PassingDays:
    """Count the passing days in a row up to today, or yesterday while today has no run."""
    if not runs:
        return PassingDays(looked_at=looked_at)
    readiness = judge_readiness(runs, today, needed, criteria)
    days = readiness.passed_days if readiness.state == "ready" else min(readiness.passed_days, max(0, needed - 1))
    return PassingDays(days, readiness.reason, looked_at)


def _looked_at(runs: Sequence[Run], history: Path) -> str:
    """Name the history and what its last run compared."""
    if not runs:
        return f"{history} has no run since this stage began"
    last = runs[-1]
    compared = ", ".join(TITLES.get(name, name) for name in last.sources) or "unknown sources"
    return f"the last of {plural(len(runs), 'run')} in {history}, of {last.at[:16]}Z, compared {compared}"


def _legs(statuses: Sequence[Status]) -> dict[str, LegHealth]:
    names = sorted({name for status in statuses for name in status.legs})
    return {name: _leg([status.legs[name] for status in statuses if name in status.legs]) for name in names}


def _leg(legs: Sequence[LegStatus]) -> LegHealth:
    """Return the health of one leg over all state directories: the worst of them."""
    worst = min((leg.state for leg in legs), key=STATES.index)
    errors = sorted((leg.last_error_at, leg.last_error) for leg in legs if leg.last_error_at and leg.last_error)
    return LegHealth(
        worst,
        sum(leg.pending for leg in legs),
        max((leg.lag_s for leg in legs if leg.lag_s is not None), default=None),
        all(leg.is_balanced for leg in legs),
        max((leg.last_success_at for leg in legs if leg.last_success_at), default=None),
        errors[-1][1] if errors else None,
    )


def _processes(status: Status, mark: str | None) -> list[ProcessStage]:
    """Return the stages of the processes that run, or may; `mark` is that of the stage file."""
    return [
        ProcessStage(
            one.run.stage,
            one.run.stage_file_error,
            None if one.is_heard else one.silence,
            one.name,
            why_apart(one.path.stem, one.run, mark),
        )
        for one in status.processes
    ]


def _way_back(
    situation: Situation, looks: Sequence[StateLook], count: LedgerCount, gaps: tuple[str, ...], losses: Losses
) -> WayBack | None:
    if situation.file.stage is Stage.SEGMENT:
        return None
    health = situation.legs.get(SEGMENT, LegHealth())
    return way_back(
        count,
        SEGMENT,
        waiting=health.pending,
        is_held_up=health.is_held_up,
        waiting_elsewhere=sum(waiting_apart(each.status, CUSTOMERIO) for each in looks),
        losses=losses,
        unknown=gaps,
        is_flowing=situation.is_flowing,
    )
