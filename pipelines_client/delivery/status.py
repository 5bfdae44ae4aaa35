"""Counts and health of each leg of a state directory, with the sum checked: `pipelines-client status`.

A living writer is read from its run file, a dead one from its spool. A process that is alive and silent (suspended, or
on a disk that hangs), or that was last heard of on another host, is named: what it has done since is in no count.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines_client.delivery.spool.leftovers import has_log, set_aside_in, spools_in
from pipelines_client.delivery.spool.reports import leg_report, report_of
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.delivery.spool.waiting import look_into
from pipelines_client.errors import PipelinesError, SpoolBusyError, SpoolEmptyError
from pipelines_client.state.dead_letters import read_dead_letters
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.runfile import LegReport, RunFile, host_of, read_run_files

STATES = ("discard", "off", "paused", "unhealthy", "refusing", "failing", "ok")
"""States of a leg, the worst first."""
_PASSING = ("paused", "unhealthy", "refusing")  # what a later success of another process makes a thing of the past
HEARD_S = 30.0
"""A process that runs writes its run file at least every ten seconds; one that did not for so long is silent."""
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
    reported: str = "ok"
    dead_letters: int = 0

    @property
    def state(self) -> str:
        """The worst state that its writers report; `failing` if none of them ever delivered, and one of them tried."""
        was_in_vain = self.last_error is not None or (self.lag_s or 0.0) > _WAITED_S
        has_delivered = self.accepted > 0 or self.last_success_at is not None
        return "failing" if self.reported == "ok" and was_in_vain and not has_delivered else self.reported

    @property
    def problem(self) -> str | None:
        """What is wrong, in words: the leg is paused, unhealthy, refusing or failing. None: nothing."""
        why = f" ({self.last_error})" if self.last_error else ""
        if self.state == "paused":
            return f"is paused: its key, its host or the way there is wrong{why}; everything is kept"
        if self.state == "unhealthy":
            return f"is unhealthy: no success for long{why}; everything is kept"
        if self.state == "refusing":
            return f"is refusing: its API refuses what it is sent{why}"
        if self.state == "failing":
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
        del values["reported"]
        counts = {name: dict(values[name]) for name in ("rejected", "dropped", "skipped")}
        return {**values, "state": self.state, **counts, "is_balanced": self.is_balanced, "problem": self.problem}

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
            self.reported = min(self.reported, state, key=STATES.index)


@dataclass(frozen=True, slots=True)
class Process:
    """A writer that runs, or may: its run file with its path, and whether it holds the lock of its spool now."""

    path: Path
    run: RunFile
    is_living: bool
    silent_s: float

    @property
    def is_heard(self) -> bool:
        """Whether it has written its run file lately; one that is dated in the future says nothing."""
        return abs(self.silent_s) <= HEARD_S

    @property
    def name(self) -> str:
        """Its name for people: the writer's, and its process id."""
        pid = "" if self.run.pid is None else f" (pid {self.run.pid})"
        return f"{self.path.stem}{pid}"

    @property
    def silence(self) -> str:
        """Its name, and for how long nothing was heard of it."""
        since = f"silent for {self.silent_s:,.0f} s" if self.silent_s < float("inf") else "never heard"
        if self.silent_s < 0:
            since = f"last heard {-self.silent_s:,.0f} s in the future (set the clocks of the hosts)"
        return f"{self.name}, {since}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        silent_s = round(self.silent_s, 1) if self.silent_s < float("inf") else None
        return {"writer": self.path.stem, "pid": self.run.pid, "silent_s": silent_s}


@dataclass(slots=True)
class Status:
    """A state directory: its legs, its writers (`waiting`: dead ones with messages), and unreadable files.

    `interrupted` counts by leg what killed replays and backfills had in hand: their repetition decides about it.
    `writers` has what each writer reports, by its name; `processes` those that run or may run; `heard_at` when each
    writer's run file was written.
    """

    legs: dict[str, LegStatus] = field(default_factory=dict)
    living: int = 0
    waiting: int = 0
    unreadable: list[str] = field(default_factory=list)
    interrupted: Counter[str] = field(default_factory=Counter)
    writers: dict[str, Mapping[str, LegReport]] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    heard_at: dict[str, str] = field(default_factory=dict)
    started_at: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the equation holds and no leg has a problem."""
        return self.is_balanced and not any(leg.problem for leg in self.legs.values())

    @property
    def silent(self) -> list[Process]:
        """The processes that are alive, or may be, and were not heard of lately."""
        return [process for process in self.processes if not process.is_heard]

    @property
    def is_complete(self) -> bool:
        """Whether every file could be read and every process was heard: else the counts may be too low."""
        return not (self.unreadable or self.silent)

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
            "silent": [process.as_dict() for process in self.silent],
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
    status.unreadable += _refused(state)
    writers, active = _writers(state, status, now=now)
    succeeded: dict[str, str] = {}
    for legs in writers.values():
        for name, leg in legs.items():
            succeeded[name] = max(succeeded.get(name, ""), leg.last_success_at or "")
    for writer, legs in writers.items():
        for name, leg in legs.items():
            is_past = writer not in active and (leg.last_error_at or "") < succeeded[name]
            status.legs.setdefault(name, LegStatus()).add(leg, now=now, is_past=is_past)
    return status


def _refused(state: StateDir) -> list[str]:
    """Return the folders that this user may not look into: a search in them finds nothing, and says nothing."""
    found: list[str] = []

    def refused(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            found.append(f"{Path(error.filename).relative_to(state.path)}{os.sep}")

    for folder in (state.run, state.spool, state.replays, state.ledger):
        for _ in os.walk(folder, onerror=refused):
            pass
    return sorted(found)


def why_unreadable(name: str) -> str:
    """Return what an entry of `Status.unreadable` means, and how to settle it; to be read after its name."""
    if name.endswith(os.sep):
        return "is a folder that this user may not look into; run this as a user who may"
    if name.endswith(".log.damaged"):
        return (
            "is a damaged file of messages, kept as evidence: some may have gone nowhere; replay what the ledger "
            "lacks of it (docs/usage.md, Damaged files), then move it to another folder"
        )
    if name.endswith(".damaged"):
        return (
            "is a damaged file of cursors, kept as evidence: no message is lost, some may have been sent twice; move "
            "it to another folder"
        )
    return "is unreadable, so what it counted is not known; see pipelines-client status"


def count_dead_letters(path: Path, status: Status) -> None:
    """Add to a status how many refused messages each leg keeps."""
    for letter in read_dead_letters(existing(path).dead_letters):
        status.legs.setdefault(letter.leg, LegStatus()).dead_letters += 1


def _writers(state: StateDir, status: Status, *, now: datetime) -> tuple[dict[str, Mapping[str, LegReport]], set[str]]:
    """Return what each writer reports, by its name, and which of them live or left messages.

    Living writers are counted, and unreadable files noted, in `status`.
    """
    writers, active, living = status.writers, set[str](), set[str]()
    runs: list[tuple[Path, RunFile]] = []
    for path, run in read_run_files(state.run):
        if run is None:
            status.unreadable.append(path.name)
        else:
            writers[path.stem] = run.legs
            status.heard_at[path.stem] = run.updated_at
            runs.append((path, run))
    status.unreadable += [*set_aside_in(state.spool), *set_aside_in(state.replays)]
    replays = spools_in(state.replays)
    for file in (*spools_in(state.spool), *replays):
        active.add(writer := _look_into(file, living, status))
        if file in replays and writer not in living:
            status.interrupted.update({leg: report.pending for leg, report in writers.get(writer, {}).items()})
    status.processes += _processes(runs, living, active - living, now=now)
    status.started_at = min((run.started_at for _, run in runs if run.started_at), default=None)
    return writers, active


def _processes(
    runs: Sequence[tuple[Path, RunFile]], living: set[str], left: set[str], *, now: datetime
) -> Iterator[Process]:
    """Yield the processes that run, or may: a dead one is known to be dead if it was on this host.

    The owner of a spool's lock lives, heard or not, and that of a spool that was `left` is dead. Of
    another host, whose directory was copied, no lock tells.
    """
    here = socket.gethostname().split(".")[0]
    for path, run in runs:
        process = Process(path, run, path.stem in living, run.silent_s(now))
        is_elsewhere = host_of(path.stem) not in (None, here)
        is_stopped = run.state == "stopped"  # its client was shut down: its counts are the last ones until a next call
        is_heard = process.is_heard and path.stem not in left
        if (process.is_living and not is_stopped) or (run.state == "running" and (is_heard or is_elsewhere)):
            yield process


def _look_into(file: Path, living: set[str], status: Status) -> str:
    """Add what a spool says to `status`, and its name to `living` if its writer lives; return the writer's name."""
    writers = status.writers
    try:
        spool = Spool(file, legs={}, writer="", is_reading=True)  # a process that adopts it waits for us
    except SpoolBusyError:
        status.living += 1
        living.add(file.stem)
        last = writers.get(file.stem, {})  # of up to a second ago; what was taken since is on disk
        seen = {leg: report_of(counts, last=last.get(leg)) for leg, counts in look_into(file).items()}
        writers[file.stem] = {**last, **seen}
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
    family(
        "pipelines_client_leg_healthy",
        "gauge",
        "1 while the leg is not paused, unhealthy, refusing or failing.",
        healthy,
    )
    balanced = [({"leg": n}, int(g.is_balanced)) for n, g in legs]
    family("pipelines_client_balanced", "gauge", "1 while every recorded message is accounted for.", balanced)
    return "\n".join([*lines, "# EOF"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
