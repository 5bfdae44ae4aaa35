import math

import pytest

from benchmarks.statistics import BrokenError, broken_figures, median, percentile, ratios, rounded, spread


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, wanted: float) -> None:
    """The smallest one that at least this share does not exceed, in whatever order they came."""
    assert percentile([float(n) for n in range(100, 0, -1)], share) == wanted


def test_the_median_of_an_even_number_lies_between_the_middle_two() -> None:
    """As everywhere."""
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5


def test_ratios_are_of_pairs_and_not_of_medians() -> None:
    """Two runs one after the other share what disturbed them."""
    assert ratios([1.0, 30.0], [2.0, 60.0]) == [0.5, 0.5]


@pytest.mark.parametrize(("ours", "other"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0])])
def test_ratios_need_pairs(ours: list[float], other: list[float]) -> None:
    """A missing run or a zero gives no ratio."""
    with pytest.raises(BrokenError):
        ratios(ours, other)


@pytest.mark.parametrize("measure", [median, lambda values: percentile(values, 0.5), spread])
def test_nothing_measured_has_no_middle(measure) -> None:
    """An empty list of runs is an error, not a figure."""
    with pytest.raises(BrokenError):
        measure([])


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_figure_that_is_none_is_named(value: float) -> None:
    """Zero, a negative, NaN or infinity in one run breaks the figure and no other."""
    (wrong,) = broken_figures({"cpu": [1.0, value], "memory": [1.0]})
    assert wrong.startswith("cpu: ")


def test_a_figure_without_runs_or_that_is_missing_is_named() -> None:
    """What was not measured cannot pass."""
    assert broken_figures({"cpu": []}, expected=["cpu", "memory"]) == ["memory: missing", "cpu: no runs"]


def test_no_figure_is_too_large() -> None:
    """A slow machine breaks nothing."""
    assert broken_figures({"cpu": [1e12]}, expected=["cpu"]) == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0.1234, "0.123"), (1.005, "1.00"), (12.34, "12.3"), (999.6, "1,000"), (1234567.0, "1,234,567"), (0.0, "0")],
)
def test_a_figure_is_written_with_three_digits(value: float, wanted: str) -> None:
    """No more than says something."""
    assert rounded(value) == wanted


def test_a_spread_names_the_smallest_and_the_largest() -> None:
    """Unless they are the same."""
    assert spread([0.3, 0.1, 0.2]) == "0.200 (0.100 to 0.300)"
    assert spread([0.2, 0.2]) == "0.200"
