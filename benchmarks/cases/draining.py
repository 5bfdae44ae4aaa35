"""How long 20,000 messages take over a slow link."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import median, ratios, rounded, spread
from benchmarks.subjects import OURS_DISK, UPSTREAM, Subject

_CALLS = 20_000
_SUBJECTS = {"ours": OURS_DISK, "upstream": Subject(UPSTREAM)}
_LINKS = {
    "50 ms": {"delay_s": 0.05, "failing": 0.0},
    "200 ms": {"delay_s": 0.2, "failing": 0.0},
    "50 ms, 1 % of 503s": {"delay_s": 0.05, "failing": 0.01},
}
_LANES: tuple[dict[str, int], ...] = ({"50 ms": 4}, {"200 ms": 7, "50 ms, 1 % of 503s": 4})
"""Pairs that run at the same time. They wait nearly all the time, so together they use less than one core."""


@case(
    "draining",
    title="Draining over a slow link",
    about="""
20,000 messages of 0.7 kB, from the first call to the last delivery, to a server that answers each request after one
round trip. Both clients have one request in flight. Our requests are larger (up to 475,000 bytes; upstream sends up to
100 messages), so there are fewer round trips. A few pairs run at the same time, since they wait nearly all the time.
Where 1 % of the requests get a 503, the same seed decides for both clients; the client that sends fewer requests is
refused less often. The link is limited by its round trip only; on a narrow link the two clients would be closer.
""",
)
def measure(bench: Bench) -> Outcome:
    """Wall time until everything is delivered."""
    outcome = Outcome()
    for together in _LANES:
        with ExitStack() as stack:
            pools = {link: stack.enter_context(ThreadPoolExecutor(lanes)) for link, lanes in together.items()}
            pairs = {link: pool.map(partial(_pair, bench, link), range(bench.pairs)) for link, pool in pools.items()}
            for link, pair in ((link, pair) for link, of_link in pairs.items() for pair in of_link):
                for label, (seconds, requests) in pair.items():
                    outcome.add(f"{label}: {link}, s", seconds)
                    outcome.add(f"{label}: {link}, requests", requests)
    rows = []
    for link in _LINKS:
        ours, theirs = (outcome.figures[f"{label}: {link}, s"] for label in _SUBJECTS)
        asked = [rounded(median(outcome.figures[f"{label}: {link}, requests"])) for label in _SUBJECTS]
        rows.append([link, spread(ours), spread(theirs), spread(ratios(ours, theirs)), *asked])
    columns = ["round trip", "ours, s", "upstream, s", "ratio", "our requests", "upstream's requests"]
    outcome.tables.append(Table("", columns, rows))
    shares = ratios(outcome.figures["ours: 50 ms, s"], outcome.figures["upstream: 50 ms, s"])
    outcome.budgets.append(Budget("time to drain 20,000 messages, 50 ms round trip", "upstream", 0.2, shares))
    return outcome


def _pair(bench: Bench, link: str, number: int) -> dict[str, tuple[float, int]]:
    """Run both, one after the other; return seconds and requests."""
    pair = {}
    for label in list(_SUBJECTS) if number % 2 == 0 else reversed(list(_SUBJECTS)):
        target = bench.server.make_target(seed=number, **_LINKS[link])
        result = bench.run("deliver", _SUBJECTS[label], bench.scaled(_CALLS), targets=[target])
        pair[label] = result["wall_s"], result["arrived"][0]["requests"]
    return pair
