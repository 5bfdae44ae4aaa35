"""Planted faults are told alike by every engine."""

from __future__ import annotations

import pytest
from planted_check import falls_short
from planted_faults import FAULTS

SEEDS = {"nothing": 1, "missing": 2, "payload changed": 3, "user changed": 4, "shadow of a small share": 5}


@pytest.mark.parametrize("name", SEEDS)
def test_each_engine_says_what_was_planted(engine_name, tmp_path, name):
    """A few of the faults that are planted at random."""
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    assert not falls_short(fault, SEEDS[name], tmp_path, engine=engine_name)
