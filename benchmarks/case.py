"""A case and its outcome, as values; `report` and `plots` render them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.statistics import BrokenError, broken_figures, median

if TYPE_CHECKING:
    from benchmarks.bench import Bench


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a figure may be; `values` are those of all pairs."""

    what: str
    against: str
    at_most: float
    values: Sequence[float]
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the median is within the budget."""
        return median(self.values) <= self.at_most


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, ready to print."""

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
    """A plot, drawn into a file of its `name`."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    is_log_x: bool = False
    is_log_y: bool = False


@dataclass(slots=True)
class Outcome:
    """The results of a case. `figures` holds the values of all runs; each must pass `statistics.is_figure`."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)

    def add(self, name: str, value: float) -> None:
        """Add the figure of one more run."""
        self.figures.setdefault(name, []).append(value)

    def check(self) -> None:
        """Refuse a broken outcome.

        Raises:
            BrokenError: A figure is missing, zero or not a number, or nothing was measured.
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
    """A question that the benchmarks answer. `about` introduces it on the page: what was measured, what it means."""

    name: str
    title: str
    about: str
    run: Callable[[Bench], Outcome]


def case(name: str, *, title: str, about: str) -> Callable[[Callable[[Bench], Outcome]], Case]:
    """Make a case of the decorated function."""

    def make(run: Callable[[Bench], Outcome]) -> Case:
        return Case(name, title, about.strip(), run)

    return make
