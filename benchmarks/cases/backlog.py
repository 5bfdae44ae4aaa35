"""A backlog of a million messages after an outage."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Line, Outcome, Plot, Table, case
from benchmarks.statistics import median, percentile, rounded
from benchmarks.subjects import OURS, Subject

_CALLS = 1_000_000
_GROWTH = {1_000: 3, 10_000: 3, 100_000: 1, _CALLS: 1}
"""The number of runs, by the calls made while the API is down."""
_RATE = 1_000
_LEVEL = 2_500
_SUBJECT = Subject(OURS, more=(("retry_cap_s", 1.0),))
_FIGURES = ("held, MB", "peak, MB", "fill, us", "drain, us", "drain, s")
_SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


@case(
    "backlog",
    title="A million messages after an outage",
    about="""
The API answers 503 while the application makes a million calls of `track` (0.7 kB), then it recovers. Until the
backlog is delivered, the application continues with 1,000 calls a second. The longest wait between two attempts is
one second here (`retry_cap_s`, 60 by default), so that the time shown is the draining and not the waiting before it.
Upstream cannot do this: its queue holds 10,000 messages by default, in memory, and drops the rest.

Memory should not follow the backlog without end. What waits is on disk; only the newest 16 MB of bodies, with the
facts for the ledger, are in memory too, and memory grows until these are full. The CPU of a message should not rise
either: the plot shows it for backlogs of different size, from the call to the delivery. Small backlogs spread the
start of a process over fewer messages; large ones are read back from the disk, which a small one never needs.
""",
)
def measure(bench: Bench) -> Outcome:
    """Memory, time and CPU of backlogs."""
    outcome = Outcome()
    samples: dict[str, list[float]] = {}
    for waiting, times in _GROWTH.items():
        for _ in range(min(times, bench.pairs)):
            samples = _note(bench, outcome, waiting)
    rows = [
        [f"{waiting:,}", *(rounded(median(outcome.figures[f"{waiting}: {name}"])) for name in _FIGURES)]
        for waiting in _GROWTH
    ]
    columns = [
        "waiting",
        "memory then, MB",
        "peak, MB",
        "CPU of a call, µs",
        "CPU of its delivery, µs",
        "drained in, s",
    ]
    outcome.tables.append(Table("", columns, rows))
    names = {"down": "the API is down", "up": "it answers again, and the backlog is delivered"}
    callers = [
        [names[when], *(rounded(percentile(samples[when], share)) for share in _SHARES.values())] for when in names
    ]
    outcome.tables.append(
        Table("What the caller pays, a million waiting", ["while", *(f"{s}, µs" for s in _SHARES)], callers)
    )
    y = [median(outcome.figures[f"{waiting}: all, us"]) for waiting in _GROWTH]
    outcome.plots.append(
        Plot(
            "backlog",
            "CPU a message against the backlog",
            "messages that wait",
            "µs a message",
            [Line("ours, durable", list(_GROWTH), y)],
            is_log_x=True,
        )
    )
    return outcome


def _note(bench: Bench, outcome: Outcome, waiting: int) -> dict[str, list[float]]:
    """Run one outage; return the times of the calls while it lasts, and after."""
    count = bench.scaled(waiting)
    target = bench.server.make_target(failing=1.0)
    run = bench.start("outage", _SUBJECT, count, targets=[target], rate=_RATE, level=_LEVEL)
    run.read()
    bench.server.change(target)
    run.go()
    result = run.finish()
    for name, value in {
        "held, MB": result["held_mb"],
        "peak, MB": result["peak_mb"],
        "fill, us": result["fill_cpu_s"] / count * 1e6,
        "drain, us": result["drain_cpu_s"] / result["calls"] * 1e6,
        "drain, s": result["drain_s"],
        "all, us": (result["fill_cpu_s"] + result["drain_cpu_s"]) / result["calls"] * 1e6,
    }.items():
        outcome.add(f"{waiting}: {name}", value)
    return {"down": result["down"], "up": result["up"]}
