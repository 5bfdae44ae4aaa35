"""What a case is, and what it comes to. Data only; `report` and `plots` render it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.statistics import BrokenError, broken_figures, median

if TYPE_CHECKING:
    from benchmarks.bench import Bench


@dataclass(frozen=True, slots=True)
class Budget:
    """What a figure may be at most; `values` are those of all pairs."""

    what: str
    against: str
    at_most: float
    values: Sequence[float]
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the median keeps to it."""
        return median(self.values) <= self.at_most


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells that are ready to be read."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: `name` is its file's."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    is_log_x: bool = False
    is_log_y: bool = False


@dataclass(slots=True)
class Outcome:
    """What a case came to. `figures` holds the values of all runs; each must be one (`statistics.is_figure`)."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)

    def add(self, name: str, value: float) -> None:
        """Note the figure of one more run."""
        self.figures.setdefault(name, []).append(value)

    def check(self) -> None:
        """Refuse an outcome that is none.

        Raises:
            BrokenError: A figure is missing, zero or no number, or nothing was measured.
        """
        ratios = {f"budget: {budget.what}": list(budget.values) for budget in self.budgets}
        lines = {f"plot {plot.name}: {line.label}": list(line.y) for plot in self.plots for line in plot.lines}
        wrong = broken_figures({**self.figures, **ratios, **lines})
        if not self.figures or not self.tables:
            wrong.append("no figures" if not self.figures else "no table")
        if wrong:
            raise BrokenError("; ".join(wrong))


@dataclass(frozen=True, slots=True)
class Case:
    """A question that the benchmarks answer. `about` is for the page: what was measured, and what it means."""

    name: str
    order: int
    title: str
    about: str
    run: Callable[[Bench], Outcome]


_CASES: dict[str, Case] = {}


def case(name: str, *, order: int, title: str, about: str) -> Callable[[Callable[[Bench], Outcome]], Case]:
    """Register what the decorated function measures."""

    def register(run: Callable[[Bench], Outcome]) -> Case:
        _CASES[name] = found = Case(name, order, title, about.strip(), run)
        return found

    return register


def all_cases() -> list[Case]:
    """Return every case in `benchmarks/cases`, in the order of the page."""
    from benchmarks import cases

    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    return sorted(_CASES.values(), key=lambda case: case.order)
