"""The gates of a stage: which block, and why."""

from __future__ import annotations

import pytest
from stage_files import CLOSED, situation

from pipelines_client.cutover.gates import LegHealth, Situation, find_obstacles


@pytest.mark.parametrize("stage", ["segment", "shadow", "dual", "live"])
def test_with_everything_in_order_no_gate_blocks(stage: str) -> None:
    """Of any stage but the last."""
    assert find_obstacles(situation(stage)) == []


@pytest.mark.parametrize(("found", "gate", "words"), CLOSED)
def test_each_gate_blocks_alone_and_says_why(found: Situation, gate: str, words: str) -> None:
    """One thing is wrong, and one obstacle names it with its evidence."""
    (obstacle,) = find_obstacles(found)
    assert obstacle.kind == gate
    assert words in obstacle.text


def test_a_leg_that_the_next_stage_leaves_out_may_be_ill() -> None:
    """Segment is down: that is no reason to stay at `live`, and one to stay at `dual`."""
    legs = {"customerio": LegHealth(), "segment": LegHealth("unhealthy")}
    assert find_obstacles(situation("live", legs=legs)) == []
    assert [obstacle.kind for obstacle in find_obstacles(situation("dual", legs=legs))] == ["health"]
