"""The numbers of a run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.history import RunOptions


@pytest.mark.parametrize("name", ["rate", "horizon_days", "patience_s"])
def test_what_is_not_a_number_is_refused_by_name_and_infinity_is_none_too_many(name: str) -> None:
    """No comparison with NaN holds, so that its meaning would depend on the order."""
    make: Any = RunOptions
    for value in (math.nan, -1.0):
        with pytest.raises(SourceError, match=name):
            make(**{name: value})
    assert getattr(make(**{name: math.inf}), name) == math.inf
