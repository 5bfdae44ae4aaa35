"""What a replay and a backfill cost, compared with calls."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import spread
from benchmarks.subjects import OURS_DISK

_CALLS = 20_000
_MANY = 200_000
_TITLES = {
    "deliver": "calls of `track`, one leg, durable",
    "backfill": "a backfill of JSON lines",
    "replay": "a replay, ledger and archive",
}
_ROUNDS = 2


@case(
    "history",
    title="Replay and backfill",
    about="""
20,000 messages of 0.7 kB, sent in three ways: by calls, by a backfill from a file of JSON lines, and by a replay, which
reads the ledger for what is missing and the other side's archive for the bodies. All three write each message to a
spool and to the ledger, and send it. A backfill and a replay do more: they read the file, check each row, choose the
messages on disk so that each messageId goes once and in the order of the events, and look up in the ledger what was
sent before. No rate was set. Memory should not grow with the rows: the last line has ten times as many.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU, rate and memory of the three."""
    outcome = Outcome()
    for name in bench.turns(list(_TITLES), _ROUNDS):
        _note(bench, outcome, name, name, bench.scaled(_CALLS))
    _note(bench, outcome, "backfill", "many", bench.scaled(_MANY))
    titles = {**_TITLES, "many": "a backfill of 200,000 rows"}
    rows = [
        [title, *(spread(outcome.figures[f"{name}: {what}"]) for what in ("us", "a second", "peak, MB"))]
        for name, title in titles.items()
    ]
    outcome.tables.append(Table("", ["what", "CPU a message, µs", "messages a second", "peak, MB"], rows))
    return outcome


def _note(bench: Bench, outcome: Outcome, workload: str, name: str, count: int) -> None:
    result = bench.run(workload, OURS_DISK, count)
    outcome.add(f"{name}: us", result["cpu_s"] / count * 1e6)
    outcome.add(f"{name}: a second", count / result["wall_s"])
    outcome.add(f"{name}: peak, MB", result["peak_mb"])
