"""Medians, spreads, percentiles, ratios of pairs; and whether a figure is one at all. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence


class BrokenError(Exception):
    """A figure or a run is no figure or run: something is missing, zero, not a number, or did not arrive."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed.

    Raises:
        BrokenError: There are no values.
    """
    if not values:
        raise BrokenError("a percentile of nothing")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the median.

    Raises:
        BrokenError: There are no values.
    """
    if not values:
        raise BrokenError("a median of nothing")
    return statistics.median(values)


def ratios(ours: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the ratio of each pair, in the order of the runs.

    Raises:
        BrokenError: The runs are not pairs, there are none, or one of theirs was zero.
    """
    if not ours or len(ours) != len(other):
        raise BrokenError(f"{len(ours)} runs of ours and {len(other)} of the other are no pairs")
    if not all(other):
        raise BrokenError("a ratio to zero")
    return [mine / its for mine, its in zip(ours, other, strict=True)]


def is_figure(value: float) -> bool:
    """Say whether a measured value can be one: finite and above zero."""
    return math.isfinite(value) and value > 0


def broken_figures(figures: Mapping[str, Sequence[float]], *, expected: Iterable[str] = ()) -> list[str]:
    """Return what is wrong, one line for each figure; nothing says how large a figure may be.

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
    """Return a figure with three digits that say something, and thousands set apart."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}" if digits <= 3 else f"{value:.3g}"  # noqa: PLR2004 - smaller ones in scientific form


def spread(values: Sequence[float]) -> str:
    """Return the median, and in brackets the smallest and the largest if they are others.

    Raises:
        BrokenError: There are no values.
    """
    middle, low, high = rounded(median(values)), rounded(min(values)), rounded(max(values))
    return middle if low == high else f"{middle} ({low} to {high})"
