"""Pydantic models as the plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_serializer

from pipelines_client import Client
from pipelines_client.plan.document import dump_plan, parse_plan
from pipelines_client.plan.events import (
    GroupTraits,
    IdentifyTraits,
    TrackEvent,
    UnixSeconds,
    context_of,
    name_of,
    payload_of,
    plan_of,
)


class Line(BaseModel):
    """A line of an order."""

    sku: str
    note: str | None = None


class OrderCompleted(TrackEvent, version=2, aliases=("purchase",), owner="growth"):
    """A person has paid.

    For an order.
    """

    order_id: str
    total: Decimal = Field(alias="order total")
    lines: list[Line] = Field(default=[])
    coupon: str | None = None
    currency: Literal["EUR", "USD"] = "EUR"
    paid_at: UnixSeconds | None = None


class Person(IdentifyTraits):
    """A person."""

    email: str
    company: str | None = None


class Company(GroupTraits):
    """A group."""

    seats: int


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client that builds its calls and sends nothing."""
    with Client("key", send=False, spool="memory") as made:
        yield made


def test_a_typed_event_is_sent_under_its_name_with_its_keys_and_version(client: Client) -> None:
    """By alias; what has the default None and was not given is left out, at any depth."""
    event = OrderCompleted(
        order_id="o-1",
        total=Decimal("42.50"),
        lines=[Line(sku="mug")],
        paid_at=datetime(2026, 12, 7, tzinfo=timezone.utc),
    )
    is_taken, call = client.track("u1", event, context={"ip": "203.0.113.7"}, message_id="m1")
    assert is_taken
    assert (call["event"], call["userId"], call["messageId"]) == ("Order Completed", "u1", "m1")
    assert call["properties"] == {
        "order_id": "o-1",
        "order total": 42.5,
        "lines": [{"sku": "mug"}],
        "currency": "EUR",
        "paid_at": 1_796_601_600,
    }
    assert call["context"]["protocols"] == {"event_version": 2}
    assert call["context"]["ip"] == "203.0.113.7"


def test_none_that_was_given_is_sent_as_null() -> None:
    """A field's default None is not sent; a None that was given is."""
    event = OrderCompleted(order_id="o-1", total=Decimal(1), coupon=None, lines=[Line(sku="mug", note=None)])
    payload = payload_of(event)
    assert payload["coupon"] is None
    assert payload["lines"] == [{"sku": "mug", "note": None}]


def test_typed_traits_are_sent_with_identify_and_group(client: Client) -> None:
    """As a dict of traits would be."""
    _, person = client.identify("u1", Person(email="ada@example.com"))
    _, group = client.group("u1", "acme", Company(seats=12))
    assert person["traits"] == {"email": "ada@example.com"}
    assert group["traits"] == {"seats": 12}


def test_a_wrong_event_cannot_be_made() -> None:
    """So it is found where it is made, and the call raises nothing."""
    with pytest.raises(ValidationError, match="ordr_id"):
        OrderCompleted(ordr_id="o-1", total=Decimal(1))  # type: ignore[call-arg]  # what is tested
    with pytest.raises(ValidationError):
        OrderCompleted(order_id="o-1", total=Decimal(1), currency="USd")  # type: ignore[arg-type]  # as above


def test_properties_beside_a_typed_event_are_misuse(client: Client) -> None:
    """They would be lost."""
    with pytest.raises(AssertionError, match="give none beside it"):
        client.track("u1", OrderCompleted(order_id="o-1", total=Decimal(1)), {"coupon": "X"})


def test_a_serializer_that_fails_costs_no_message(client: Client) -> None:
    """The values go out as the client sends any value."""

    class Failing(TrackEvent):
        total: int

        @field_serializer("total")
        def serialize(self, _: int) -> int:
            raise ZeroDivisionError

    _, call = client.track("u1", Failing(total=4))
    assert call["properties"] == {"total": 4}


@pytest.mark.parametrize(
    ("name", "event"),
    [("OrderCompleted", "Order Completed"), ("HTTPCallMade", "HTTP Call Made"), ("Trial14Ended", "Trial14 Ended")],
)
def test_an_event_is_named_after_its_class(name: str, event: str) -> None:
    """In words; the keyword `event` says another name."""
    assert name_of(type(name, (TrackEvent,), {})) == event

    class Other(TrackEvent, event="order_completed"):
        pass

    assert name_of(Other) == "order_completed"


def test_the_first_version_is_not_said() -> None:
    """A call without a version is judged by the oldest (FACTS R10)."""

    class Plain(TrackEvent):
        pass

    assert context_of(Plain(), None) is None


def test_classes_become_a_plan_that_a_file_can_hold() -> None:
    """Each keyword and docstring has its place, and amounts are numbers."""
    plan = plan_of(OrderCompleted, Person, Company, name="Shop")
    event = plan.event("Order Completed")
    assert event is not None
    assert (event.version, event.aliases, event.owner) == (2, ("purchase",), "growth")
    assert event.description == "A person has paid.\n\nFor an order."
    assert event.schema["required"] == ["order_id", "order total"]
    assert event.schema["properties"]["order total"] == {"type": "number"}
    assert event.schema["properties"]["paid_at"] == {"type": ["integer", "null"], "unit": "unix_seconds"}
    assert parse_plan(dump_plan(plan).encode()) == plan
    assert plan.identify is not None
    assert plan.group is not None


def test_calls_by_hand_are_checked_against_the_plan_of_the_classes(tmp_path: Path) -> None:
    """A typed event passes, and a call by hand with a wrong property is found."""
    (tmp_path / "plan.yaml").write_text(dump_plan(plan_of(OrderCompleted)), "utf-8")
    with Client("key", send=False, spool="memory", plan=tmp_path / "plan.yaml") as client:
        client.track("u1", OrderCompleted(order_id="o-1", total=Decimal("42.50"), lines=[Line(sku="mug")]))
        assert not client.violations
        client.track("u1", "Order Completed", {"order_id": 7, "order total": 1})
        assert client.violations == {"plan:mistyped-property": 1}


def test_two_classes_for_one_event_are_refused() -> None:
    """Nothing says which one holds."""
    with pytest.raises(ValueError, match="two classes describe Order Completed"):
        plan_of(OrderCompleted, OrderCompleted)


def test_values_that_json_does_not_have_are_converted_as_in_any_call(client: Client) -> None:
    """An Enum by its value, a set as a list."""

    class Plan(Enum):
        PRO = "pro"

    class Upgraded(TrackEvent):
        plan: Plan
        team: set[str]

    _, call = client.track("u1", Upgraded(plan=Plan.PRO, team={"ada"}))
    assert call["properties"] == {"plan": "pro", "team": ["ada"]}
