"""Which legs a message takes at each stage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.errors import ConfigError
from pipelines_client.message.build import Message
from pipelines_client.routing.cohorts import in_cohort
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage, Switch, stage_for
from pipelines_client.sides import CUSTOMERIO, SEGMENT

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
def test_each_stage_has_its_legs_and_an_authoritative_one(
    stage: Stage, share: float, skipped: dict[str, str], counts: str
) -> None:
    """The table of stages in docs/cutover.md."""
    plan = Plan(stage, BOTH, dict.fromkeys(BOTH, LegRules(share)))
    assert plan.route(message(), {}) == skipped
    assert plan.authoritative == counts


def test_the_keys_choose_the_default_stage_and_a_stage_needs_its_key() -> None:
    """Both keys: dual. One key: complete."""
    assert stage_for(None, legs=BOTH) is Stage.DUAL
    assert stage_for(None, legs=(CUSTOMERIO,)) is Stage.COMPLETE
    with pytest.raises(ConfigError):
        stage_for(Stage.LIVE, legs=(CUSTOMERIO,))


def test_only_tracks_are_commands() -> None:
    """A page with such a name is a page."""
    plan = Plan(Stage.DUAL, BOTH)
    assert plan.route(message(event="User Deleted"), {}) == {CUSTOMERIO: "reserved_name"}
    assert plan.route(message(event="User Deleted", kind="page"), {}) == {}
    assert plan.route(message(event="user deleted"), {}) == {}


def test_an_alias_takes_the_cohort_of_its_previous_id() -> None:
    """Its two ids may still be in different cohorts when it is sent."""
    inside = next(f"u{n}" for n in range(99) if in_cohort(f"user:u{n}", share=0.5, salt=""))
    outside = next(f"u{n}" for n in range(99) if not in_cohort(f"user:u{n}", share=0.5, salt=""))
    plan = Plan(Stage.SHADOW, BOTH, {CUSTOMERIO: LegRules(0.5)})
    assert plan.route(message(f"user:{outside}", kind="alias"), {"previousId": inside}) == {}
    assert plan.route(message(f"user:{inside}", kind="alias"), {"previousId": outside}) == {CUSTOMERIO: "cohort"}


NAMES = st.sampled_from(["a", "b", "c"])
LIST = st.builds(Names, st.frozensets(NAMES), st.frozensets(NAMES), st.frozensets(NAMES))
RULES = st.builds(LegRules, st.floats(0, 1), LIST, LIST)


@given(st.sampled_from(Stage), RULES, RULES, NAMES, NAMES, NAMES)
def test_a_message_that_no_list_denies_takes_the_legs_of_the_stage(
    stage: Stage, customerio: LegRules, segment: LegRules, event: str, user: str, tenant: str
) -> None:
    """The authoritative leg takes all of them; a leg that the stage leaves out takes none, even from the allow list."""
    plan = Plan(stage, BOTH, {CUSTOMERIO: customerio, SEGMENT: segment})
    call = {"context": {"groupId": tenant}}
    skips = plan.route(message(f"user:{user}", event)._replace(user_id=user), call)
    for leg, rules in plan.rules.items():
        is_denied = event in rules.deny.events or user in rules.deny.ids or tenant in rules.deny.tenants
        is_allowed = event in rules.allow.events or user in rules.allow.ids or tenant in rules.allow.tenants
        if leg == stage.left_out:
            assert skips[leg] == "stage"
        elif is_denied:
            assert skips[leg] == "denied"
        elif is_allowed or leg != stage.partial:
            assert leg not in skips
        else:
            assert (skips.get(leg) == "cohort") == (not in_cohort(f"user:{user}", share=rules.share, salt=""))


def test_a_migration_can_step_forward_and_back() -> None:
    """There is no stage before the first and after the last."""
    assert [stage.moved(1) for stage in Stage] == [*list(Stage)[1:], None]
    assert [stage.moved(-1) for stage in Stage] == [None, *list(Stage)[:-1]]


def test_stage_and_switch_are_texts_because_they_are_compared_with_settings_files_and_ledger_records() -> None:
    """Another kind of enum would make `record.stage == Stage.DUAL` false without an error."""
    assert [stage == stage.value for stage in Stage] == [True] * 5
    assert [stage.value for stage in Stage] == ["segment", "shadow", "dual", "live", "complete"]
    assert [switch == switch.value for switch in Switch] == [True] * 3
    assert [switch.value for switch in Switch] == ["on", "off", "discard"]
