"""Medians, spreads, percentiles and ratios of pairs, and checks of figures. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence


class BrokenError(Exception):
    """A figure or a run is broken: something is missing, zero, not a number, or did not arrive."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed.

    Raises:
        BrokenError: There are no values.
    """
    if not values:
        raise BrokenError("a percentile needs values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the median.

    Raises:
        BrokenError: There are no values.
    """
    if not values:
        raise BrokenError("a median needs values")
    return statistics.median(values)


def ratios(ours: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the ratio of each pair, in the order of the runs.

    Raises:
        BrokenError: The runs are not pairs, there are none, or a value of the other is zero.
    """
    if not ours or len(ours) != len(other):
        raise BrokenError(f"{len(ours)} runs of ours and {len(other)} of the other do not make pairs")
    if not all(other):
        raise BrokenError("a ratio needs a value other than zero")
    return [mine / its for mine, its in zip(ours, other, strict=True)]


def is_figure(value: float) -> bool:
    """Return whether a measured value is finite and above zero."""
    return math.isfinite(value) and value > 0


def broken_figures(figures: Mapping[str, Sequence[float]], *, expected: Iterable[str] = ()) -> list[str]:
    """Return what is broken, one line for each figure. No figure is broken for being large.

    Args:
        figures: The values of all runs, by name.
        expected: Names that must be there.
    """
    wrong = [f"{name}: missing" for name in expected if name not in figures]
    for name, values in figures.items():
        if not values:
            wrong.append(f"{name}: no runs")
        elif not all(is_figure(value) for value in values):
            wrong.append(f"{name}: {', '.join(f'{value:g}' for value in values)}")
    return wrong


def rounded(value: float) -> str:
    """Return a figure with three significant digits and commas between thousands."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}" if digits <= 3 else f"{value:.3g}"  # noqa: PLR2004 - smaller ones in scientific form


def spread(values: Sequence[float]) -> str:
    """Return the median, and in brackets the smallest and the largest if they differ.

    Raises:
        BrokenError: There are no values.
    """
    middle, low, high = rounded(median(values)), rounded(min(values)), rounded(max(values))
    return middle if low == high else f"{middle} ({low} to {high})"
