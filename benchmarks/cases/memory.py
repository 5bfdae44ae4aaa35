"""Memory of an idle client, and of one with a queue."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import spread
from benchmarks.subjects import NO_CLIENT, OURS_DISK, OURS_MEMORY, UPSTREAM, Subject

_SUBJECTS = {
    "ours, durable": OURS_DISK,
    "ours, memory": OURS_MEMORY,
    "upstream": Subject(UPSTREAM),
    "neither": NO_CLIENT,
}
_QUEUED = 100_000
_ROUNDS = 3
_QUEUED_ROUNDS = 2


@case(
    "memory",
    title="Memory",
    about="""
Resident memory of the whole process: with an idle client, and with 100,000 messages of 0.7 kB that wait because the
API answers 503. Upstream gets a queue that holds them all. *Neither* is Python with this benchmark's own modules.
""",
)
def measure(bench: Bench) -> Outcome:
    """Resident memory, idle and with a queue."""
    outcome = Outcome()
    for label in bench.turns(list(_SUBJECTS), _ROUNDS):
        outcome.add(f"{label}: idle, MB", _held(bench, _SUBJECTS[label], 0))
    for label in bench.turns([label for label in _SUBJECTS if label != "neither"], _QUEUED_ROUNDS):
        outcome.add(f"{label}: queued, MB", _held(bench, _SUBJECTS[label], bench.scaled(_QUEUED)))
    rows = []
    for label in _SUBJECTS:
        queued = outcome.figures.get(f"{label}: queued, MB")
        rows.append([label, spread(outcome.figures[f"{label}: idle, MB"]), spread(queued) if queued else ""])
    outcome.tables.append(Table("", ["client", "idle, MB", "100,000 wait, MB"], rows))
    return outcome


def _held(bench: Bench, subject: Subject, count: int) -> float:
    targets = [bench.server.make_target(failing=1.0)]
    run = bench.start("hold", subject, count, targets=targets)
    run.read()
    bench.server.change(targets[0])
    run.go()
    held: float = run.finish()["held_mb"]
    return held
