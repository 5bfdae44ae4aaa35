"""CPU a message, end to end."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import median, ratios, rounded, spread
from benchmarks.subjects import OURS, UPSTREAM, Subject

_CALLS = 10_000
_FLOOR = "the floor"
_SUBJECTS = {
    "upstream": Subject(UPSTREAM),
    "disk": Subject(OURS),
    "memory": Subject(OURS, spool="memory"),
    "upstream, gzip": Subject(UPSTREAM, gzip=True),
    "disk, gzip": Subject(OURS, gzip=True),
    "memory, gzip": Subject(OURS, spool="memory", gzip=True),
    "upstream, two": Subject(UPSTREAM, legs=2),
    "disk, two": Subject(OURS, legs=2),
    "memory, two": Subject(OURS, spool="memory", legs=2),
}
_ROWS = (
    ("one leg, durable", "disk", "upstream"),
    ("one leg, memory", "memory", "upstream"),
    ("one leg, durable, gzip", "disk, gzip", "upstream, gzip"),
    ("one leg, memory, gzip", "memory, gzip", "upstream, gzip"),
    ("two legs, durable", "disk, two", "upstream, two"),
    ("two legs, memory", "memory, two", "upstream, two"),
)


@case(
    "cpu",
    title="CPU a message, end to end, and the floor",
    about="""
10,000 calls of `track` with a message of 0.7 kB, as fast as possible, until the last one is delivered: the CPU of the
whole process with all its threads. *Two legs* is compared with two upstream clients in one process, each of which gets
every call: what a dual-write without this package costs. *Durable* keeps each message on disk before the call returns;
upstream keeps nothing.

*The floor* is the least that a durable client in Python must do, step by step in one thread: build the message,
serialise it (orjson), write it to a file with one `write`, and send the same bytes through a socket in requests of
475,000 bytes. It has no ids, checks, hashes, cursors, ledger or retries.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU of the whole process for each message, and its peak memory."""
    outcome = Outcome()
    count = bench.scaled(_CALLS)
    for label in bench.turns([*_SUBJECTS, _FLOOR]):
        is_floor = label == _FLOOR
        result = bench.run("floor" if is_floor else "deliver", Subject(OURS) if is_floor else _SUBJECTS[label], count)
        outcome.add(f"{label}: CPU, us", result["cpu_s"] / count * 1e6)
        outcome.add(f"{label}: peak, MB", result["peak_mb"])
    rows = []
    for title, ours, theirs in _ROWS:
        cpu, its = outcome.figures[f"{ours}: CPU, us"], outcome.figures[f"{theirs}: CPU, us"]
        peak, its_peak = outcome.figures[f"{ours}: peak, MB"], outcome.figures[f"{theirs}: peak, MB"]
        rows.append([title, spread(cpu), spread(its), spread(ratios(cpu, its)), spread(peak), spread(its_peak)])
    columns = ["", "ours, µs", "upstream, µs", "ratio", "our peak, MB", "upstream's peak, MB"]
    outcome.tables += [Table("", columns, rows), _floor(outcome)]
    outcome.budgets += [
        _budget(outcome, "CPU a message, one leg, durable", "disk", "upstream", 0.24),
        _budget(outcome, "CPU a message, one leg, memory spool", "memory", "upstream", 0.16),
        _budget(outcome, "CPU a message, two legs, durable", "disk, two", "upstream, two", 0.20),
    ]
    return outcome


def _floor(outcome: Outcome) -> Table:
    floor = outcome.figures[f"{_FLOOR}: CPU, us"]
    rows = []
    for title, label in (
        (_FLOOR, _FLOOR),
        ("ours, one leg, durable", "disk"),
        ("ours, one leg, memory", "memory"),
        ("ours, two legs, durable", "disk, two"),
        ("upstream", "upstream"),
    ):
        values = outcome.figures[f"{label}: CPU, us"]
        rows.append([title, spread(values), rounded(1e6 / median(values)), spread(ratios(values, floor))])
    return Table("The floor", ["", "µs a message", "messages a second, a core", "times the floor"], rows)


def _budget(outcome: Outcome, what: str, ours: str, theirs: str, at_most: float) -> Budget:
    against = "two upstream clients side by side" if "two" in theirs else "upstream, not durable"
    shares = ratios(outcome.figures[f"{ours}: CPU, us"], outcome.figures[f"{theirs}: CPU, us"])
    return Budget(what, against, at_most, shares)
