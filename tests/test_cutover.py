"""Who goes where, at which stage."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.cutover import CUSTOMERIO, SEGMENT, Plan, Stage, in_cohort, stage_for
from pipelines_client.errors import ConfigError
from pipelines_client.message import Message

BOTH = (CUSTOMERIO, SEGMENT)


def message(identity: str = "user:u1", event: str = "E", kind: str = "track") -> Message:
    return Message(
        "m", kind, event, "u1", None, identity, "2026-11-02T09:30:00.000Z", "2026-11-02T09:30:00.000Z", b"{}", "h"
    )


@pytest.mark.parametrize(
    ("stage", "share", "skipped", "counts"),
    [
        (Stage.SEGMENT, 1.0, {CUSTOMERIO: "stage"}, SEGMENT),
        (Stage.SHADOW, 0.0, {CUSTOMERIO: "cohort"}, SEGMENT),
        (Stage.SHADOW, 1.0, {}, SEGMENT),
        (Stage.DUAL, 0.0, {}, SEGMENT),
        (Stage.LIVE, 0.0, {SEGMENT: "cohort"}, CUSTOMERIO),
        (Stage.LIVE, 1.0, {}, CUSTOMERIO),
        (Stage.COMPLETE, 1.0, {SEGMENT: "stage"}, CUSTOMERIO),
    ],
)
def test_each_stage_has_its_legs_and_the_one_that_counts(
    stage: Stage, share: float, skipped: dict[str, str], counts: str
) -> None:
    """The table of stages."""
    plan = Plan(stage, BOTH, share)
    assert plan.route(message()) == skipped
    assert plan.authoritative == counts


def test_the_keys_imply_a_stage_and_a_stage_needs_its_key() -> None:
    """Both keys: dual. One: complete."""
    assert stage_for(None, legs=BOTH) is Stage.DUAL
    assert stage_for(None, legs=(CUSTOMERIO,)) is Stage.COMPLETE
    with pytest.raises(ConfigError):
        stage_for(Stage.LIVE, legs=(CUSTOMERIO,))


def test_only_tracks_are_commands() -> None:
    """A page of that name is a page."""
    plan = Plan(Stage.DUAL, BOTH)
    assert plan.route(message(event="User Deleted")) == {CUSTOMERIO: "reserved_name"}
    assert plan.route(message(event="User Deleted", kind="page")) == {}
    assert plan.route(message(event="user deleted")) == {}


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_in_a_small_share_is_in_a_larger_one(identity: str, one: float, other: float) -> None:
    """Raising the share moves people in and nobody out."""
    small, large = sorted((one, other))
    if in_cohort(identity, share=small, salt="s"):
        assert in_cohort(identity, share=large, salt="s")


def test_a_share_is_a_share_and_another_salt_picks_others() -> None:
    """Of 20,000 people a quarter, within five standard deviations."""
    people = [f"user:{n}" for n in range(20_000)]
    chosen = {p for p in people if in_cohort(p, share=0.25, salt="a")}
    others = {p for p in people if in_cohort(p, share=0.25, salt="b")}
    assert abs(len(chosen) - 5_000) < 5 * (20_000 * 0.25 * 0.75) ** 0.5
    assert 0.2 < len(chosen & others) / len(chosen) < 0.3


def test_a_cohort_is_the_same_in_every_process() -> None:
    """Not Python's own hash, which differs from process to process."""
    script = (
        "from pipelines_client.cutover import in_cohort;"
        "print([n for n in range(200) if in_cohort(f'user:{n}', share=0.3, salt='x')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([n for n in range(200) if in_cohort(f"user:{n}", share=0.3, salt="x")])
