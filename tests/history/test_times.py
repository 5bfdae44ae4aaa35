"""In which unit a column counts the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines_client.history.times import SlipError, TimeColumn, TimeUnit

AT = "2026-11-01T10:00:00.000Z"
SECONDS = 1_793_527_200


@pytest.mark.parametrize(
    ("times", "unit", "words"),
    [
        ([SECONDS, SECONDS * 1000], None, "looks like milliseconds, where rows before it look like seconds"),
        ([SECONDS * 1000, str(SECONDS)], None, "looks like seconds, where rows before it look like milliseconds"),
        ([SECONDS * 10**6], None, "looks like microseconds; if the column counts in another unit, say so in the map"),
        ([str(SECONDS * 10**9)], None, "looks like nanoseconds"),
        ([SECONDS * 1000], "s", "looks like milliseconds, where time_unit says seconds"),
        ([SECONDS], "ms", "looks like seconds, where time_unit says milliseconds"),
        ([SECONDS * 10**9], "us", "looks like nanoseconds, where time_unit says microseconds"),
        ([SECONDS, 0, -1, f"{SECONDS}.125", "20261101", AT, None, True, "soon"], None, ""),
        ([SECONDS * 1000, 0, SECONDS * 1000 + 1], None, ""),
    ],
)
def test_a_time_in_another_unit_than_the_column_has_is_a_slip(
    times: Sequence[Any], unit: TimeUnit | None, words: str
) -> None:
    """Numbers from 1973 on look like one unit only; texts and small numbers like none."""
    column = TimeColumn(unit, cure="if the column counts in another unit, say so in the map")
    for value in times[: -1 if words else None]:
        assert column.read(value) is value
    if words:
        with pytest.raises(SlipError) as caught:
            column.read(times[-1])
        assert words in str(caught.value)
