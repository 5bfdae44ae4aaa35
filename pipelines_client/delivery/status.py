"""Counts and health of each leg of a state directory, with the sum checked: `pipelines-client status`.

A living writer is read from its run file, a dead one from its spool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines_client.delivery.lane import leg_report
from pipelines_client.delivery.spool.leftovers import has_log, spools_in
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import PipelinesError, SpoolBusyError, SpoolEmptyError
from pipelines_client.state.dead_letters import read_dead_letters
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.runfile import LegReport, read_run_files

STATES = ("discard", "off", "paused", "unhealthy", "refusing", "ok")
"""States of a leg, the worst first."""
_PASSING = ("paused", "unhealthy", "refusing")  # what a later success of another process makes a thing of the past
_WAITED_S = 300.0  # what waits for so long, on a leg that never delivered, waits for a correction


@dataclass(slots=True)
class LegStatus:
    """One leg, over all writers. Counts are of messages; `lag_s` is the age of the oldest that waits, in seconds."""

    recorded: int = 0
    pending: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    resent: int = 0
    lag_s: float | None = None
    last_success_at: str | None = None
    last_error_at: str | None = None
    last_error: str | None = None
    state: str = "ok"
    dead_letters: int = 0

    @property
    def problem(self) -> str | None:
        """What is wrong, in words: the leg is paused, unhealthy or refusing, or never delivered. None: nothing."""
        why = f" ({self.last_error})" if self.last_error else ""
        if self.state == "paused":
            return f"is paused: its key, its host or the way there is wrong{why}; everything is kept"
        if self.state == "unhealthy":
            return f"is unhealthy: no success for long{why}; everything is kept"
        if self.state == "refusing":
            return f"is refusing: its API refuses what it is sent{why}"
        was_in_vain = self.last_error is not None or (self.lag_s or 0.0) > _WAITED_S
        if self.state == "ok" and was_in_vain and not self.accepted and self.last_success_at is None:
            return f"has never delivered a message{why}"
        return None

    @property
    def is_balanced(self) -> bool:
        """Whether recorded = pending + accepted + rejected + dropped + skipped."""
        outcomes = self.accepted + self.rejected.total() + self.dropped.total() + self.skipped.total()
        return self.recorded == self.pending + outcomes

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        counts = {name: dict(values[name]) for name in ("rejected", "dropped", "skipped")}
        return {**values, **counts, "is_balanced": self.is_balanced, "problem": self.problem}

    def add(self, leg: LegReport, *, now: datetime, is_past: bool = False) -> None:
        """Add what one writer reports; if `is_past`, what was wrong when it ended no longer is."""
        self.recorded += leg.recorded
        self.pending += leg.pending
        self.accepted += leg.accepted
        self.rejected.update(leg.rejected)
        self.dropped.update(leg.dropped)
        self.skipped.update(leg.skipped)
        self.resent += leg.resent
        self.lag_s = max((lag for lag in (self.lag_s, leg.lag_s(now)) if lag is not None), default=None)
        self.last_success_at = max(filter(None, (self.last_success_at, leg.last_success_at)), default=None)
        if (leg.last_error_at or "") > (self.last_error_at or ""):
            self.last_error_at, self.last_error = leg.last_error_at, leg.last_error
        if not (is_past and leg.state in _PASSING):
            state = leg.state if leg.state in STATES else "unhealthy"  # another version's word
            self.state = min(self.state, state, key=STATES.index)


@dataclass(slots=True)
class Status:
    """A state directory: its legs, its writers (`waiting`: dead ones with messages), and unreadable files."""

    legs: dict[str, LegStatus] = field(default_factory=dict)
    living: int = 0
    waiting: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether the equation holds and no leg has a problem."""
        return self.is_balanced and not any(leg.problem for leg in self.legs.values())

    @property
    def is_balanced(self) -> bool:
        """Whether the equation holds for every leg."""
        return all(leg.is_balanced for leg in self.legs.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `status --json` prints them."""
        legs = {name: leg.as_dict() for name, leg in sorted(self.legs.items())}
        return {
            "is_balanced": self.is_balanced,
            "legs": legs,
            "writers": {"living": self.living, "dead_with_messages": self.waiting},
            "unreadable": self.unreadable,
        }


def read_status(path: Path, *, now: datetime) -> Status:
    """Read a state directory.

    Args:
        path: The state directory.
        now: Aware; lags are measured up to it.

    Raises:
        LedgerError: `path` is not a state directory.
    """
    state, status = existing(path), Status()
    writers, active = _writers(state, status)
    succeeded: dict[str, str] = {}
    for legs in writers.values():
        for name, leg in legs.items():
            succeeded[name] = max(succeeded.get(name, ""), leg.last_success_at or "")
    for writer, legs in writers.items():
        for name, leg in legs.items():
            is_past = writer not in active and (leg.last_error_at or "") < succeeded[name]
            status.legs.setdefault(name, LegStatus()).add(leg, now=now, is_past=is_past)
    return status


def count_dead_letters(path: Path, status: Status) -> None:
    """Add to a status how many refused messages each leg keeps."""
    for letter in read_dead_letters(existing(path).dead_letters):
        status.legs.setdefault(letter.leg, LegStatus()).dead_letters += 1


def _writers(state: StateDir, status: Status) -> tuple[dict[str, Mapping[str, LegReport]], set[str]]:
    """Return what each writer reports, by its name, and which of them live or left messages.

    Living writers are counted, and unreadable files noted, in `status`.
    """
    writers: dict[str, Mapping[str, LegReport]] = {}
    active: set[str] = set()
    for path, run in read_run_files(state.run):
        if run is None:
            status.unreadable.append(path.name)
        else:
            writers[path.stem] = run.legs
    status.unreadable += sorted(file.name for file in state.spool.glob("*.damaged"))
    for file in (*spools_in(state.spool), *spools_in(state.replays)):
        active.add(_look_into(file, writers, status))
    return writers, active


def _look_into(file: Path, writers: dict[str, Mapping[str, LegReport]], status: Status) -> str:
    """Add what a spool says to `writers` and `status`; return the name of its writer."""
    try:
        spool = Spool(file, legs={}, writer="", is_reading=True)  # a process that adopts it waits for us
    except SpoolBusyError:
        status.living += 1
    except SpoolEmptyError:
        if has_log(file):  # else it was not finished, and is empty
            status.unreadable.append(file.name)
    except (PipelinesError, OSError):
        if file.exists() or has_log(file):  # else its owner has just removed it
            status.unreadable.append(file.name)
    else:
        # A killed writer's run file may be a second old; its spool is exact.
        last = writers.get(spool.writer, {})
        writers[spool.writer] = {leg: leg_report(spool, leg, last=last.get(leg)) for leg in spool.legs}
        status.waiting += not spool.is_settled
        spool.close()
        return spool.writer
    return file.stem


def as_openmetrics(status: Status) -> str:
    """Return the counts as OpenMetrics text, as Prometheus' textfile collector reads it."""
    lines: list[str] = []

    def family(name: str, kind: str, text: str, samples: Sequence[tuple[dict[str, str], float]]) -> None:
        lines.extend((f"# TYPE {name} {kind}", f"# HELP {name} {text}"))
        suffix = "_total" if kind == "counter" else ""
        for labels, value in samples:
            inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{name}{suffix}{{{inside}}} {value}")

    legs = sorted(status.legs.items())
    family("pipelines_client_recorded", "counter", "Messages recorded.", [({"leg": n}, g.recorded) for n, g in legs])
    outcomes = [({"leg": n, "outcome": "accepted", "reason": ""}, g.accepted) for n, g in legs]
    for outcome in ("rejected", "dropped", "skipped"):
        for name, leg in legs:
            for reason, count in sorted(getattr(leg, outcome).items()):
                outcomes.append(({"leg": name, "outcome": outcome, "reason": reason}, count))
    family("pipelines_client_settled", "counter", "Messages by outcome and reason.", outcomes)
    resent = [({"leg": n}, g.resent) for n, g in legs]
    family("pipelines_client_resent", "counter", "Messages sent again after a process died.", resent)
    family("pipelines_client_pending", "gauge", "Messages that wait.", [({"leg": n}, g.pending) for n, g in legs])
    lags = [({"leg": n}, g.lag_s or 0.0) for n, g in legs]
    family("pipelines_client_oldest_pending_seconds", "gauge", "Age of the oldest message that waits.", lags)
    healthy = [({"leg": n}, int(g.state == "ok")) for n, g in legs]
    family("pipelines_client_leg_healthy", "gauge", "1 while the leg is not paused, unhealthy or refusing.", healthy)
    balanced = [({"leg": n}, int(g.is_balanced)) for n, g in legs]
    family("pipelines_client_balanced", "gauge", "1 while every recorded message is accounted for.", balanced)
    return "\n".join([*lines, "# EOF"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
