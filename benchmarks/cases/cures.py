"""What it costs to change messages for Customer.io on request."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.calls import DATED
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import ratios, spread
from benchmarks.subjects import OURS, Subject

_CALLS = 10_000
_CURED = (("customerio_dates", "unix"),)
_SUBJECTS = {
    "off": (Subject(OURS, legs=2), "track"),
    "on": (Subject(OURS, legs=2, more=_CURED), "track"),
    "off, two dates": (Subject(OURS, legs=2), DATED),
    "on, two dates": (Subject(OURS, legs=2, more=_CURED), DATED),
}


@case(
    "cures",
    title="A cure: dates as Unix seconds for Customer.io",
    about="""
10,000 calls of `track` with a message of 0.7 kB to two legs, until the last one is delivered, without and with
`customerio_dates="unix"`: the CPU of the whole process. A message is looked at when a request is packed, in the
thread of Customer.io's leg. A call takes no longer. With the setting off, nothing is looked at.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU of the whole process for each message, with the cure off and on, without and with dates."""
    outcome = Outcome()
    count = bench.scaled(_CALLS)
    for label in bench.turns(list(_SUBJECTS)):
        subject, kind = _SUBJECTS[label]
        result = bench.run("deliver", subject, count, kind=kind)
        outcome.add(f"{label}: CPU, us", result["cpu_s"] / count * 1e6)
    rows = []
    for title, off, on in (("no date", "off", "on"), ("two dates", "off, two dates", "on, two dates")):
        before, after = outcome.figures[f"{off}: CPU, us"], outcome.figures[f"{on}: CPU, us"]
        rows.append([title, spread(before), spread(after), spread(ratios(after, before))])
    outcome.tables.append(Table("", ["", "off, µs", "on, µs", "ratio"], rows))
    return outcome
