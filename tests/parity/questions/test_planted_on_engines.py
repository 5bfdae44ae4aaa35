"""Planted faults are told alike by every engine."""

from __future__ import annotations

import pytest
from planted_check import falls_short
from planted_faults import FAULTS

SEEDS = {"payload changed": 3, "shadow of a small share": 5}
MORE = {"nothing": 1, "missing": 2, "user changed": 4}


@pytest.mark.parametrize("name", [*SEEDS, *(pytest.param(name, marks=pytest.mark.soak) for name in MORE)])
def test_each_engine_says_what_was_planted(engine_name, tmp_path, name):
    """A few of the faults that are planted at random."""
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    assert not falls_short(fault, (SEEDS | MORE)[name], tmp_path, engine=engine_name)
