"""Many processes on one state directory; many threads in one process."""

from __future__ import annotations

import shutil
import tempfile

from benchmarks.bench import Bench, arrived
from benchmarks.case import Line, Outcome, Plot, Table, case
from benchmarks.statistics import median, ratios, spread
from benchmarks.subjects import OURS, OURS_DISK, UPSTREAM, Subject

_PROCESSES = (1, 2, 4, 8)
_THREADS = 16
_EACH = 1_500
_CALLS = 8_000
_GROWTH_ROUNDS = 2
_SUBJECTS = {"ours": OURS_DISK, "upstream": Subject(UPSTREAM)}


@case(
    "crowds",
    title="Eight processes on one state directory, sixteen threads in one process",
    about="""
Eight processes start to call at the same moment, 1,500 times each; ours all use one state directory. And sixteen
threads of one process make 8,000 calls together. The figures are the CPU of all processes for each message. Each
process has its own spool, so more processes should not cost more for each message: the plot shows whether that holds.
A small rise is expected: each process pays for its files and its first request, and the processes compete for cores.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU a message in crowds."""
    outcome = Outcome()
    for label in bench.turns(list(_SUBJECTS)):
        outcome.add(f"{label}: 8 processes, us", run_together(bench, _SUBJECTS[label], 8))
        count = bench.scaled(_CALLS, least=10 * _THREADS)
        result = bench.run("deliver", _SUBJECTS[label], count, threads=_THREADS)
        outcome.add(f"{label}: 16 threads, us", result["cpu_s"] / result["calls"] * 1e6)
    numbers = bench.thinned(_PROCESSES)
    for processes in numbers[:-1]:
        for label in bench.turns(list(_SUBJECTS), _GROWTH_ROUNDS):
            outcome.add(f"{label}: {processes} processes, us", run_together(bench, _SUBJECTS[label], processes))
    rows = []
    for title, name in (("8 processes", "8 processes, us"), ("16 threads", "16 threads, us")):
        ours, theirs = (outcome.figures[f"{label}: {name}"] for label in _SUBJECTS)
        rows.append([title, spread(ours), spread(theirs), spread(ratios(ours, theirs))])
    outcome.tables.append(Table("", ["", "ours, µs", "upstream, µs", "ratio"], rows))
    lines = [
        Line(label, numbers, [median(outcome.figures[f"{label}: {n} processes, us"]) for n in numbers])
        for label in _SUBJECTS
    ]
    title = "CPU a message against processes on one state directory"
    outcome.plots.append(Plot("processes", title, "processes", "µs a message", lines))
    return outcome


def run_together(bench: Bench, subject: Subject, processes: int) -> float:
    """Let processes with one target call at the same time; return microseconds of CPU for each message."""
    target, state_dir = bench.server.make_target(), tempfile.mkdtemp(dir=bench.folder)
    each = bench.scaled(_EACH)
    running = [
        bench.start(
            "deliver",
            subject,
            each,
            targets=[target],
            first=number * each,
            waits=True,
            state_dir=state_dir if subject.name == OURS else None,
            shares_targets=True,
        )
        for number in range(processes)
    ]
    for run in running:
        run.read()
    for run in running:
        run.go()
    used: float = sum(run.finish()["cpu_s"] for run in running)
    arrived(bench.server, target, each * processes)
    shutil.rmtree(state_dir, ignore_errors=True)
    return used / (each * processes) * 1e6
