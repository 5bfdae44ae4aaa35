"""What a call costs that the tracking plan and privacy look at."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import ratios, spread
from benchmarks.subjects import OURS, Subject

_CALLS = 10_000
_AT_MOST = {10: 0.45, 50: 1.5}
"""By the number of properties: what all checks together may add to a call, as a part of the call without them."""
_PLAN = Path(__file__).parents[1] / "checks-plan.yaml"
_SETTINGS: dict[str, tuple[tuple[str, Any], ...]] = {
    "plan": (("plan", str(_PLAN)),),
    "privacy": (("privacy", "reject"),),
}
"""What each check is asked for with. The last line of a table, and the limits, are for all of them together."""


@case(
    "checks",
    title="A call that is checked: the tracking plan and privacy",
    about="""
10,000 calls of `track` with 10 and with 50 properties (text of 6 to 60 characters, numbers, a list of objects), as fast
as possible: the CPU of the calling thread, without checks and with them. Each order has an id and a time that no other
of a thousand has. Nothing is found in them, as in nearly all calls. *Added* is what the checks add to a call, as a part
of the call without them.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU of the calling thread for each call, without checks, with each, and with all."""
    outcome = Outcome()
    count = bench.scaled(_CALLS)
    asked = {"none": (), **_SETTINGS, "all": tuple(each for more in _SETTINGS.values() for each in more)}
    if len(_SETTINGS) == 1:
        del asked["all"]
    last = [*asked][-1]
    for properties in _AT_MOST:
        for label in bench.turns(list(asked)):
            subject = dataclasses.replace(Subject(OURS), more=asked[label])
            result = bench.run("calling", subject, count, properties=properties)
            outcome.add(_name(label, properties), result["call_cpu_s"] / count * 1e6)
    rows = [_row(outcome, label, properties) for properties in _AT_MOST for label in asked]
    outcome.tables.append(Table("", ["properties", "checks", "a call, µs", "added"], rows))
    outcome.budgets += [
        Budget(
            f"CPU of checks at {properties} properties, added to a call",
            "the call without checks",
            at_most,
            _added(outcome, last, properties),
        )
        for properties, at_most in _AT_MOST.items()
    ]
    return outcome


def _row(outcome: Outcome, label: str, properties: int) -> list[str]:
    cpu = spread(outcome.figures[_name(label, properties)])
    return [str(properties), label, cpu, "" if label == "none" else spread(_added(outcome, label, properties))]


def _added(outcome: Outcome, label: str, properties: int) -> list[float]:
    figures = outcome.figures
    shares = ratios(figures[_name(label, properties)], figures[_name("none", properties)])
    return [max(share - 1, 0.001) for share in shares]  # noise may say that a check takes less than no time


def _name(label: str, properties: int) -> str:
    return f"{label}, {properties} properties: CPU of a call, us"
