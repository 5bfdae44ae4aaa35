"""Reads everything that a decision about the stage rests on: file, journal, run files, ledger, parity history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.change import read_current
from pipelines_client.cutover.gates import (
    LegHealth,
    Obstacle,
    PassingDays,
    ProcessStage,
    Situation,
    find_obstacles,
    passing_days_needed,
)
from pipelines_client.cutover.journal import Journal, journal_path, read_journal
from pipelines_client.cutover.rollback import WayBack, count_way_back
from pipelines_client.delivery.status import STATES, LegStatus, Status, read_status
from pipelines_client.parity.judgement.readiness import judge_readiness
from pipelines_client.parity.judgement.runs import HISTORY_FILE, History, read_history
from pipelines_client.routing.plan import Stage
from pipelines_client.sides import SEGMENT
from pipelines_client.state.layout import StateDir
from pipelines_client.state.runfile import read_run_files

_HEARD_S = 30.0
"""A running process writes its run file at least every ten seconds."""
_LAG_S = 60.0
"""A message that has waited longer than this is held up."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Where the migration is, and where it can go.

    The stage began at `since` (None if the journal does not say) and has had `runs` parity runs, the `last_run` with
    its time and verdict; it takes `needed_days` passing days to leave it. `way_back` is None at the first stage.
    """

    situation: Situation
    since: str | None
    journal: Journal
    runs: int
    last_run: tuple[str, str] | None
    needed_days: int
    obstacles: tuple[Obstacle, ...]
    way_back: WayBack | None

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.situation.file.stage

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `cutover status --json` prints them."""
        file, passing = self.situation.file, self.situation.passing
        legs = {
            leg: {"share": getattr(file, leg).share, "switch": getattr(file, leg).switch or "on", **asdict(health)}
            for leg, health in sorted(self.situation.legs.items())
        }
        following = self.stage.moved(1)
        way_back = None if self.way_back is None else {**asdict(self.way_back), "is_safe": self.way_back.is_safe}
        return {
            "stage": self.stage.value,
            "since": self.since,
            "next": following.value if following else None,
            "salt": file.salt,
            "legs": legs,
            "processes": dict(
                Counter(process.error or process.stage or "unknown" for process in self.situation.processes)
            ),
            "parity": {
                "passing_days": passing.days,
                "needed_days": self.needed_days,
                "reason": passing.reason,
                "runs": self.runs,
                "last_run": self.last_run,
            },
            "in_the_way": [{"gate": one.kind, "side": one.side, "text": one.text} for one in self.obstacles],
            "rollback": way_back,
        }


def look(stage_file: Path, states: Sequence[Path], history: Path | None = None, *, now: datetime) -> Overview:
    """Return where the migration is, what blocks the next stage and whether it is safe to roll back.

    `states` are the state directories of the processes. A missing `history` file is an empty history.

    Raises:
        StageFileError: The stage file or its journal cannot be read, or is wrong.
        LedgerError: A path is not a state directory.
        SourceError: The history cannot be read.
    """
    stage_file = stage_file.resolve()
    file, journal = read_current(stage_file), read_journal(journal_path(stage_file))
    began = journal.began(file.stage)
    statuses = [read_status(state, now=now) for state in states]
    runs = read_history(Path(HISTORY_FILE) if history is None else history)
    since = began.at if began else None
    kept = sorted((run for run in runs.runs if since is None or run.at >= since), key=lambda run: run.at)
    needed = passing_days_needed(file, file.stage)
    situation = Situation(
        file,
        now.astimezone(timezone.utc).date(),
        _passing(History(tuple(kept), runs.unread_lines), needed, now=now),
        _legs(statuses),
        [process for state in states for process in _processes(StateDir(state).run, now=now)],
    )
    return Overview(
        situation,
        since,
        journal,
        len(kept),
        (kept[-1].at, kept[-1].verdict.value) if kept else None,
        needed,
        tuple(find_obstacles(situation)),
        _way_back(situation, states),
    )


def _passing(history: History, needed: int, *, now: datetime) -> PassingDays:
    """Count the passing days in a row up to the last run, which must be of today or yesterday."""
    if not history.runs:
        return PassingDays()
    *earlier, last = history.runs
    if date.fromisoformat(last.day) < now.astimezone(timezone.utc).date() - timedelta(days=1):
        return PassingDays(0, f"the last parity report is of {last.day}")
    readiness = judge_readiness(History(tuple(earlier), history.unread_lines), last, needed)
    return PassingDays(readiness.passed_days, readiness.reason)


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


def _processes(folder: Path, *, now: datetime) -> list[ProcessStage]:
    """Return the stages of the processes that run now."""
    since = iso_utc(now - timedelta(seconds=_HEARD_S))
    files = [file for _, file in read_run_files(folder) if file is not None]  # `read_status` names the damaged ones
    living = (file for file in files if file.state == "running" and file.updated_at >= since)
    return [ProcessStage(file.stage, file.stage_file_error) for file in living]


def _way_back(situation: Situation, states: Sequence[Path]) -> WayBack | None:
    if situation.file.stage is Stage.SEGMENT:
        return None
    health = situation.legs.get(SEGMENT, LegHealth())
    is_held_up = health.state != "ok" or (health.lag_s or 0.0) > _LAG_S
    ledgers = [StateDir(state).ledger for state in states]
    return count_way_back(ledgers, SEGMENT, waiting=health.pending, is_held_up=is_held_up)
