"""The compiled plan: what it finds, renames, adds and removes, and that its cheap question never says too much."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.errors import PlanError
from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.model import PlannedCall, TrackingPlan

_SHOP = """
plan: 1
name: Shop
conventions: {money: cents, dates: unix_seconds, date_properties: ['*_at'], ids: {pattern: '^usr_'}}
common: {context: {locale: string}}
identify: {traits: {email: {type: string, format: email}, created_at: {}}}
pages: [Pricing]
events:
  Order Completed:
    aliases: [purchase]
    idempotency_key: order_id
    properties:
      order_id: {type: string, required: true}
      total: {type: number, required: true, unit: USD}
      items: {type: array, items: {type: object, properties: {sku: {type: string, required: true}}}}
  Checkout Started: {once_per: cart_id, properties: {cart_id: string}}
  Plan Changed:
    - {version: 1, properties: {to: {type: string, required: true}}}
    - {version: 2, properties: {to_plan: {type: string, required: true}}}
  Feature Used: {properties: {feature: {enum: [search, export]}, took_ms: number}}
"""
_MADE = frozenset(("messageId", "timestamp"))


def shop(text: str = "", namespace: bytes = b"key") -> CheckedPlan:
    """Return the plan of a shop, with more lines below it."""
    return CheckedPlan(parse_plan((_SHOP + text).encode()), namespace)


def track(event: str, properties: Any = None, **given: Any) -> dict[str, Any]:
    """Return a track as the client has it."""
    call = {"type": "track", "userId": "usr_1", "anonymousId": None, "event": event, "properties": properties or {}}
    return {**call, "context": {}, "messageId": "m1", "timestamp": "2026-11-02T10:00:00+00:00", **given}


def found(plan: CheckedPlan, call: dict[str, Any]) -> list[tuple[str, str]]:
    """Return codes and paths."""
    return [(each.code, each.path) for each in plan.judge(call, _MADE).violations]


def test_places_show_names_of_the_plan_and_no_value() -> None:
    """A key that is not planned may be a person's address."""
    call = track("Order Completed", {"order_id": 7, "total": 42.5, "items": [{"sku": "a"}, {"ada@example.com": 1}]})
    assert found(shop(), call) == [
        ("missing-property", "properties.items[].sku"),
        ("mistyped-property", "properties.order_id"),
        ("money", "properties.total"),
    ]
    closed = TrackingPlan(events=(PlannedCall("track", "E", schema={"additionalProperties": False}),))
    assert found(CheckedPlan(closed), track("E", {"ada@example.com": 1})) == [("unplanned-property", "properties.*")]


def test_the_nearest_planned_event_is_named() -> None:
    """An old name leads to the name it has now."""
    hints = [shop().judge(track(name), _MADE).violations[0].hint for name in ("Order Compelted", "purchse", "x")]
    assert hints == ["did you mean Order Completed?", "did you mean Order Completed?", ""]


def test_an_old_name_is_judged_and_sent_as_the_planned_one() -> None:
    """The call that was given stays as it was; with mode `off` nothing is renamed."""
    call = track("purchase", {"order_id": "o-1", "total": "42"})
    judged = shop().judge(call, _MADE)
    assert (judged.call["event"], call["event"]) == ("Order Completed", "purchase")
    assert [each.code for each in judged.violations] == ["alias", "number-as-text", "money"]
    assert shop("modes: {alias: off}").judge(call, _MADE).call["event"] == "purchase"


def test_an_event_with_versions_says_which_it_is() -> None:
    """The oldest, as Segment judges a call that does not say; a stated version is judged as such, and stays."""
    plan = shop()
    assert plan.judge(track("Plan Changed", {"to": "pro"})).call["context"] == {"protocols": {"event_version": 1}}
    stated = track("Plan Changed", {"to_plan": "pro"}, context={"protocols": {"event_version": 2, "sourceId": "s"}})
    assert plan.judge(stated).call is stated
    assert plan.is_clean("track", stated, stated["properties"])
    assert not plan.is_clean("track", track("Plan Changed", {"to": "pro"}), {"to": "pro"})
    assert found(plan, {**stated, "properties": {"to": "pro"}}) == [("missing-property", "properties.to_plan")]


def test_redact_removes_what_is_wrong_and_nothing_else() -> None:
    """Nested, in arrays and in the context; what is missing, or an id, cannot be removed."""
    plan = shop("modes: {default: redact}")
    properties = {"order_id": "o-1", "total": "42", "items": [{"sku": 7, "n": 1}, "none", {"sku": "b"}], "left": 1}
    call = track("Order Completed", properties, userId="ada@example.com", context={"locale": 7, "ip": "203.0.113.7"})
    judged = plan.judge(call)
    assert judged.call["properties"] == {"order_id": "o-1", "items": [{"n": 1}, {"sku": "b"}], "left": 1}
    assert judged.call["context"] == {"ip": "203.0.113.7"}
    assert (judged.call["userId"], properties["total"]) == ("ada@example.com", "42")


def test_one_order_has_one_message_id_wherever_it_is_sent() -> None:
    """Under an old name, with another type of the key, by another process; not in another workspace."""
    calls = [track("Order Completed", {"order_id": "7", "total": 1}), track("purchase", {"order_id": 7, "total": 2})]
    ids = {shop().judge(call, _MADE).call["messageId"] for call in calls}
    others = [track("Order Completed", {"order_id": "8"}), track("Order Completed", {"order_id": ""})]
    more = [shop().judge(call, _MADE).call["messageId"] for call in others]
    theirs = shop(namespace=b"other").judge(calls[0], _MADE).call["messageId"]
    assert len(ids) == 1
    assert len({*ids, *more, theirs}) == 4
    assert more[1] == "m1"
    assert all(len(each) == 26 for each in ids)


def test_a_message_id_of_the_caller_wins() -> None:
    """Only an id that the client made is replaced."""
    call = track("Order Completed", {"order_id": "o-1", "total": 1})
    assert shop().judge(call, frozenset(("timestamp",))).call["messageId"] == "m1"


def test_an_event_that_is_sent_once_has_the_mark_of_its_key() -> None:
    """The same for each call with that key, and nothing can be read from it."""
    marks = [shop().judge(track("Checkout Started", {"cart_id": each}), _MADE).once for each in ("c-1", "c-1", "c-2")]
    assert marks[0] == marks[1] != marks[2]
    assert shop().judge(track("Checkout Started"), _MADE).once is None


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "any"}, "b": {"type": "string"}}},
        {"$ref": "https://example.com/e.json", "properties": {"b": {"type": "string"}}},
        {"properties": {"a": {"pattern": "("}, "b": {"type": "string"}}},
        {"$schema": "http://iglucentral.com/x#", "properties": {"b": {"type": "string"}}},
    ],
)
def test_a_dirty_schema_is_checked_as_far_as_it_can_be(schema: Any) -> None:
    """A plan that a team starts from is not clean; nothing is fetched."""
    checked = CheckedPlan(TrackingPlan(events=(PlannedCall("track", "E", schema=schema),)))
    assert [each.code for each in checked.judge(track("E", {"a": 1, "b": 1})).violations] == ["mistyped-property"]


@pytest.mark.parametrize(
    ("part", "left_out"),
    [
        ({"properties": {"a": {"type": "text"}}}, "events > E > properties > a > type"),
        ({"properties": {"a": {"$ref": "https://example.com/e.json"}}}, "events > E > properties > a > $ref"),
        ({"properties": {"a": {"pattern": "("}}}, "events > E > properties > a > pattern"),
    ],
)
def test_a_part_that_is_not_a_schema_is_left_out_and_named(part: Any, left_out: str) -> None:
    """Plans are dirty: the rest of the event is still checked, and nothing is fetched."""
    plan = TrackingPlan(events=(PlannedCall("track", "E", schema={**part, "required": ["b"]}),))
    checked = CheckedPlan(plan)
    assert checked.left_out == [left_out]
    assert found(checked, track("E", {"a": 1})) == [("missing-property", "properties.*")]


def test_a_schema_that_jsonschema_rs_does_not_take_is_refused_by_its_event() -> None:
    """Python's patterns are more than those of Rust."""
    schema = {"properties": {"a": {"pattern": "(?P<n>a)(?P=n)"}}}
    with pytest.raises(PlanError, match=r"events > E: its schema cannot be used: .*; correct it"):
        CheckedPlan(TrackingPlan(events=(PlannedCall("track", "E", schema=schema),)))


def test_references_and_other_drafts_stay_whole() -> None:
    """They are not put into one schema with others, where they would lead elsewhere."""
    schema = {"definitions": {"sku": {"type": "string"}}, "properties": {"sku": {"$ref": "#/definitions/sku"}}}
    newer = {"$schema": "https://json-schema.org/draft/2020-12/schema", "dependentRequired": {"a": ["b"]}}
    plan = TrackingPlan(events=(PlannedCall("track", "E", schema=schema), PlannedCall("track", "N", schema=newer)))
    checked = CheckedPlan(plan)
    assert found(checked, track("E", {"sku": 1})) == [("mistyped-property", "properties.sku")]
    assert [code for code, _ in found(checked, track("N", {"a": 1}))] == ["missing-property"]
    assert checked.is_clean("track", track("E", {"sku": "a"}), {"sku": "a"})


_NAMES = st.sampled_from(
    ["Order Completed", "purchase", "Feature Used", "Checkout Started", "Plan Changed", "User Deleted"]
)
_KEYS = st.sampled_from(
    ["order_id", "total", "items", "sku", "feature", "cart_id", "to", "created_at", "email", "reply_to"]
)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=3)
_VALUES = st.recursive(
    _SCALARS | st.sampled_from(["search", "42.50", 1_762_000_000, "2026-11-02"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=5,
)
_MODES = st.dictionaries(
    st.sampled_from(["default", "alias", "unknown-event", "money", "unknown-page", "identify-without-email"]),
    st.sampled_from(["off", "warn", "redact", "reject", "raise"]),
    max_size=3,
)


@settings(max_examples=150)
@given(
    _MODES,
    st.sampled_from(["track", "identify", "group", "page", "screen", "alias"]),
    _NAMES | st.text(max_size=4),
    st.sampled_from(["usr_1", "ada@example.com", "__test_1", None, "usr_" + "1" * 200]),
    st.dictionaries(_KEYS | st.text(max_size=3), _VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["locale", "protocols"]), _VALUES, max_size=2),
)
def test_no_plan_and_no_value_makes_it_raise_and_the_cheap_question_never_says_too_much(
    modes: Any, kind: str, name: str, user_id: Any, payload: Any, context: Any
) -> None:
    """Where `is_clean` says yes, nothing is found and nothing changed."""
    plan = CheckedPlan(parse_plan((_SHOP + f"modes: {modes!r}").replace("'default'", "default").encode()))
    call = track(name, payload, type=kind, name=name, userId=user_id, context=context, traits=payload)
    judged = plan.judge(call, _MADE)
    assert all(violation.mode != "off" for violation in judged.violations)
    if plan.is_clean(kind, call, payload if kind != "alias" else None):
        assert not judged.violations
        assert judged.call is call
        assert judged.once is None


@pytest.mark.parametrize(
    "where", ["conventions: {ids: {pattern: '^(a+)+$'}}", "identify: {traits: {x: {pattern: '^(a+)+$'}}}"]
)
def test_a_pattern_that_tries_all_ways_through_a_text_holds_up_no_call(where: str) -> None:
    """Python's own expressions would take years for this one."""
    plan = CheckedPlan(parse_plan(f"plan: 1\n{where}\n".encode()))
    text = "a" * 60 + "!"
    call = {"type": "identify", "userId": text, "traits": {"x": text}, "context": {}}
    assert not plan.is_clean("identify", call, call["traits"])
    assert {violation.code for violation in plan.judge(call).violations} & {"other-id", "invalid-value"}


def test_a_pattern_of_ids_that_is_none_is_named() -> None:
    """By its place in the plan."""
    with pytest.raises(PlanError, match=r"^conventions > ids > pattern: its schema cannot be used"):
        CheckedPlan(parse_plan(b"plan: 1\nconventions: {ids: {pattern: '('}}\n"))
