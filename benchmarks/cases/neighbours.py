"""What the others cost: the first call beside many leftovers, and processes and clients that do nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import orjson

from benchmarks.bench import Bench, arrived
from benchmarks.case import Budget, Line, Outcome, Plot, Table, case
from benchmarks.statistics import median, spread
from benchmarks.subjects import OURS_DISK, Subject
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.routing.aliases import ALIAS_FILE, MAX_SEARCHES, AliasFile

_FIRST_CALL_MS = 20.0
_IDLE_SHARE, _CLIENTS_SHARE = 0.01, 0.02
_SPOOLS, _RUN_FILES, _ALIASES = (1, 10, 100), 100_000, 1_000_000
_PROCESSES = (1, 10, 100)
_CLIENTS = 200
_IDLE_S = 25.0  # two looks at neighbours, and a bit
_FIRST_LOOK_S = 2.5
_APART_S = 0.3  # no first call, and hardly a look, at the same time as another
_ROUNDS = 3
_STAGES = "stage.toml"
_TWO_LEGS = Subject(OURS_DISK.name, legs=2)


@case(
    "neighbours",
    title="What neighbours cost",
    about="""
The first call of a process whose state directory is full: spools that wait for another key, damaged ones, run files
of processes that ended long ago, pairs of ids of a million people, of whom a share is asked. The first figure is the
CPU until the call returns, the second until after the first look at what others left. And processes on one directory,
and clients in one process, that do nothing: the CPU of all of them together, as a share of a core. The groups do
nothing at the same time.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU of a first call and of idleness, against the number of neighbours."""
    outcome = Outcome()
    full = {
        "nothing": lambda _: None,
        **{f"{count} spools of another key": leave_spools(count) for count in bench.thinned(_SPOOLS)},
        f"{_SPOOLS[-1]} damaged spools": leave_spools(_SPOOLS[-1], is_damaged=True),
        f"{_RUN_FILES:,} run files": leave_run_files(bench.scaled(_RUN_FILES)),
        f"{_ALIASES:,} pairs of ids": leave_aliases(bench.scaled(_ALIASES)),
        f"{_ALIASES:,} pairs, and a share": leave_aliases(bench.scaled(_ALIASES), has_share=True),
        f"{_ALIASES:,} pairs in an index, and a share": leave_aliases(
            bench.scaled(_ALIASES), has_share=True, has_index=True
        ),
    }
    made = {label: _make(bench, leave) for label, leave in full.items()}
    for number in range(min(_ROUNDS, bench.pairs)):
        _measure_firsts(bench, outcome, made, list(made) if number % 2 == 0 else list(reversed(made)))
    rows = [
        [label, *(spread(outcome.figures[f"{label}: {what}, ms"]) for what in ("first call", "first look"))]
        for label in full
    ]
    outcome.tables.append(Table("", ["in the directory", "first call, ms", "until the first look, ms"], rows))
    for label in full:
        name = f"CPU of a first call beside {label}, ms"
        outcome.budgets.append(Budget(name, "ms", _FIRST_CALL_MS, outcome.figures[f"{label}: first call, ms"]))
    numbers = bench.thinned(_SPOOLS)
    lines = [
        Line(what, numbers, [median(outcome.figures[f"{n} spools of another key: {what}, ms"]) for n in numbers])
        for what in ("first call", "first look")
    ]
    title = "CPU of a first call against spools of another key"
    outcome.plots.append(Plot("neighbours", title, "spools", "ms", lines, is_log_x=True))
    _measure_idle(bench, outcome)
    return outcome


def _make(bench: Bench, leave: Callable[[Path], None]) -> Path:
    """Return a state directory with something in it, of which each run gets a copy: an index takes long to make."""
    state_dir = Path(tempfile.mkdtemp(dir=bench.folder))
    leave(state_dir)
    return state_dir


def _measure_firsts(bench: Bench, outcome: Outcome, made: Mapping[str, Path], labels: Sequence[str]) -> None:
    """Start a process beside each kind of leftovers; let them make their first call, and look, one after the other."""
    looks_after_s = _FIRST_LOOK_S if bench.pairs > 1 else 0.1
    started = {}
    for label in labels:
        state_dir = Path(shutil.copytree(made[label], tempfile.mkdtemp(dir=bench.folder), dirs_exist_ok=True))
        stages = state_dir / _STAGES
        subject = replace(_TWO_LEGS, more=(("stage_file", str(stages)),)) if stages.exists() else _TWO_LEGS
        started[label] = bench.start(
            "first", subject, 1, state_dir=str(state_dir), waits=True, looks_after_s=looks_after_s
        )
    for run in started.values():
        run.read()
    for run in started.values():
        run.go()
        time.sleep(_APART_S if bench.pairs > 1 else 0)
    for label, run in started.items():
        result = run.finish()
        outcome.add(f"{label}: first call, ms", result["first_ms"])
        outcome.add(f"{label}: first look, ms", result["look_ms"])


def _measure_idle(bench: Bench, outcome: Outcome) -> None:
    numbers = bench.thinned(_PROCESSES) if bench.pairs > 1 else (1, 3)
    clients = _CLIENTS if bench.pairs > 1 else 3
    *alone, together = idle_shares(bench, [*((processes, 1) for processes in numbers), (1, clients)])
    for processes, share in zip(numbers, alone, strict=True):
        outcome.add(f"{processes} idle processes, share", share)
    outcome.add(f"{clients} idle clients, share", together)
    shares = [outcome.figures[f"{processes} idle processes, share"] for processes in numbers]
    rows = [[f"{n} processes, one directory", spread(values)] for n, values in zip(numbers, shares, strict=True)]
    rows.append([f"{clients} clients, one process", spread(outcome.figures[f"{clients} idle clients, share"])])
    outcome.tables.append(Table("Doing nothing", ["", "share of a core"], rows))
    of_clients = outcome.figures[f"{clients} idle clients, share"]
    outcome.budgets += [
        Budget(f"CPU of {numbers[-1]} idle processes", "a core", _IDLE_SHARE, shares[-1]),
        Budget(f"CPU of {clients} idle clients", "a core", _CLIENTS_SHARE, of_clients),
    ]
    lines = [Line("all together", numbers, [median(values) for values in shares])]
    title = "CPU of idle processes on one directory"
    outcome.plots.append(Plot("idle", title, "processes", "share of a core", lines, is_log_x=True))


def idle_shares(bench: Bench, groups: Sequence[tuple[int, int]]) -> list[float]:
    """Return the share of a core that each group uses while it does nothing, all of them at the same time.

    Args:
        bench: Starts the processes.
        groups: How many processes on a state directory of their own, and how many clients each of them has.
    """
    targets = [bench.server.make_target() for _ in groups]
    folders = [tempfile.mkdtemp(dir=bench.folder) for _ in groups]
    seconds = _IDLE_S if bench.pairs > 1 else 1.0
    running = [
        [
            bench.start(
                "idle",
                OURS_DISK,
                clients,
                targets=[target],
                first=number * clients,
                state_dir=state_dir,
                shares_targets=True,
                clients=clients,
                seconds=seconds,
            )
            for number in range(processes)
        ]
        for (processes, clients), target, state_dir in zip(groups, targets, folders, strict=True)
    ]
    for run in chain.from_iterable(running):
        run.read()
    for run in chain.from_iterable(running):
        run.go()
    shares: list[float] = [sum(run.finish()["share"] for run in of_group) for of_group in running]
    for (processes, clients), target, state_dir in zip(groups, targets, folders, strict=True):
        arrived(bench.server, target, processes * clients)
        shutil.rmtree(state_dir, ignore_errors=True)
    return shares


def leave_spools(count: int, *, is_damaged: bool = False) -> Callable[[Path], None]:
    """Return what leaves spools of dead processes that wait for another key."""

    def leave(state_dir: Path) -> None:
        folder = state_dir / "spool"
        folder.mkdir(parents=True)
        for number in range(count):
            path = folder / f"left-{number}.db"
            spool = Spool(path, legs={"customerio": "https://elsewhere another-key"}, writer=path.stem)
            spool.append(b'{"appended_at":"2026-11-02T12:00:00.000Z","stage":"dual"', b'{"messageId":"m"}', {})
            spool.close()
            if is_damaged:
                path.write_bytes(path.read_bytes()[: 4 * number])

    return leave


def leave_run_files(count: int) -> Callable[[Path], None]:
    """Return what leaves the run files of processes that ended this morning."""

    def leave(state_dir: Path) -> None:
        folder = state_dir / "run"
        folder.mkdir(parents=True)
        content = orjson.dumps({"legs": {}, "writer": "w", "pid": 1, "state": "closed"})
        for number in range(count):
            (folder / f"ended-{number}.json").write_bytes(content)

    return leave


def leave_aliases(count: int, *, has_share: bool = False, has_index: bool = False) -> Callable[[Path], None]:
    """Return what leaves the pairs of ids of many people; with a share, each call asks for its person among them."""

    def leave(state_dir: Path) -> None:
        ids = os.urandom(16 * count).hex()
        pairs = (f"\n{ids[at : at + 16]} {ids[at + 16 : at + 32]}\n" for at in range(0, 32 * count, 32))
        path = state_dir / ALIAS_FILE
        path.write_text("".join(pairs), "ascii")
        if has_share:
            (state_dir / _STAGES).write_text('stage = "shadow"\n[customerio]\nshare = 0.999999\n', "ascii")
        if has_index:
            aliases = AliasFile(path)
            for _ in range(MAX_SEARCHES + 1):
                aliases.head(b"somebody")
            aliases.save()

    return leave
