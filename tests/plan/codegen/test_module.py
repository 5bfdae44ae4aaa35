"""The generated module: any plan gives one that runs, is formatted, and sends the planned keys."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from random_plans import plans

from pipelines_client import Client
from pipelines_client.plan.codegen.module import generate
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.model import PlannedCall, TrackingPlan

RUFF = Path(sys.executable).with_name("ruff")
OWN = ("context", "timestamp", "anonymous_id", "message_id", "client")
SHOP = b"""
plan: 1
name: Shop
conventions: {money: decimals, dates: unix_seconds}
identify: {traits: {email: {type: string, required: true}, created_at: {type: integer, unit: unix_seconds}}}
group: {traits: {name: string}}
pages: [Pricing]
screens: {"*": {properties: {path: string}}}
events:
  Order Completed:
    - properties:
        order_id: {type: string, required: true}
        total: {type: number, unit: USD, required: true}
        coupon: string
        referrer: {type: [string, "null"]}
        paid_at: {type: integer, unit: unix_seconds}
        day: {type: string, format: date}
        "Order ID": string
    - version: 2
      properties: {order_id: {type: string, required: true}}
"""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client that builds its calls and sends nothing."""
    with Client("key", send=False, spool="memory") as made:
        yield made


def _module(text: str) -> types.ModuleType:
    module = types.ModuleType("generated")
    exec(compile(text, "generated.py", "exec"), vars(module))  # noqa: S102 - what is tested
    return module


def _functions(module: types.ModuleType) -> list[Any]:
    return [each for each in vars(module).values() if inspect.isfunction(each)]


@pytest.fixture(scope="module")
def shop() -> types.ModuleType:
    """The functions of a small plan."""
    return _module(generate(parse_plan(SHOP)))


def test_a_function_sends_what_was_planned_under_the_planned_keys(shop: types.ModuleType, client: Client) -> None:
    """Amounts and times in the form that the plan's conventions say."""
    is_taken, call = shop.track_order_completed(
        "u1",
        order_id="o-1",
        total=Decimal("42.50"),
        paid_at=datetime(2026, 12, 7, tzinfo=timezone.utc),
        day=date(2026, 12, 7),
        anonymous_id="a1",
        context={"ip": "203.0.113.7"},
        timestamp="2026-12-07T09:00:00Z",
        message_id="m1",
        client=client,
    )
    assert is_taken
    assert call["properties"] == {
        "order_id": "o-1",
        "total": 42.5,
        "paid_at": 1_796_601_600,
        "day": "2026-12-07",
    }
    assert (call["event"], call["userId"], call["anonymousId"]) == ("Order Completed", "u1", "a1")
    assert (call["messageId"], call["timestamp"][:19]) == ("m1", "2026-12-07T09:00:00")
    assert call["context"]["ip"] == "203.0.113.7"
    assert call["context"]["protocols"] == {"event_version": 1}


def test_each_version_of_an_event_has_a_function_that_says_its_version(shop: types.ModuleType, client: Client) -> None:
    """The oldest has the plain name, so a new version changes no caller."""
    _, call = shop.track_order_completed_v2("u1", order_id="o-1", client=client)
    assert (call["event"], call["context"]["protocols"]) == ("Order Completed", {"event_version": 2})


def test_people_groups_pages_and_screens_have_functions_too(shop: types.ModuleType, client: Client) -> None:
    """A page of the allow-list has its name; `*` takes one."""
    _, person = shop.identify("u1", email="ada@example.com", client=client)
    _, group = shop.group("u1", "acme", name="Acme", client=client)
    _, page = shop.page_pricing("u1", category="Docs", client=client)
    _, screen = shop.screen("u1", name="Home", path="/home", client=client)
    assert person["traits"] == {"email": "ada@example.com"}
    assert (group["groupId"], group["traits"]) == ("acme", {"name": "Acme"})
    assert (page["name"], page["category"], page["properties"]) == ("Pricing", "Docs", {})
    assert (screen["name"], screen["properties"]) == ("Home", {"path": "/home"})


def test_without_a_client_the_call_is_the_modules(
    shop: types.ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `pipelines_client.track` does."""
    import pipelines_client

    monkeypatch.setattr(pipelines_client, "default_client", client)
    _, call = shop.track_order_completed_v2("u1", order_id="o-1")
    assert call["properties"] == {"order_id": "o-1"}


def test_null_is_sent_where_the_plan_allows_it_and_none_leaves_out_where_it_does_not(
    shop: types.ModuleType, client: Client
) -> None:
    """`referrer` may be null, `coupon` may not."""
    _, call = shop.track_order_completed("u1", order_id="o", total=1, coupon=None, referrer=None, client=client)
    assert call["properties"] == {"order_id": "o", "total": 1, "referrer": None}


def test_what_the_plan_requires_has_no_default_and_all_is_given_by_name(shop: types.ModuleType) -> None:
    """So a forgotten property is an error of the type checker."""
    parameters = inspect.signature(shop.track_order_completed).parameters
    needed = [name for name, each in parameters.items() if each.default is inspect.Parameter.empty]
    assert needed == ["user_id", "order_id", "total"]
    by_name = [name for name, each in parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY]
    assert by_name == list(parameters)[1:]


def _planned_keys(call: PlannedCall) -> set[str]:
    """Return the keys that a call's schema names at its top, as `random_plans` writes them."""
    required = call.schema.get("required")
    return {*call.schema.get("properties", {}), *(required if isinstance(required, list) else ())}


def _send(function: Any, call: PlannedCall, client: Client) -> Any:
    """Call a generated function with a value for each property."""
    is_viewed = call.kind in ("page", "screen")
    own = {*OWN, *(("category",) if is_viewed else ()), *(("name",) if is_viewed and call.name == "*" else ())}
    parameters = inspect.signature(function).parameters.values()
    people = [f"value of {each.name}" for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    names = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.name not in own]
    named = {"name": "Home"} if "name" in own else {}
    return function(*people, **{name: f"value of {name}" for name in names}, **named, client=client)[1]


@given(plans())
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_any_plan_gives_a_module_whose_functions_send_exactly_the_planned_keys(
    client: Client, plan: TrackingPlan
) -> None:
    """Also with hostile names; and it is the same text each time."""
    text = generate(plan)
    assert text == generate(plan)
    calls = [call for call in plan.calls() if call.kind != "common"]
    common = set() if plan.common is None else _planned_keys(plan.common)
    for function, call in zip(_functions(_module(text)), calls, strict=True):
        if call.kind == "track" and not call.name:
            continue  # upstream refuses an event without a name
        expected = _planned_keys(call) | (common if call.payload_name == "properties" else set())
        assert set(_send(function, call, client)[call.payload_name]) == expected


@given(plans(most_events=12))
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_formatters_leave_the_module_as_it_is(plan: TrackingPlan) -> None:
    """At their line length, and at a longer one."""
    text = generate(plan)
    for length in ("88", "120"):
        command = [RUFF, "format", "--isolated", "--line-length", length, "--stdin-filename", "generated.py", "-"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        assert done.stdout.decode() == text
