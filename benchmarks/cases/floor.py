"""How near we are to what any durable client must do."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import median, ratios, rounded, spread
from benchmarks.subjects import OURS, OURS_DISK, UPSTREAM, Subject

_CALLS = 10_000
_SUBJECTS = {
    "the floor": None,
    "ours, durable": OURS_DISK,
    "ours, two legs": Subject(OURS, legs=2),
    "upstream": Subject(UPSTREAM),
}


@case(
    "floor",
    order=90,
    title="The floor",
    about="""
The least that a durable client in Python must do, one after the other in one thread: build the message, serialise it
(orjson), one `write` to a file, and the same bytes in requests of 475,000 bytes through a socket. No ids, no checks,
no hash, no cursor, no ledger, no retries. Messages a second are those of one core.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU a message of the floor and of the clients."""
    outcome = Outcome()
    count = bench.scaled(_CALLS)
    for label in bench.turns(list(_SUBJECTS)):
        subject = _SUBJECTS[label]
        result = bench.run("deliver" if subject else "floor", subject or OURS_DISK, count)
        outcome.add(f"{label}: CPU, us", result["cpu_s"] / count * 1e6)
    floor = outcome.figures["the floor: CPU, us"]
    rows = []
    for label in _SUBJECTS:
        values = outcome.figures[f"{label}: CPU, us"]
        rows.append([label, spread(values), rounded(1e6 / median(values)), spread(ratios(values, floor))])
    outcome.tables.append(Table("", ["", "µs a message", "messages a second, a core", "times the floor"], rows))
    return outcome
