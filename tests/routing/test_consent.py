"""What a message says of its person's consent, and which leg that switches off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.destinations.base import FORWARDING
from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.message.build import Message
from pipelines_client.routing.consent import (
    MARK,
    asks_by_name,
    has_mark,
    is_switched_off,
    lacks_consent,
    refuses_by_name,
)
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage
from pipelines_client.sides import CUSTOMERIO, SEGMENT

BOTH = (CUSTOMERIO, SEGMENT)
AT = "2026-11-02T09:30:00.000Z"
LATER = "2026-11-02T09:30:00.001Z"


def message(kind: str = "track", user: str | None = "u1") -> Message:
    return Message("m", kind, "E", user, None, "g", AT, AT, b"{}", 0)


def consenting(**preferences: Any) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": preferences}}}


@pytest.mark.parametrize(
    ("integrations", "is_off"),
    [
        ({}, False),
        (None, False),
        ("All", False),
        ({"All": False}, False),
        ({"All": False, "Slack": True}, False),
        ({"All": False, "Customer.io": False}, True),
        ({"All": True}, False),
        ({"Mixpanel": False}, False),
        *(({name: False}, True) for name in FORWARDS_TO_CUSTOMERIO),
        ({"All": False, "Customer.io": True}, False),
        ({"All": False, "Customer.io": {}}, False),
        ({"Customer.io": None}, False),
        ({"Customer.io": False, "Actions Customerio": True}, False),
        ({"customer.io": False}, False),
    ],
)
def test_integrations_keep_a_message_from_customerio_and_never_from_segments_source(
    integrations: Any, is_off: bool
) -> None:
    """By name: the old destination is off, so the leg that replaces it is; Segment's archive has all (FACTS S8)."""
    assert refuses_by_name(integrations) is is_off
    assert is_switched_off(integrations) is (is_off or integrations in ({"All": False}, {"All": False, "Slack": True}))
    skips = Plan(Stage.DUAL, BOTH).route(message(), {"integrations": integrations})
    assert skips == ({CUSTOMERIO: "consent"} if is_off else {})


@pytest.mark.parametrize(
    ("call", "is_refused"),
    [
        ({}, False),
        ({"context": None}, False),
        ({"context": {"consent": "no"}}, False),
        (consenting(), False),
        (consenting(Marketing=True, Email=True), False),
        (consenting(Marketing=True, Email=False), True),
        (consenting(Marketing=True), True),
        (consenting(Other=True), True),
        (consenting(Marketing=True, Email="true"), True),
        (consenting(Marketing=True, Email=1), True),
    ],
)
def test_a_leg_needs_all_of_its_categories_where_a_message_has_preferences(
    call: dict[str, Any], is_refused: bool
) -> None:
    """FACTS R11; what is not plainly true is a refusal. Segment may not forward it either."""
    assert lacks_consent(call, {"Marketing", "Email"}) is is_refused
    rules = {CUSTOMERIO: LegRules(consent=frozenset(("Marketing", "Email")))}
    kept = {CUSTOMERIO: "consent", FORWARDING: "consent"} if is_refused else {}
    assert Plan(Stage.DUAL, BOTH, rules).route(message(), call) == kept
    at_segment = Plan(Stage.DUAL, BOTH, {SEGMENT: rules[CUSTOMERIO]}).route(message(), call)
    assert at_segment == ({SEGMENT: "consent"} if is_refused else {})


def test_consent_goes_before_the_stage_and_the_lists() -> None:
    """So a replay at a later stage leaves the message out."""
    rules = LegRules(consent=frozenset(("A",)), deny=Names(events=frozenset(("E",))), share=0.0)
    for stage in Stage:
        skips = Plan(stage, BOTH, dict.fromkeys(BOTH, rules)).route(message(), consenting(A=False))
        assert [skips[leg] for leg in BOTH] == ["consent", "consent"]
    without_person = Plan(Stage.DUAL, BOTH, {SEGMENT: rules}).route(message("group", None), consenting(A=False))
    assert without_person == {SEGMENT: "consent"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["All", *MARK, "A"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(json_values, json_values, st.sampled_from([None, AT, LATER]))
def test_any_json_has_an_answer_and_one_way_to_customerio(integrations: Any, preferences: Any, at: str | None) -> None:
    """With a hand-over, a message goes by the leg or by Segment's destination, or is kept from both."""
    call = {"integrations": integrations, "context": {"consent": {"categoryPreferences": preferences}}}
    plan = Plan(Stage.DUAL, BOTH, {CUSTOMERIO: LegRules(consent=frozenset("A"))}, handover_at=at)
    skips = plan.route(message(), call)
    assert (skips.get(CUSTOMERIO) == "consent") is (refuses_by_name(integrations) or lacks_consent(call, "A"))
    if at is None:
        return
    may_forward = FORWARDING not in skips and not is_switched_off(integrations)
    ways = (CUSTOMERIO not in skips) + may_forward
    assert ways == (skips.get(CUSTOMERIO) != "consent")


def test_the_mark_is_told_from_what_a_call_says_by_its_four_names() -> None:
    """A call that keeps itself from one name of the destination is not marked."""
    assert has_mark({**MARK, "All": True})
    assert not has_mark({"Customer.io": False})
    assert not has_mark(None)
    assert not asks_by_name(MARK)
