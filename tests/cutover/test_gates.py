"""The gates of a stage: which block, and why."""

from __future__ import annotations

import pytest
from stage_files import CLOSED, situation

from pipelines_client.cutover.gates import (
    LegHealth,
    PassingDays,
    ProcessStage,
    Situation,
    find_obstacles,
    find_obstacles_back,
    passing_days_needed,
    without_a_leg,
)
from pipelines_client.routing.plan import Stage


@pytest.mark.parametrize("stage", ["segment", "shadow", "dual", "live"])
def test_with_everything_in_order_no_gate_blocks(stage: str) -> None:
    """Of any stage but the last."""
    assert find_obstacles(situation(stage)) == []


@pytest.mark.parametrize(("stage", "days"), [("segment", 0), ("shadow", 3), ("dual", 14), ("live", 7)])
def test_as_many_passing_days_as_a_stage_needs_are_enough(stage: str, days: int) -> None:
    """On the day that is planned for the next one."""
    found = situation(stage, "[plan.live]\nbegins = 2026-12-10", passing=PassingDays(days, "why"))
    assert find_obstacles(found) == []
    assert passing_days_needed(found.file, Stage.COMPLETE) == 0


@pytest.mark.parametrize(("found", "gate", "words"), CLOSED)
def test_each_gate_blocks_alone_and_says_why(found: Situation, gate: str, words: str) -> None:
    """One thing is wrong, and one obstacle names it with its evidence."""
    (obstacle,) = find_obstacles(found)
    assert obstacle.kind == gate
    assert words in obstacle.text
    assert str(obstacle) == f"{gate}: {obstacle.text}"


def test_a_leg_that_the_next_stage_leaves_out_may_be_ill() -> None:
    """Segment is down: that is no reason to stay at `live`, and one to stay at `dual`."""
    legs = {"customerio": LegHealth(), "segment": LegHealth("unhealthy")}
    assert find_obstacles(situation("live", legs=legs)) == []
    assert [obstacle.kind for obstacle in find_obstacles(situation("dual", legs=legs))] == ["health"]


DENY = '[{leg}.deny]\nevents = ["Raw Click"]\n'
CUSTOMERIO, SEGMENT = DENY.format(leg="customerio"), DENY.format(leg="segment")


@pytest.mark.parametrize(
    ("stage", "more", "legs"),
    [
        ("segment", CUSTOMERIO, []),
        ("segment", SEGMENT, ["segment"]),
        ("shadow", SEGMENT, ["segment"]),
        ("shadow", SEGMENT + "[customerio]\nshare = 1\n", []),
        ("dual", CUSTOMERIO, []),
        ("dual", SEGMENT, []),
        ("dual", CUSTOMERIO + SEGMENT, []),
        ("dual", CUSTOMERIO + '[segment]\nswitch = "discard"\n', ["customerio"]),
        ("dual", CUSTOMERIO + '[segment]\nswitch = "off"\n', []),
        ("live", CUSTOMERIO, ["customerio"]),
        ("live", CUSTOMERIO + "[segment]\nshare = 1\n", []),
        ("live", CUSTOMERIO + "[segment]\nshare = 0.5\n", ["customerio"]),
        ("complete", CUSTOMERIO, ["customerio"]),
        ("complete", CUSTOMERIO + SEGMENT, []),
        ("complete", '[customerio.deny]\nids = ["a"]\n' + SEGMENT, ["customerio"]),
        ("complete", SEGMENT, []),
    ],
)
def test_a_deny_list_leaves_messages_without_a_leg_where_the_other_does_not_take_all(
    stage: str, more: str, legs: list[str]
) -> None:
    """It is left out, has a share of people, or discards; what both deny is meant for none."""
    assert [obstacle.side for obstacle in without_a_leg(situation(stage, more).file, Stage(stage))] == legs


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        (situation("segment"), ["stage"]),
        (situation("dual"), []),
        (situation("dual", '[segment]\nswitch = "off"'), ["switch"]),
        (situation("dual", '[customerio]\nswitch = "discard"'), []),
        (situation("complete", '[customerio]\nswitch = "off"'), ["switch"]),
        (situation("dual", SEGMENT), ["deny"]),
        (situation("complete", CUSTOMERIO), ["deny"]),
    ],
)
def test_the_stage_before_is_blocked_where_it_would_lose_messages(found: Situation, kinds: list[str]) -> None:
    """The leg that will count is switched off, or a deny list leaves messages without a leg."""
    assert [obstacle.kind for obstacle in find_obstacles_back(found)] == kinds


def test_a_process_that_is_silent_is_no_word_on_its_stage() -> None:
    """It is said by `evidence`, and does not make messages flow."""
    silent = situation(processes=[ProcessStage("shadow", silence="web-1, silent for 120 s")])
    assert find_obstacles(silent) == []
    assert (silent.is_flowing, situation(processes=[ProcessStage("dual")]).is_flowing) == (False, True)


@pytest.mark.parametrize(("lag_s", "is_blocked"), [(None, False), (60, False), (60.1, True)])
def test_messages_that_wait_for_long_hold_up_the_next_stage(lag_s: float | None, is_blocked: bool) -> None:
    """A leg that the next stage leaves out may wait."""
    legs = {"customerio": LegHealth(), "segment": LegHealth(pending=3, lag_s=lag_s)}
    assert bool(find_obstacles(situation("dual", legs=legs))) == is_blocked
    assert find_obstacles(situation("live", legs=legs)) == []
