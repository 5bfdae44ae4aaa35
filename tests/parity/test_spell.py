"""Durations and shares, as reports write them."""

import pytest

from pipelines_client.parity.spell import duration, percent


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 ms"), (999, "999 ms"), (1_500, "1.5 s"), (90_000, "1.5 min"), (129_600_000, "1.5 d")]
)
def test_a_duration_has_the_unit_that_fits_it(ms, text):
    """Three digits say enough."""
    assert duration(ms) == text


def test_a_share_of_nothing_is_all_or_nothing():
    """There is something where nothing was expected, or there is not."""
    assert (percent(1, 8), percent(0, 0), percent(3, 0)) == (12.5, 0.0, 100.0)
