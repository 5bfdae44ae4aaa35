"""Which legs a message takes at each stage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.destinations.base import FORWARDING
from pipelines_client.errors import ConfigError
from pipelines_client.message.build import Message
from pipelines_client.routing.cohorts import in_cohort
from pipelines_client.routing.consent import MARK
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage, Switch, stage_for
from pipelines_client.sides import CUSTOMERIO, SEGMENT

BOTH = (CUSTOMERIO, SEGMENT)


def message(user: str = "u1", event: str = "E", kind: str = "track") -> Message:
    return Message("m", kind, event, user, None, None, "2026-11-02T09:30:00.000Z", "2026-11-02T09:30:00.000Z", b"{}", 0)


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
    assert stage_for(Stage.COMPLETE, legs=(CUSTOMERIO,)) is Stage.COMPLETE
    assert [Plan(Stage.DUAL, (leg,)).authoritative for leg in BOTH] == [CUSTOMERIO, SEGMENT]
    with pytest.raises(ConfigError):
        stage_for(Stage.LIVE, legs=(CUSTOMERIO,))


def test_only_tracks_are_commands() -> None:
    """A page with such a name is a page."""
    plan = Plan(Stage.DUAL, BOTH)
    assert plan.route(message(event="User Deleted"), {}) == {CUSTOMERIO: "reserved_name"}
    assert plan.route(message(event="User Deleted", kind="page"), {}) == {}
    assert plan.route(message(event="user deleted"), {}) == {}
    assert Plan(Stage.SEGMENT, (SEGMENT,)).route(message(event="User Deleted"), {}) == {}


def test_an_alias_takes_the_cohort_of_its_previous_id() -> None:
    """Its two ids may still be in different cohorts when it is sent."""
    inside = next(f"u{n}" for n in range(99) if in_cohort(f"user:u{n}", share=0.5, salt=""))
    outside = next(f"u{n}" for n in range(99) if not in_cohort(f"user:u{n}", share=0.5, salt=""))
    plan = Plan(Stage.SHADOW, BOTH, {CUSTOMERIO: LegRules(0.5)})
    assert plan.route(message(outside, kind="alias"), {"previousId": inside}) == {}
    assert plan.route(message(inside, kind="alias"), {"previousId": outside}) == {CUSTOMERIO: "cohort"}
    for name, skips in ((inside, {}), (outside, {CUSTOMERIO: "cohort"})):
        assert plan.route(message(name), {"previousId": outside if name == inside else inside}) == skips
        assert plan.route(message(name, kind="alias"), {}) == skips


@pytest.mark.parametrize(
    ("kind", "user", "anonymous", "skips"),
    [
        ("group", None, None, {SEGMENT: "no_person"}),
        ("group", "", "", {SEGMENT: "no_person"}),
        ("group", "u", None, {}),
        ("group", None, "a", {}),
        ("identify", None, None, {}),
    ],
)
def test_a_group_of_nobody_does_not_go_to_segment(
    kind: str, user: str | None, anonymous: str | None, skips: dict[str, str]
) -> None:
    """It would drop it behind a 200 (FACTS S3). It never would have it, so that goes before what a stage says."""
    lone = message(kind=kind)._replace(user_id=user, anonymous_id=anonymous)
    assert Plan(Stage.DUAL, BOTH).route(lone, {}) == skips
    assert Plan(Stage.COMPLETE, BOTH).route(lone, {}) == (skips or {SEGMENT: "stage"})
    assert Plan(Stage.LIVE, BOTH, {SEGMENT: LegRules(0.0)}).route(lone, {}) == (skips or {SEGMENT: "cohort"})
    assert Plan(Stage.COMPLETE, (CUSTOMERIO,)).route(lone, {}) == {}


@pytest.mark.parametrize(
    ("denied", "call"),
    [
        (Names(ids=frozenset({"anon"})), {}),
        (Names(ids=frozenset({"old"})), {"previousId": "old"}),
        (Names(tenants=frozenset({"t"})), {"groupId": "t"}),
        (Names(tenants=frozenset({"t"})), {"groupId": ["t"], "context": {"groupId": "t"}}),
        (Names(events=frozenset({"E"})), {}),
    ],
)
def test_a_list_knows_every_id_and_tenant_of_a_call(denied: Names, call: dict[str, Any]) -> None:
    """The anonymous and the previous id too, and the tenant of the context."""
    plan = Plan(Stage.DUAL, BOTH, {SEGMENT: LegRules(deny=denied)})
    assert plan.route(message(event=" E ")._replace(anonymous_id="anon"), call) == {SEGMENT: "denied"}
    assert plan.route(message("v", "F"), {"context": "t", "groupId": None}) == {}


@pytest.mark.parametrize("stage", [Stage.LIVE, Stage.COMPLETE])
def test_what_a_leg_is_denied_is_denied_also_where_the_stage_leaves_it_out(stage: Stage) -> None:
    """So a replay after the way back does not bring it either."""
    plan = Plan(stage, BOTH, {SEGMENT: LegRules(0.0, deny=Names(events=frozenset({"Raw"})))})
    assert plan.route(message(event="Raw"), {}) == {SEGMENT: "denied"}
    assert plan.route(message(event="Other"), {}) == {SEGMENT: "stage" if stage is Stage.COMPLETE else "cohort"}
    lone = message(kind="group", event="Raw")._replace(user_id=None, anonymous_id=None)
    assert plan.route(lone, {}) == {SEGMENT: "denied"}


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
    skips = plan.route(message(user, event), call)
    for leg, rules in plan.rules.items():
        is_denied = event in rules.deny.events or user in rules.deny.ids or tenant in rules.deny.tenants
        is_allowed = event in rules.allow.events or user in rules.allow.ids or tenant in rules.allow.tenants
        if is_denied:
            assert skips[leg] == "denied"
        elif leg == stage.left_out:
            assert skips[leg] == "stage"
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


HANDED_AT = "2026-11-02T09:30:00.000Z"


@pytest.mark.parametrize(
    ("at", "stage", "skips"),
    [
        ("2026-11-02T09:30:00.001Z", Stage.DUAL, {CUSTOMERIO: "handover"}),
        (HANDED_AT, Stage.DUAL, {FORWARDING: "direct"}),
        ("0001-01-01T00:00:00.000Z", Stage.DUAL, {FORWARDING: "direct"}),
        (HANDED_AT, Stage.SEGMENT, {CUSTOMERIO: "handover"}),
        (HANDED_AT, Stage.SHADOW, {CUSTOMERIO: "handover"}),
        (HANDED_AT, Stage.LIVE, {SEGMENT: "cohort"}),
        ("9999-12-31T00:00:00.000Z", Stage.LIVE, {SEGMENT: "cohort"}),
        ("9999-12-31T00:00:00.000Z", Stage.COMPLETE, {SEGMENT: "stage"}),
    ],
)
def test_with_a_handover_what_segment_takes_has_one_way_to_customerio(
    at: str, stage: Stage, skips: dict[str, str]
) -> None:
    """By the destination before it and where the stage leaves the leg out; what Segment lacks goes by the leg."""
    plan = Plan(stage, BOTH, dict.fromkeys(BOTH, LegRules(0.0)), handover_at=at)
    assert plan.route(message(), {}) == skips


def test_a_handover_leaves_nothing_to_segment_that_its_integrations_keep_from_customerio() -> None:
    """Else it would reach Customer.io by no way: our leg takes it before the instant too, and a stage stays a stage."""
    for own in ({"All": False}, {"All": False, "Slack": True}):
        plan = Plan(Stage.DUAL, BOTH, handover_at="9999-01-01T00:00:00.000Z")
        assert CUSTOMERIO not in plan.route(message(), {"integrations": own})
        assert plan.route(message(), {"integrations": {**own, "Customer.io": True}}) == {CUSTOMERIO: "handover"}
        at_segment = Plan(Stage.SEGMENT, BOTH, handover_at=HANDED_AT)
        assert at_segment.route(message(), {"integrations": own}) == {CUSTOMERIO: "stage"}


@pytest.mark.parametrize("of_batches", [{"All": False}, MARK, {"Customer.io": False}])
def test_a_handover_leaves_nothing_to_segment_that_each_batch_keeps_from_customerio(of_batches: Any) -> None:
    """As `segment_integrations` may, where a process starts with it after the hand-over was planned."""
    later = Plan(Stage.DUAL, BOTH, handover_at="9999-01-01T00:00:00.000Z", of_batches=of_batches)
    assert CUSTOMERIO not in later.route(message(), {})
    assert later.route(message(), {"integrations": {"Customer.io": True}}) == {CUSTOMERIO: "handover"}
    at_segment = Plan(Stage.SEGMENT, BOTH, handover_at=HANDED_AT, of_batches=of_batches)
    assert at_segment.route(message(), {}) == {CUSTOMERIO: "stage"}


def test_a_handover_leaves_commands_to_segment_and_keeps_what_is_denied_from_both_ways() -> None:
    """A reserved name went that way before; a deny list means that it never reaches Customer.io from here."""
    deny = {CUSTOMERIO: LegRules(deny=Names(events=frozenset(("Raw Click",))))}
    plan = Plan(Stage.DUAL, BOTH, deny, handover_at=HANDED_AT)
    assert plan.route(message(event="User Deleted"), {}) == {CUSTOMERIO: "reserved_name"}
    assert plan.route(message(event="Raw Click"), {}) == {CUSTOMERIO: "denied", FORWARDING: "denied"}
    assert Plan(Stage.DUAL, BOTH, deny).route(message(event="Raw Click"), {}) == {CUSTOMERIO: "denied"}
    assert plan.route(message(), {"integrations": {"Customer.io": True}}) == {CUSTOMERIO: "handover"}
    assert Plan(Stage.COMPLETE, (CUSTOMERIO,), handover_at="9999").route(message(), {}) == {}
