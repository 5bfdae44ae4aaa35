"""A client with a tracking plan: what it sends to both legs, refuses, renames and sends once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.errors import ConfigError, PlanViolationError

MakeClient = Callable[..., Client]
_PLAN = """
plan: 1
name: Shop
modes: {mistyped-property: redact, unknown-event: reject, invalid-value: raise}
events:
  Order Completed:
    aliases: [purchase]
    idempotency_key: order_id
    properties: {order_id: {type: string, required: true}, total: number, currency: {enum: [EUR, USD]}}
  Checkout Started: {once_per: cart_id, properties: {cart_id: {type: string, required: true}}}
  Feature Used: {version: 2, properties: {feature: string}}
  Signed Up: {properties: {plan: string}}
"""


@pytest.fixture
def shop(tmp_path: Path, make_client: MakeClient) -> Callable[..., Client]:
    """Make clients with the plan of a shop."""
    path = tmp_path / "tracking-plan.yaml"
    path.write_text(_PLAN)
    return lambda **settings: make_client(plan=path, **settings)


def sent(client: Client, sandbox: Any) -> list[dict[str, Any]]:
    """Return what both legs received, which is the same."""
    assert client.flush(timeout=5)
    bodies = [[dict(message) for message in side.accepted] for side in (sandbox.customerio, sandbox.segment)]
    assert bodies[0] == bodies[1]
    return bodies[0]


def test_an_old_name_reaches_both_legs_as_the_planned_one(shop: MakeClient, sandbox: Any) -> None:
    """Renamed before the message is written, so that both legs have the same bytes."""
    client = shop()
    assert client.track("u1", "purchase", {"order_id": "o-1", "total": 4.5})[0]
    assert [message["event"] for message in sent(client, sandbox)] == ["Order Completed"]
    assert client.violations == {"plan:alias": 1}


def test_modes_decide_what_happens(shop: MakeClient, sandbox: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A value is removed, a call refused, an exception raised; nothing in the log is a value."""
    client = shop()
    assert client.track("u1", "Order Completed", {"order_id": "o-1", "total": "secret"})[0]
    taken, call = client.track("u1", "Order Compelted", {"order_id": "o-2"})
    assert (taken, call["event"]) == (False, "Order Compelted")
    with pytest.raises(PlanViolationError, match=r"^plan:invalid-value at properties\.currency \(fails enum\)"):
        client.track("u1", "Order Completed", {"order_id": "o-3", "currency": "secret"})
    assert client.not_taken == {"plan:unknown-event": 1}
    assert [message["properties"] for message in sent(client, sandbox)] == [{"order_id": "o-1"}]
    assert "did you mean Order Completed?" in caplog.text
    assert "secret" not in caplog.text


def test_one_order_has_one_message_id_and_the_callers_wins(shop: MakeClient, sandbox: Any) -> None:
    """Across clients, as a retry in another process; a message id that is given stays."""
    ids = set()
    for client in (shop(), shop()):
        ids.add(client.track("u1", "Order Completed", {"order_id": "o-1"})[1]["messageId"])
        assert client.flush(timeout=5)
    assert client.track("u1", "Order Completed", {"order_id": "o-1"}, message_id="mine")[1]["messageId"] == "mine"
    assert client.track("u1", "Order Completed", {"order_id": "o-2"})[1]["messageId"].startswith("0000000000")
    assert {message["messageId"] for message in sandbox.customerio.accepted} == ids
    assert len(ids) == len(sandbox.segment.accepted) == 1  # Segment keeps the first of equal ids


def test_a_version_is_sent_in_the_context(shop: MakeClient, sandbox: Any) -> None:
    """As Segment's Protocols reads it, beside what the caller says."""
    client = shop()
    client.track("u1", "Feature Used", {"feature": "export"}, context={"protocols": {"sourceId": "s"}})
    assert sent(client, sandbox)[0]["context"]["protocols"] == {"sourceId": "s", "event_version": 2}


def test_a_checkout_is_sent_once_for_each_cart(shop: MakeClient, sandbox: Any) -> None:
    """By any client of the state directory; the repeat is counted; a call that was not taken does not count."""
    first, second = shop(), shop(max_message_bytes=400)
    assert second.track("u1", "Checkout Started", {"cart_id": "c-1", "note": "x" * 400})[0] is False
    calls = [
        client.track("u1", "Checkout Started", {"cart_id": cart})[0] for client in (first, second) for cart in "ab"
    ]
    assert calls == [True, True, False, False]
    assert second.not_taken["plan:repeated-event"] == 2
    assert first.track("u1", "Checkout Started", {"cart_id": "c-1"})[0]
    assert sorted(message["properties"]["cart_id"] for message in sent(first, sandbox)) == ["a", "b", "c-1"]


def test_clean_calls_take_the_express_way_and_have_the_same_bytes(shop: MakeClient, sandbox: Any) -> None:
    """Only ids and times differ from a client without a plan."""
    client = shop()
    for number in range(3):
        assert client.track("u1", "Signed Up", {"plan": "pro", "n": number})[0]
    assert client._express is not None
    bare = [{**message, "messageId": "", "timestamp": ""} for message in sent(client, sandbox)]
    assert [message["properties"]["n"] for message in bare] == [0, 1, 2]
    assert len({str({**message, "properties": {}}) for message in bare}) == 1
    assert not client.violations


def test_without_a_usable_plan_there_is_no_client(tmp_path: Path, make_client: MakeClient) -> None:
    """The error names the setting, the file, and what to do."""
    with pytest.raises(ConfigError, match=r"^plan \(or PIPELINES_PLAN\): .*none\.yaml cannot be read"):
        make_client(plan=tmp_path / "none.yaml")
    path = tmp_path / "plan.yaml"
    path.write_text("plan: 1\nevents: {E: {properties: {a: {pattern: '('}}}}\n")
    with pytest.raises(ConfigError, match="line 2: events > E > properties > a > pattern: it is not"):
        make_client(plan=path)


def test_nothing_is_noted_while_nothing_is_sent(shop: MakeClient) -> None:
    """With `send=False` calls are checked, and each is as the first one."""
    client = shop(send=False)
    assert [client.track("u1", "Checkout Started", {"cart_id": "c"})[0] for _ in range(2)] == [True, True]
    assert client.track("u1", "Nothing")[0] is False
