from __future__ import annotations

import random
from typing import Any

from pipelines_client.plan.document import dump_plan, parse_plan
from pipelines_client.plan.infer import Inference
from pipelines_client.plan.model import TrackingPlan

PLANS = ("free", "pro")


def orders(count: int = 40) -> list[dict[str, Any]]:
    """Return calls of a shop: an identify and an order for each person, and a page."""
    calls: list[dict[str, Any]] = []
    for number in range(count):
        who = {"userId": f"usr_{number}"}
        traits = {
            "email": f"kim{number}@example.com",
            "first_name": "Kim",
            "plan": PLANS[number % 2],
            "created_at": 1_790_000_000 + number,
        }
        properties = {
            "order_id": f"o-{number}", "total": number + 0.5, "items": [{"sku": "a", "quantity": number}],
            "paid_at": "2026-11-02T08:00:00Z", **({"coupon": None} if number % 2 else {}),
        }  # fmt: skip
        calls.append({"type": "identify", "traits": traits, **who})
        calls.append({"type": "track", "event": "Order Completed", "properties": properties, **who})
        calls.append({"type": "page", "name": "Home", "properties": {"path": "/"}, **who})
    return calls


def plan_of(calls: list[dict[str, Any]]) -> TrackingPlan:
    inference = Inference()
    for call in calls:
        inference.add(call)
    return inference.plan("Shop")


def test_types_what_is_always_there_and_dates_are_found() -> None:
    """Objects and arrays to any depth; what is sometimes missing is not required."""
    order = plan_of(orders()).event("Order Completed")
    assert order is not None
    assert order.schema == {
        "type": "object",
        "properties": {
            "coupon": {"type": "null"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"quantity": {"type": "integer"}, "sku": {"type": "string", "enum": ["a"]}},
                    "required": ["quantity", "sku"],
                },
            },
            "order_id": {"type": "string"},
            "paid_at": {"type": "string", "format": "date-time"},
            "total": {"type": "number"},
        },
        "required": ["items", "order_id", "paid_at", "total"],
    }


def test_few_values_that_many_share_are_an_enum_and_what_names_a_person_is_not() -> None:
    """`plan` is one; `first_name` has one value only, and stays free."""
    person = plan_of(orders()).identify
    assert person is not None
    assert person.schema["properties"]["plan"] == {"type": "string", "enum": ["free", "pro"]}
    assert person.schema["properties"]["first_name"] == {"type": "string"}
    assert "Kim" not in dump_plan(plan_of(orders()))
    assert "example.com" not in dump_plan(plan_of(orders()))


def test_conventions_are_stated_where_all_messages_agree() -> None:
    """Amounts have decimals, ids a prefix; dates are written in two ways, so the plan does not say."""
    conventions = plan_of(orders()).conventions
    assert (conventions.money, conventions.money_properties) == ("decimals", ("total",))
    assert conventions.dates is None
    assert conventions.ids.pattern == "^usr_"
    tracks = [call for call in orders() if call["type"] == "track"]
    assert plan_of(tracks).conventions.dates == "iso"
    people = [call for call in orders() if call["type"] == "identify"]
    assert plan_of(people).conventions.dates == "unix_seconds"
    assert plan_of([*orders(), {"type": "page", "userId": "42"}]).conventions.ids.pattern is None


def test_the_plan_is_the_same_for_messages_in_any_order() -> None:
    """Two hosts that read one archive write one plan, and it can be read again."""
    calls = orders()
    text = dump_plan(plan_of(calls))
    random.Random(7).shuffle(calls)
    assert dump_plan(plan_of(calls)) == text
    assert parse_plan(text.encode()) == plan_of(calls)


def test_a_site_with_many_pages_gets_no_list() -> None:
    """Nor does one with a page that has no name."""
    pages = [{"type": "page", "name": f"Article {number}", "userId": "u"} for number in range(60)]
    for calls in (pages, [{"type": "page", "userId": "u"}]):
        assert [page.name for page in plan_of(calls).pages or ()] == ["*"]
    assert [page.name for page in plan_of(pages[:2]).pages or ()] == ["Article 0", "Article 1"]
    assert plan_of([]).pages is None


def test_what_is_no_call_is_counted() -> None:
    """An event without a name, another type, no type."""
    inference = Inference()
    for call in ({"type": "track"}, {"type": "delete"}, {}, {"type": "track", "event": 7}):
        inference.add(call)
    inference.add({"type": "alias"})
    assert (inference.messages, inference.left_out) == (1, 4)


def test_a_property_that_is_sent_with_two_types_has_both() -> None:
    """So that the messages that were seen pass the check, and lint can tell."""
    calls = [{"type": "track", "event": "A", "properties": {"n": value}} for value in (1, "1", None, 2.5)]
    event = plan_of(calls).event("A")
    assert event is not None
    assert event.schema["properties"]["n"] == {"type": ["null", "number", "string"]}


def test_a_name_that_says_who_a_person_is_does_not_get_into_the_plan() -> None:
    """Neither as an event or a page nor as a property, at any depth."""
    inference = Inference()
    for number in range(12):
        owners = {f"user{number}@example.com": True, "4111111111111111": 1, "kept": {"ada@example.com": 1, "b": 2}}
        inference.add({"type": "track", "event": "Shared", "properties": {"owners": owners}})
    inference.add({"type": "track", "event": "Invited ada@example.com", "properties": {}})
    inference.add({"type": "page", "name": "Profile of ada@example.com", "properties": {}})
    text = dump_plan(inference.plan())
    assert "@" not in text
    assert "4111" not in text
    assert "kept" in text
    assert inference.left_out == 1


def test_property_names_that_are_many_and_seldom_are_data() -> None:
    """Names of persons as keys have no sign by which to know them, but each is there once or twice."""
    inference = Inference()
    for number in range(60):
        name = "".join(chr(97 + int(digit)) for digit in f"{number:04}")
        inference.add({"type": "track", "event": "Shared", "properties": {"owners": {name: True}, "count": 1}})
    (event,) = inference.plan().events
    assert event.schema["properties"] == {"count": {"type": "integer"}, "owners": {"type": "object"}}


def test_a_name_with_a_number_or_a_sign_is_no_address() -> None:
    """Versions and years stand in names of events."""
    inference = Inference()
    for name in ("Order Completed@2", "Step 12345 Done"):
        inference.add({"type": "track", "event": name, "properties": {}})
    assert (len(inference.plan().events), inference.left_out) == (2, 0)


def test_half_a_character_gets_into_no_plan() -> None:
    """A file cannot hold it: such names are left out and counted, and such values are not listed."""
    half = "a\ud800"
    inference = Inference()
    for _ in range(12):
        inference.add({"type": "track", "event": "Paid", "properties": {"plan": half, half: 1}})
        inference.add({"type": "page", "name": half})
    inference.add({"type": "track", "event": half})
    assert half not in dump_plan(inference.plan())
    assert (inference.left_out, inference.names_left_out) == (1, 1)
