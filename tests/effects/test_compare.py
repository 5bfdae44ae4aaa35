"""What differs between two routes, by path and kind of change."""

from __future__ import annotations

from typing import Any

import pytest
from effect_cases import AT, AT_S, alias, group, identify, page, screen, track

from pipelines_client.effects import DataPipelines, Dates, SegmentDestination
from pipelines_client.effects.changes import CHANGES, REASONS, Weight
from pipelines_client.effects.compare import differences
from pipelines_client.effects.model import MAX_LEVELS, Action, Effect, Unknown

PHONE = {"device": {"token": "tok-1"}}
PAGE = {"url": "https://e.co/a"}


def changes(call: dict[str, Any], dates: Dates = Dates.UNCHANGED) -> list[tuple[str, str]]:
    """Return path and kind of each change for a call."""
    found = differences(SegmentDestination().effects(call), DataPipelines(dates).effects(call))
    return [(each.path, each.code) for each in found]


@pytest.mark.parametrize(
    "call",
    [
        identify({"plan": "pro", "mrr": 49, "vip": True, "tags": ["a", None], "email": "k@e.co"}, timestamp=AT),
        identify({"plan": "pro"}, anonymousId="anon-1"),
        identify({"created_at": str(AT_S)}),
        identify(userId="kim@example.com"),
        identify({"email": "k@e.co"}, userId=None),
        identify(userId=None, anonymousId="anon-1"),
        track("Order Completed", {"total": 42.5, "items": [{"sku": "a"}]}, timestamp=AT, messageId="m1"),
        track("E", userId=None, anonymousId="anon-1"),
        page(PAGE, name="https://e.co/a"),
        screen({"a": 1}, name="Home"),
        group(),
        group({"object_type_id": "2", "relationshipAttributes": {"role": "owner"}}),
        alias(),
        *(track(name) for name in ("User Deleted", "User Suppressed", "User Unsuppressed")),
        track("Object Deleted", {"objectId": "acme", "objectTypeId": 2}),
        track("Relationship Deleted", {"objectId": "acme"}),
        track("Report Delivery Event", {"deliveryId": "d1", "metric": "opened"}, userId=None),
        track("E", userId=None),
        {"type": "delete"},
    ],
)
def test_a_call_that_both_routes_take_alike_has_no_difference(call: dict[str, Any]) -> None:
    """Neither in values nor in whom it is about; one that neither takes has none either."""
    assert changes(call) == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (identify({"renews_at": AT}), [("traits.renews_at", "date_becomes_text")]),
        (identify({"plan": {"renews_at": AT}}), [("traits.plan.renews_at", "date_becomes_text")]),
        (identify({"dates": [AT]}), []),
        (track("E", {"a.b": {"c": "2026-11-20"}}), [('properties."a.b".c', "date_becomes_text")]),
        (identify({"created_at": AT_S}), [("traits.created_at", "number_as_text")]),
        (identify({"email": 5}), [("traits.email", "number_as_text")]),
        (identify({"email": True}), [("traits.email", "type")]),
        (identify({"ref": 2**60 + 1}), [("traits.ref", "rounded")]),
        (
            identify({"createdAt": AT_S}),
            [("traits.createdAt", "attribute_new"), ("traits.created_at", "created_at")],
        ),
        (identify({"created_at": "", "a": 1}), [("traits.created_at", "attribute_replaced")]),
        (
            identify({"objectTypeId": "2"}),
            [("traits.objectTypeId", "attribute_new"), ("relationships", "relationship_of_identify")],
        ),
        (identify({"email": "kim@localhost"}, userId=None), [("person", "person")]),
        (identify(timestamp="2026-11-20T09:30:00.250Z"), [("at", "milliseconds")]),
        (identify(timestamp="20 Nov 2026"), [("at", "odd_time")]),
        (track("E", {"url": 1}, anonymousId="anon-1"), [("properties.anonymous_id", "anonymous_id")]),
        (track("2026-11-20"), [("name", "name")]),
        (track("User Deleted "), [("action", "maybe_command")]),
        (track("E", userId=None, groupId="acme"), [("action", "event_of_group")]),
        (track("Device Created or Updated", context=PHONE), [("action", "appears")]),
        (track("Report Delivery Event", {"deliveryId": "d", "metric": "bounced"}), [("action", "undocumented_metric")]),
        (page(PAGE, name="Pricing"), [("name", "name")]),
        (page(PAGE), [("name", "view_without_name")]),
        (page(name="Pricing"), [("action", "appears")]),
        (screen(), [("action", "appears")]),
        (identify({"created_at": None}), [("traits.created_at", "attribute_replaced")]),
        (identify({"created_at": ""}), [("traits.created_at", "attribute_replaced")]),
        (group({"plan": "pro"}), [("attributes.plan", "attribute_new")]),
        (
            group({"objectAttributes": {"plan": "pro"}}),
            [("attributes.objectAttributes", "attribute_new"), ("attributes.plan", "attribute_gone")],
        ),
        (
            group({"relationshipAttributes": {"since": AT}}),
            [("relationships[].attributes.since", "date_becomes_text")],
        ),
        (
            group({"objectTypeId": "2"}),
            [("attributes.objectTypeId", "attribute_new"), ("object.object_type_id", "object_type")],
        ),
        (page(PAGE, name="https://e.co/a", event="User Deleted"), [("action", "disappears")]),
    ],
)
def test_each_difference_has_a_path_and_a_kind(call: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """The paths of a person's traits and an event's properties are those of the call."""
    assert sorted(changes(call)) == sorted(found)


def test_dates_are_unknown_until_a_team_says_what_happens_to_them() -> None:
    """In objects and in lists; where nothing is there today, a date that comes is known."""
    call = identify({"at": AT, "list": [AT]})
    assert changes(call, Dates.UNKNOWN) == [("traits.at", "date"), ("traits.list[]", "date_in_list")]
    assert changes(call, Dates.CONVERTED) == []
    assert changes(group({"at": AT}), Dates.UNKNOWN) == [("attributes.at", "attribute_new")]


def test_a_time_that_segment_corrected_is_another_time() -> None:
    """The old route sends Segment's `timestamp`, the new one what the client sent."""
    old, new = identify(timestamp="2026-11-20T09:30:02Z"), identify(timestamp=AT)
    found = differences(SegmentDestination().effects(old), DataPipelines().effects(new))
    assert [each.code for each in found] == ["time"]


def test_another_action_is_one_difference() -> None:
    """An event that becomes a command is not also one that is gone."""
    today, then = Effect(Action.EVENT), Effect(Action.SUPPRESS)
    (found,) = differences([today], [then])
    assert (found.code, found.today, found.then) == ("becomes", Action.EVENT, Action.SUPPRESS)


def _pair(today: dict[str, Any], then: dict[str, Any], action: Action = Action.EVENT) -> list[tuple[str, str]]:
    """Return path and kind of each change between two effects that see this."""
    return [(each.path, each.code) for each in differences([Effect(action, today)], [Effect(action, then)])]


@pytest.mark.parametrize(
    ("today", "then", "code"),
    [
        (1, 1.0, None),
        (1, True, "type"),
        (1, 2, "value"),
        (2**53, 2**53 + 1, "rounded"),
        (2**53 + 1, 2**53, "value"),
        (1.5, "1.5", "number_as_text"),
        ("1", 1, "number_as_text"),
        ("1.0", 1, "type"),
        ("a", "b", "value"),
        ("a", None, "type"),
        (None, None, None),
        (AT_S, AT, "date_becomes_text"),
        (AT, AT_S, "date_becomes_number"),
        (AT_S + 1, AT, "type"),
        (str(AT_S), AT, "value"),
        (float(AT_S), AT, "type"),
        (AT, float(AT_S), "type"),
        ([1], {"a": 1}, "type"),
        ([1, 2], [1, 3], "value"),
        ([1, 2], [1], "attribute_gone"),
        ([1], [1, 2], "attribute_new"),
        ({"a": 1}, {"a": 1}, None),
    ],
)
def test_two_values_differ_in_one_kind_or_none(today: Any, then: Any, code: str | None) -> None:
    """Types count, spellings of a number do not."""
    found = _pair({"attributes": {"x": today}}, {"attributes": {"x": then}})
    assert [kind for _, kind in found] == ([] if code is None else [code])


def test_the_parts_of_an_effect_have_kinds_of_their_own() -> None:
    """A person is compared whole, an object key by key, a relationship with its person and attributes."""
    for action, place in (
        (Action.PAGE, "properties.a"),
        (Action.SCREEN, "properties.a"),
        (Action.OBJECT, "attributes.a"),
    ):
        assert _pair({"attributes": {"a": 1}}, {"attributes": {"a": 2}}, action) == [(place, "value")]
    assert _pair({"attributes": {"a": 1}}, {}, Action.REPORT_CONTENT) == [("properties.a", "attribute_gone")]
    assert _pair({"device": {"token": "a"}}, {"device": {"token": "b"}}, Action.PUT_DEVICE) == [
        ("device.token", "value")
    ]
    for key in ("person", "merged"):
        assert _pair({key: {"id": "a", "x": 1}}, {key: {"id": "b", "x": 2}}, Action.MERGE) == [(key, "person")]
    assert _pair({"object": {"object_id": "a"}}, {"object": {"object_id": "b"}}) == [("object.object_id", "object")]
    assert _pair({"created_at": 1}, {}) == [("created_at", "attribute_gone")]
    related = {"person": {"id": "a"}, "attributes": {"role": "owner"}}
    assert _pair({"relationships": [related]}, {"relationships": [related]}) == []
    assert _pair({"relationships": [related]}, {}) == [("relationships", "relationship")]
    assert _pair({"relationships": [related]}, {"relationships": [related] * 2}) == [
        ("relationships[]", "relationship")
    ]
    other = {"person": {"id": "b"}, "attributes": {"role": "guest"}, "object": {"object_id": "a"}}
    assert sorted(_pair({"relationships": [related]}, {"relationships": [other]})) == [
        ("relationships[].attributes.role", "value"),
        ("relationships[].object", "relationship"),
        ("relationships[].person", "person"),
    ]


@pytest.mark.parametrize(
    ("today", "then", "code"),
    [
        (AT_S, AT, None),
        (str(AT_S), AT_S, None),
        (str(AT_S), AT, None),
        (AT_S, "2026-11-20T09:30:00.000Z", None),
        (AT_S, "2026-11-20T09:30:00.001Z", "milliseconds"),
        (AT_S, "2026-11-20T09:30:01Z", "time"),
        (AT_S, None, "time"),
        (None, AT, "time"),
        ("now", "now", "odd_time"),
        (AT_S, "now", "odd_time"),
        (Unknown("odd_time"), AT, "odd_time"),
    ],
)
def test_times_are_the_same_to_the_second(today: Any, then: Any, code: str | None) -> None:
    """In any spelling; None stands for no time."""
    sides = ({} if value is None else {"at": value} for value in (today, then))
    assert [kind for _, kind in _pair(*sides)] == ([] if code is None else [code])


def test_all_levels_that_may_be_looked_at_are() -> None:
    """A difference in the last of them is found; one below it is unknown."""

    def nested(value: Any, levels: int) -> dict[str, Any]:
        return value if not levels else {"a": nested(value, levels - 1)}

    for levels, code in ((MAX_LEVELS, "value"), (MAX_LEVELS + 1, "too_deep")):
        (found,) = _pair({"attributes": nested(1, levels)}, {"attributes": nested(2, levels)})
        assert found[1] == code


def test_values_nested_too_deep_are_unknown() -> None:
    """They end neither the comparison nor the process."""
    deep: Any = 1
    for _ in range(MAX_LEVELS + 5):
        deep = [deep]
    sides = [Effect(Action.EVENT, {"attributes": {"a": deep}}), Effect(Action.EVENT, {"attributes": {"a": [deep]}})]
    assert [each.code for each in differences(sides[:1], sides[1:])] == ["too_deep"]


def test_every_unknown_and_every_reason_has_words() -> None:
    """What a route may answer is in the tables, and each change says what to do."""
    assert {"date", "odd_time", "too_deep", "created_at", "maybe_command"} <= CHANGES.keys()
    assert all(change.says and change.cure.endswith(".") and change.facts for change in CHANGES.values())
    assert {change.weight for change in CHANGES.values()} == set(Weight)
    assert all(REASONS.values())
