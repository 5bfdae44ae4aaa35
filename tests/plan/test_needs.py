"""What the teams need that will use the plan, one test for each need: N1 to N16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.docs.markdown import render
from pipelines_client.plan.document import load_plan, parse_plan
from pipelines_client.plan.lint import lint
from pipelines_client.plan.model import Mode, TrackingPlan

_PLANS = Path(__file__).parents[2] / "examples" / "plans"
_SHOP, _SAAS = load_plan(_PLANS / "shop.yaml"), load_plan(_PLANS / "saas.yaml")
_MADE = frozenset(("messageId", "timestamp"))
_ITEM = {"sku": "s-1", "name": "Coat", "quantity": 1, "price": 42.5}
_ORDER = {"order_id": "o-1", "items": [_ITEM], "total": 42.5, "currency": "EUR"}


def call(kind: str, name: str | None = None, payload: Any = None, **given: Any) -> dict[str, Any]:
    """Return a call as the client has it."""
    fields = {"type": kind, "userId": "usr_1", "anonymousId": None, "context": {}, "messageId": "m1"}
    member = "traits" if kind in ("identify", "group") else "properties"
    return {**fields, "event": name, "name": name, member: payload or {}, "timestamp": "2026-11-02T10:00:00Z", **given}


def codes(plan: TrackingPlan, made: dict[str, Any], *, by_client: frozenset[str] = frozenset()) -> list[str]:
    """Return what a plan finds in a call."""
    return [violation.code for violation in CheckedPlan(plan).judge(made, by_client).violations]


def test_n1_an_event_or_property_that_is_not_in_the_taxonomy_is_refused_in_tests() -> None:
    """One plan, in version control; with `raise` a test of the application fails for what is not in it."""
    modes: dict[str, Mode] = {"default": "raise"}
    strict = replace(_SHOP, modes=modes)
    violations = CheckedPlan(strict).judge(call("track", "Order Done", {})).violations
    assert [(each.code, each.mode) for each in violations] == [("unknown-event", "raise")]
    assert codes(strict, call("track", "Order Completed", {**_ORDER, "total": None})) == ["mistyped-property"]
    assert codes(strict, call("track", "Order Completed", _ORDER)) == []


def test_n2_one_naming_convention_and_variants_of_a_name_are_found() -> None:
    """Title Case, past tense."""
    dirty = parse_plan(b"plan: 1\nconventions: {events: Title Case}\nevents: {Order Completed: , order_completed: }")
    assert {"event-name", "near-duplicate"} <= {fault.code for fault in lint(dirty)}


def test_n3_a_typo_is_named_an_old_name_renamed_and_two_versions_run_together() -> None:
    """`Account Crated`, `purchase`, and both versions of a taxonomy."""
    typo = CheckedPlan(_SAAS).judge(call("track", "Account Crated"))
    assert typo.violations[0].hint == "did you mean Account Created?"
    assert CheckedPlan(_SHOP).judge(call("track", "purchase", _ORDER)).call["event"] == "Order Completed"
    two = parse_plan(
        b"plan: 1\nevents: {E: [{version: 1, properties: {a: string}}, {version: 2, properties: {b: string}}]}"
    )
    newer = {"protocols": {"event_version": 2}}
    assert codes(two, call("track", "E", {"a": "x"})) == []
    assert codes(two, call("track", "E", {"b": 1}, context=newer)) == ["mistyped-property"]


def test_n4_few_events_with_a_stage_each_and_too_many_are_found() -> None:
    """The ready plans are so themselves."""
    assert all(event.stage for plan in (_SHOP, _SAAS) for event in plan.events)
    many = TrackingPlan(
        events=tuple(replace(_SHOP.events[0], name=f"Product {number} Viewed") for number in range(201))
    )
    assert "too-many-events" in {fault.code for fault in lint(many)}


def test_n5_a_total_is_a_number_and_money_has_one_rule() -> None:
    """Text where a number is planned; decimals where the plan says cents."""
    assert codes(_SHOP, call("track", "Order Completed", {**_ORDER, "total": "42.50"})) == ["number-as-text", "money"]
    paid = {"plan_name": "pro", "plan_price_cents": 42.5, "billing_period": "monthly"}
    assert "money" in codes(_SAAS, call("track", "Subscription Started", paid))


@pytest.mark.parametrize("name", ["order_id", "total", "currency"])
def test_n6_what_an_order_needs_is_there(name: str) -> None:
    """So are the line items of carts."""
    order = {key: value for key, value in _ORDER.items() if key != name}
    assert codes(_SHOP, call("track", "Order Completed", order)) == ["missing-property"]
    assert "missing-property" in codes(_SHOP, call("track", "Cart Updated", {"cart_id": "c-1"}))


def test_n7_an_order_says_when_it_happened() -> None:
    """Not when it was sent."""
    order = call("track", "Order Completed", _ORDER)
    assert codes(_SHOP, order, by_client=_MADE) == ["missing-timestamp"]
    assert codes(_SHOP, order) == []


def test_n8_a_retry_counts_once_and_a_checkout_starts_once_for_each_cart(
    make_client: Callable[..., Client], sandbox: Any
) -> None:
    """By two clients, as in two processes."""
    first, second = (make_client(plan=_PLANS / "shop.yaml") for _ in range(2))
    cart = {"cart_id": "c-1", "items": [_ITEM], "total": 42.5, "currency": "EUR"}
    starts = [client.track("usr_1", "Checkout Started", cart)[0] for client in (first, second)]
    ids = {client.track("usr_1", "Order Completed", _ORDER)[1]["messageId"] for client in (first, second)}
    assert (starts, len(ids)) == ([True, False], 1)
    assert first.flush(timeout=5)
    assert second.flush(timeout=5)
    assert sorted(message["event"] for message in sandbox.segment.accepted) == ["Checkout Started", "Order Completed"]


def test_n9_an_identify_that_lacks_the_address_is_found() -> None:
    """All known attributes, at signup and at each login; the order of calls is for parity to compare."""
    modes: dict[str, Mode] = {"identify-without-email": "warn"}
    strict = replace(_SAAS, modes=modes)
    assert "identify-without-email" in codes(strict, call("identify", None, {"plan": "pro"}))
    assert "identify-without-email" not in codes(strict, call("identify", None, {"email": "ada@example.com"}))


def test_n10_one_canonical_id_in_each_call() -> None:
    """An address or another kind of id makes two people of one."""
    assert codes(_SAAS, call("track", "Email Verified", userId="ada@example.com")) == ["email-as-id", "other-id"]
    assert codes(_SAAS, call("track", "Email Verified", userId="4711")) == ["other-id"]


def test_n11_a_visitor_becomes_a_known_person() -> None:
    """The anonymous id goes on with the identify, and is not judged as a person's id."""
    made = call("identify", None, {"email": "ada@example.com"}, anonymousId="v-1")
    judged = CheckedPlan(_SAAS).judge(made)
    assert judged.call["anonymousId"] == "v-1"
    assert not {"other-id", "email-as-id"} & {violation.code for violation in judged.violations}
    assert codes(_SAAS, call("page", "Pricing", userId=None, anonymousId="v-1")) == []


def test_n12_only_pages_that_matter_are_sent() -> None:
    """An allow-list of 5 to 15."""
    assert codes(_SAAS, call("page", "Imprint")) == ["unknown-page"]
    assert codes(_SAAS, call("page", "Pricing")) == []


def test_n13_raw_clicks_are_kept_out(tmp_path: Path, make_client: Callable[..., Client]) -> None:
    """With `unknown-event: reject` they are not sent, and counted."""
    path = tmp_path / "plan.yaml"
    path.write_text("plan: 1\nmodes: {unknown-event: reject}\nevents: {Order Completed: }\n")
    client = make_client(plan=path)
    assert [client.track("usr_1", "Button Clicked")[0] for _ in range(3)] == [False] * 3
    assert client.not_taken == {"plan:unknown-event": 3}


def test_n14_no_card_numbers_also_in_planned_events(make_client: Callable[..., Client], sandbox: Any) -> None:
    """The plan looks first, then privacy, and each finds its own."""
    client = make_client(plan=_PLANS / "shop.yaml", privacy="redact")
    order = {**_ORDER, "note": "card 4111 1111 1111 1111", "total": "42.50"}
    assert client.track("usr_1", "Order Completed", order, timestamp="2026-11-02T10:00:00Z")[0]
    assert client.flush(timeout=5)
    (message,) = sandbox.segment.accepted
    assert "4111" not in str(dict(message))
    assert set(client.violations) == {"plan:number-as-text", "plan:money", "privacy:card"}


def test_n15_each_attribute_has_an_owner_that_people_can_read() -> None:
    """Two sources that fight over one are found by parity's drift; the plan says whose it is."""
    assert _SHOP.identify is not None
    assert f"{_SHOP.identify.owner}" in render(_SHOP)


def test_n16_each_event_says_whether_past_ones_were_sent() -> None:
    """Backfilled or new-only, on the page for marketers."""
    text = render(_SHOP)
    assert "past events were sent too" in text
    assert _SHOP.events[0].backfilled is None or "new events only" in text
