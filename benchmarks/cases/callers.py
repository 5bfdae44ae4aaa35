"""What a call costs its caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from benchmarks.bench import Bench, Running
from benchmarks.calls import KINDS, SIZES, USUAL
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import percentile, ratios, rounded, spread
from benchmarks.subjects import OURS_DISK, UPSTREAM, Subject

_SUBJECTS = {"ours": OURS_DISK, "upstream": Subject(UPSTREAM)}
_RATES = {"100/s": 100, "1,000/s": 1_000, "flat out": 0}
_CALLS = {
    ("100/s", USUAL): 240,
    ("1,000/s", USUAL): 1_500,
    ("flat out", USUAL): 8_000,
    ("flat out", 300): 6_000,
    ("flat out", 5_000): 2_000,
    ("flat out", 30_000): 600,
}
_FEWER_ROUNDS = 3
_MIXED = [kind for other in KINDS[1:] for kind in ("track", other)]
"""Half of the calls are `track`; the other five kinds share the rest."""
_SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
_AT_MOST = {
    "p50": {"100/s": 0.55, "1,000/s": 0.45, "flat out": 0.30},
    "p99": {"100/s": 0.9, "1,000/s": 0.9, "flat out": 0.9},
}
"""Of upstream's, by percentile and rate."""
_ENOUGH = {"p50": 1, "p99": 100, "p99.9": 1_000}
"""The fewest samples for a percentile: with fewer it would be the time of a single call."""

Samples = dict[tuple[str, str, int, str], list[float]]
"""Microseconds of all calls, by subject, rate, size and kind."""


@case(
    "callers",
    title="What a call costs its caller",
    about="""
The time of one call, from before it to after its return, in the application's own thread and with our spool on disk.
At 0.7 kB half of the calls are `track` and the other five kinds share the rest; at the other sizes all are `track`.
The percentiles are over the calls of all runs together. p99 needs at least 100 calls and p99.9 at least 1,000. Each
ratio is the median of the ratios of the runs. At 100 a second both clients and all sizes run at the same time, each
in its own process, because they are idle nearly all the time. Flat out, the calls compete with the sending thread for
Python's one lock, in both clients: the slowest calls wait for the five milliseconds that Python gives the other
thread.
""",
)
def measure(bench: Bench) -> Outcome:
    """Time of each call, at three rates and four sizes."""
    outcome, samples, sizes = Outcome(), Samples(), sorted({*bench.thinned(SIZES), USUAL})
    for label in bench.turns(list(_SUBJECTS)):
        if label == next(iter(_SUBJECTS)):
            _note_idle(bench, outcome, samples, sizes)
        for rate in ("1,000/s", "flat out"):
            _note(outcome, samples, label, rate, {USUAL: _start(bench, label, rate, USUAL)})
    for label in bench.turns(list(_SUBJECTS), _FEWER_ROUNDS):
        for size in sizes:
            for rate in ("1,000/s", "flat out") if size != USUAL else ():
                _note(outcome, samples, label, rate, {size: _start(bench, label, rate, size)})
    rows = [_row(samples, rate, USUAL, kind) for rate in _RATES for kind in KINDS]
    rows_of_sizes = [_row(samples, rate, size, "track") for rate in _RATES for size in sizes if size != USUAL]
    columns = ["rate", "call", "size, kB"]
    columns += [f"{name} {share}, µs" for share in _SHARES for name in ("our", "upstream's")]
    outcome.tables.append(Table("The six calls, 0.7 kB", columns, rows))
    outcome.tables.append(Table("`track` of other sizes", columns, rows_of_sizes))
    outcome.tables.append(_ratios(outcome, sizes))
    for share, limits in _AT_MOST.items():
        outcome.budgets += [
            Budget(f"`track()` {share}, durable, {rate}", "upstream", limits[rate], _ratio(outcome, rate, USUAL, share))
            for rate in _RATES
        ]
    return outcome


def _start(bench: Bench, label: str, rate: str, size: int, *, waits: bool = False) -> Running:
    count = bench.scaled(_CALLS.get((rate, size), 200 if rate == "100/s" else 600))
    kinds = _MIXED if size == USUAL else ["track"]
    return bench.start("pace", _SUBJECTS[label], count, rate=_RATES[rate], kinds=kinds, size=size, waits=waits)


def _note_idle(bench: Bench, outcome: Outcome, samples: Samples, sizes: Sequence[int]) -> None:
    """Run all sizes with both clients at the same time, at the rate that leaves them idle nearly all the time."""
    runs = {label: {size: _start(bench, label, "100/s", size, waits=True) for size in sizes} for label in _SUBJECTS}
    started = [run for of_label in runs.values() for run in of_label.values()]
    for run in started:
        run.read()
    for run in started:
        run.go()
    for label, of_label in runs.items():
        _note(outcome, samples, label, "100/s", of_label)


def _note(outcome: Outcome, samples: Samples, label: str, rate: str, runs: dict[int, Running]) -> None:
    for size, run in runs.items():
        times: dict[str, Any] = run.finish()["samples"]
        for kind, values in times.items():
            samples.setdefault((label, rate, size, kind), []).extend(values)
        for share in ("p50", "p99"):
            outcome.add(_name(label, rate, size, share), percentile(times["track"], _SHARES[share]))


def _name(label: str, rate: str, size: int, share: str) -> str:
    return f"{label}: track, {rate}, {size} bytes, {share}, us"


def _ratio(outcome: Outcome, rate: str, size: int, share: str) -> list[float]:
    ours, theirs = (outcome.figures[_name(label, rate, size, share)] for label in _SUBJECTS)
    return ratios(ours, theirs)


def _row(samples: Samples, rate: str, size: int, kind: str) -> list[str]:
    cells = []
    for name, share in _SHARES.items():
        for label in _SUBJECTS:
            values = samples[label, rate, size, kind]
            cells.append(rounded(percentile(values, share)) if len(values) >= _ENOUGH[name] else "\N{EN DASH}")
    return [rate, f"`{kind}`", f"{size / 1000:g}", *cells]


def _ratios(outcome: Outcome, sizes: Sequence[int]) -> Table:
    rows: dict[str, list[str]] = defaultdict(list)
    for size in sizes:
        for rate in _RATES:
            for share in ("p50", "p99"):
                rows[f"{size / 1000:g} kB"].append(spread(_ratio(outcome, rate, size, share)))
    columns = ["`track`", *(f"{rate}, {share}" for rate in _RATES for share in ("p50", "p99"))]
    return Table("`track`: ours to upstream's", columns, [[size, *cells] for size, cells in rows.items()])
