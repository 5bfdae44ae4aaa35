"""Calls that a type checker must accept. Never run: `test_typing.py` has mypy and pyright check it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict
from uuid import UUID, uuid4

import pipelines_client as analytics
from pipelines_client import (
    CallDict,
    Client,
    ConfigError,
    DeliveryRecord,
    FlushResult,
    Outcome,
    Settings,
    StageName,
    Taken,
)
from pipelines_client.plan.events import IdentifyTraits, TrackEvent


class Order(TypedDict):
    """A payload with known keys."""

    order_id: str
    total: float


class OrderCompleted(TrackEvent, version=2, aliases=("purchase",), owner="growth"):
    """An event as a class."""

    order_id: str
    total: float = 0.0


class Person(IdentifyTraits):
    """Traits as a class."""

    email: str


def on_delivery(records: Sequence[DeliveryRecord]) -> None:
    """Receive records."""
    assert all(record.outcome is Outcome.ACCEPTED for record in records)


def on_error(error: Exception, messages: list[CallDict]) -> None:
    """Receive an error."""
    assert error, messages


def before_send(call: CallDict) -> CallDict | None:
    """Drop what has no event."""
    return call if call.get("event") else None


stage: StageName = "shadow"
client = Client("key")
client = Client("key", "https://cdp.customer.io", True, 10_000, True, on_error, False, 10, False, 15)
client = Client("key", segment_write_key="key", stage="dual", spool="memory", on_full="block", region="eu")
client = Client("key", stage=stage, share=0.5, segment_region="us", segment_integrations="customerio_off")
client = Client("key", segment_integrations={"All": False}, customerio_switch="off", ledger_identity="plain")
client = Client("key", on_delivery=on_delivery, before_send=before_send, on_error=on_error)
client = Client("key", state_dir="/var/lib/app", stage_file=Path("stage.toml"), proxies={"https": "http://proxy:1"})
client = Client("key", region=None, stage=None, spool=None, segment_write_key=None)
for commands in ({"User Deleted"}, frozenset({"User Deleted"}), ["User Deleted"], {"User Deleted": 1}.keys()):
    client = Client("key", allow_commands=commands)

taken: Taken = client.track("u1", "Event")
is_taken, call = client.track(user_id=42, event="Event", properties={"total": 1})
is_taken, call = client.track(uuid4(), "Event", Order(order_id="o", total=1.5), message_id=uuid4())
client.track(anonymous_id=UUID(int=1), event="Event", properties=MappingProxyType({"total": 1}))
client.track("u1", "Event", timestamp=datetime.now(timezone.utc), context={"ip": "::1"}, integrations={"All": True})
client.track("u1", "Event", timestamp=date(2026, 1, 1))
client.track("u1", "Event", timestamp=1_767_225_600)
client.track("u1", OrderCompleted(order_id="o", total=1.5), message_id="m1")
client.identify(42, Person(email="ada@example.com"))
client.identify(42, {"plan": "pro"}, timestamp="2026-01-01T00:00:00Z")
client.group(42, UUID(int=1), {"name": "Acme"})
client.alias(UUID(int=1), 42)
client.page("u1", "Docs", "Pricing", {"url": "/pricing"})
client.screen("u1", name="Home")
result: FlushResult = client.flush(timeout=5)
left: int = client.shutdown(1.5).left
client.join()

analytics.write_key = "key"
analytics.segment_write_key = "key"
analytics.stage = "dual"
analytics.region = "eu"
analytics.spool = "memory"
analytics.on_full = "drop_oldest"
analytics.allow_commands = {"User Deleted"}
analytics.state_dir = Path("state")
analytics.on_error = on_error
analytics.on_delivery = on_delivery
module_taken: Taken = analytics.track(UUID(int=1), "Event", {"total": 1})
analytics.identify(user_id=42, traits={"plan": "pro"})
analytics.track("u1", OrderCompleted(order_id="o"))
module_result: FlushResult = analytics.flush(5)

settings: Settings = Settings.load(write_key="key", stage="dual", allow_commands=["User Deleted"], state_dir="state")
with suppress(ConfigError):
    Client()
