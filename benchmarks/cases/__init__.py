"""One file per question that the benchmarks answer, and the order in which the page shows them.

A file holds one function decorated with `benchmarks.case.case` (name, title, an introduction for readers). It gets a
`Bench` and returns an `Outcome`: the figures of all runs, tables, plots, and budgets, which go to the top of the page.
It takes its sizes from `Bench.scaled` and the order of its runs from `Bench.turns`, so that a smoke run is small. To
add a case, write its file and a line in `CASES`.
"""

from __future__ import annotations

from benchmarks.case import Case
from benchmarks.cases import (
    backlog,
    callers,
    checks,
    cpu,
    crowds,
    cures,
    draining,
    growth,
    history,
    importing,
    loop,
    memory,
    neighbours,
    parity,
    web,
)

CASES: tuple[Case, ...] = (
    cpu.measure,
    callers.measure,
    draining.measure,
    cures.measure,
    checks.measure,
    crowds.measure,
    loop.measure,
    web.measure,
    importing.measure,
    backlog.measure,
    memory.measure,
    neighbours.measure,
    growth.measure,
    history.measure,
    parity.measure,
)
