"""Counts and health of each leg of a state directory, with the sum checked: `pipelines-client status`.

A living writer is read from its run file, a dead one from its spool.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines_client.delivery.lane import leg_report
from pipelines_client.delivery.spool.creation_lock import creation_lock
from pipelines_client.delivery.spool.spool import Spool, has_log, spools_in
from pipelines_client.errors import SpoolBusyError, SpoolEmptyError, SpoolError
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.runfile import LegReport, read_run_files

_LOOK_TIMEOUT_S = 1.0


@dataclass(slots=True)
class LegStatus:
    """One leg, over all writers. Counts are of messages; `lag_s` is the age of the oldest that waits, in seconds."""

    recorded: int = 0
    pending: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lag_s: float | None = None
    last_success_at: str | None = None
    last_error_at: str | None = None
    last_error: str | None = None
    state: str = "ok"

    @property
    def is_balanced(self) -> bool:
        """Whether recorded = pending + accepted + rejected + dropped + skipped."""
        outcomes = self.accepted + self.rejected.total() + self.dropped.total() + self.skipped.total()
        return self.recorded == self.pending + outcomes

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        counts = {name: dict(values[name]) for name in ("rejected", "dropped", "skipped")}
        return {**values, **counts, "is_balanced": self.is_balanced}

    def add(self, leg: LegReport, *, now: datetime) -> None:
        """Add what one writer reports."""
        self.recorded += leg.recorded
        self.pending += leg.pending
        self.accepted += leg.accepted
        self.rejected.update(leg.rejected)
        self.dropped.update(leg.dropped)
        self.skipped.update(leg.skipped)
        self.lag_s = max((lag for lag in (self.lag_s, leg.lag_s(now)) if lag is not None), default=None)
        self.last_success_at = max(filter(None, (self.last_success_at, leg.last_success_at)), default=None)
        if (leg.last_error_at or "") > (self.last_error_at or ""):
            self.last_error_at, self.last_error = leg.last_error_at, leg.last_error
        if leg.state != "ok":
            self.state = leg.state


@dataclass(slots=True)
class Status:
    """A state directory: its legs, its writers (`waiting`: dead ones with messages), and unreadable files."""

    legs: dict[str, LegStatus] = field(default_factory=dict)
    living: int = 0
    waiting: int = 0
    unreadable: list[str] = field(default_factory=list)

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
    for legs in _writers(state, status).values():
        for name, leg in legs.items():
            status.legs.setdefault(name, LegStatus()).add(leg, now=now)
    return status


def _writers(state: StateDir, status: Status) -> dict[str, Mapping[str, LegReport]]:
    """Return what each writer reports, by its name; note living writers and unreadable files in `status`."""
    writers: dict[str, Mapping[str, LegReport]] = {}
    for path, run in read_run_files(state.run):
        if run is None:
            status.unreadable.append(path.name)
        else:
            writers[path.stem] = run.legs
    status.unreadable += sorted(file.name for file in state.spool.glob("*.damaged"))
    for file in (*spools_in(state.spool), *spools_in(state.replays)):
        # Held while the file is open: a process that starts now waits, and adopts the spool after us.
        with creation_lock(state.spool, timeout_s=_LOOK_TIMEOUT_S):
            _look_into(file, writers, status)
    return writers


def _look_into(file: Path, writers: dict[str, Mapping[str, LegReport]], status: Status) -> None:
    try:
        spool = Spool(file, legs={}, writer="")
    except SpoolBusyError:
        status.living += 1
    except SpoolEmptyError:
        if has_log(file):  # else it was not finished, and is empty
            status.unreadable.append(file.name)
    except (SpoolError, sqlite3.Error, OSError):
        if file.exists() or has_log(file):  # else its owner has just removed it
            status.unreadable.append(file.name)
    else:
        # A killed writer's run file may be a second old; its spool is exact.
        last = writers.get(spool.writer, {})
        writers[spool.writer] = {leg: leg_report(spool, leg, last=last.get(leg)) for leg in spool.legs}
        status.waiting += not spool.is_settled
        spool.close()


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
    family("pipelines_client_pending", "gauge", "Messages that wait.", [({"leg": n}, g.pending) for n, g in legs])
    lags = [({"leg": n}, g.lag_s or 0.0) for n, g in legs]
    family("pipelines_client_oldest_pending_seconds", "gauge", "Age of the oldest message that waits.", lags)
    healthy = [({"leg": n}, int(g.state == "ok")) for n, g in legs]
    family("pipelines_client_leg_healthy", "gauge", "1 while the leg is neither paused nor unhealthy.", healthy)
    balanced = [({"leg": n}, int(g.is_balanced)) for n, g in legs]
    family("pipelines_client_balanced", "gauge", "1 while every recorded message is accounted for.", balanced)
    return "\n".join([*lines, "# EOF"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
