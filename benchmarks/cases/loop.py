"""How late an event loop wakes its tasks."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import percentile, spread
from benchmarks.subjects import NO_CLIENT, OURS_DISK, UPSTREAM, Subject

_SUBJECTS = {"neither": NO_CLIENT, "ours": OURS_DISK, "upstream": Subject(UPSTREAM)}
_RATE = 500
_CALLS = 400
_SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


@case(
    "loop",
    title="Under asyncio: the loop's lag",
    about="""
A task of an event loop calls `track` 500 times a second. Another task sleeps two milliseconds at a time and notes how
late it wakes. Most of the lag is the loop's: its timers have a resolution of one millisecond, as the row without a
client shows.
""",
)
def measure(bench: Bench) -> Outcome:
    """Lag of a ticking task."""
    outcome = Outcome()
    for label in bench.turns(list(_SUBJECTS)):
        lags = bench.run("loop", _SUBJECTS[label], bench.scaled(_CALLS), rate=_RATE)["lags"]
        for name, share in _SHARES.items():
            outcome.add(f"{label}: {name}, us", percentile(lags, share))
    rows = [[label, *(spread(outcome.figures[f"{label}: {name}, us"]) for name in _SHARES)] for label in _SUBJECTS]
    outcome.tables.append(Table("", ["client", *(f"{name}, µs" for name in _SHARES)], rows))
    return outcome
