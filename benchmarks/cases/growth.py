"""CPU a message against its size and against the legs."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.calls import SIZES, USUAL
from benchmarks.case import Line, Outcome, Plot, Table, case
from benchmarks.statistics import median, spread
from benchmarks.subjects import OURS, UPSTREAM, Subject

_CALLS = {300: 6_000, 700: 6_000, 5_000: 2_000, 30_000: 600}
_ROUNDS = 2
_SUBJECTS = {
    "ours, one leg": Subject(OURS),
    "ours, two legs": Subject(OURS, legs=2),
    "upstream": Subject(UPSTREAM),
    "upstream, two": Subject(UPSTREAM, legs=2),
}


@case(
    "growth",
    title="Growth: size and legs",
    about="""
CPU a message against its size and its legs. It cannot be flat: every byte is serialised, hashed, written to the disk
and to a socket. It should have a fixed part for each message and a part that grows with the bytes. A second leg should
cost little: the message is built, serialised and stored once, and only sent twice. The two other plots of growth are
with [the backlog](#a-million-messages-after-an-outage) and [the
processes](#eight-processes-on-one-state-directory-sixteen-threads-in-one-process).
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU a message for each size, with one leg and two."""
    outcome = Outcome()
    sizes = bench.thinned(SIZES)
    for size in sizes:
        count = bench.scaled(_CALLS[size])
        for label in bench.turns(list(_SUBJECTS), _ROUNDS):
            result = bench.run("deliver", _SUBJECTS[label], count, size=size)
            outcome.add(f"{label}: {size} bytes, us", result["cpu_s"] / count * 1e6)
    rows = [
        [f"{size / 1000:g}", *(spread(outcome.figures[f"{label}: {size} bytes, us"]) for label in _SUBJECTS)]
        for size in sizes
    ]
    outcome.tables.append(Table("", ["size, kB", *(f"{label}, µs" for label in _SUBJECTS)], rows))
    lines = [
        Line(label, sizes, [median(outcome.figures[f"{label}: {size} bytes, us"]) for size in sizes])
        for label in _SUBJECTS
    ]
    title = "CPU a message against its size"
    outcome.plots.append(Plot("size", title, "bytes of a message", "µs a message", lines, is_log_x=True, is_log_y=True))
    usual = USUAL if USUAL in sizes else sizes[0]
    legs = [
        Line(label, (1, 2), [median(outcome.figures[f"{name}: {usual} bytes, us"]) for name in names])
        for label, names in (("ours", ("ours, one leg", "ours, two legs")), ("upstream", ("upstream", "upstream, two")))
    ]
    title = f"CPU a message of {usual} bytes against its legs"
    outcome.plots.append(Plot("legs", title, "legs", "µs a message", legs))
    return outcome
