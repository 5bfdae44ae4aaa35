"""Calls that a type checker must refuse: each line names mypy's error, then pyright's. Never run.

`-`: this checker accepts it. To mypy the client has an untyped base class, so any attribute may exist, and pydantic's
plugin for mypy leaves the types of values to pydantic (`init_typed`); pyright does not check the types of a module's
variables.
"""

from __future__ import annotations

from collections.abc import Sequence

import pipelines_client as analytics
from pipelines_client import Client, DeliveryRecord, Settings, StageName
from pipelines_client.plan.events import TrackEvent


class OrderCompleted(TrackEvent):
    """An event as a class."""

    order_id: str


def takes_one_record(record: DeliveryRecord) -> None:
    """Not the signature of `on_delivery`, which receives several."""
    assert record


def takes_no_messages(error: Exception) -> None:
    """Not the signature of `on_error`."""
    assert error


Client("key", segment_writekey="key")  # E: call-arg, reportCallIssue
Client("key", on_delivry=print)  # E: call-arg, reportCallIssue
Client("key", writekey="key")  # E: call-arg, reportCallIssue
Client("key", stage="duel")  # E: arg-type, reportArgumentType
Client("key", spool="cloud")  # E: arg-type, reportArgumentType
Client("key", on_full="drop_newest")  # E: arg-type, reportArgumentType
Client("key", region="de")  # E: arg-type, reportArgumentType
Client("key", segment_region="de")  # E: arg-type, reportArgumentType
Client("key", customerio_switch="of")  # E: arg-type, reportArgumentType
Client("key", ledger_identity="clear")  # E: arg-type, reportArgumentType
Client("key", segment_integrations="customerio-off")  # E: arg-type, reportArgumentType
Client("key", allow_commands=7)  # E: arg-type, reportArgumentType
Client("key", spool_max_bytes="1 GB")  # E: arg-type, reportArgumentType
Client("key", on_delivery=takes_one_record)  # E: arg-type, reportArgumentType
Client("key", on_error=takes_no_messages)  # E: arg-type, reportArgumentType
Client(b"key")  # E: arg-type, reportArgumentType

client = Client("key")
client.trakc("u1", "Event")  # E: -, reportAttributeAccessIssue
client.track("u1", "Event", propertys={})  # E: call-arg, reportCallIssue
client.track("u1", "Event", ["total"])  # E: arg-type, reportArgumentType
client.track(["u1"], "Event")  # E: arg-type, reportArgumentType
client.track("u1", 7)  # E: arg-type, reportArgumentType
client.track("u1", "Event", timestamp=("2026",))  # E: arg-type, reportArgumentType
client.identify("u1", "pro")  # E: arg-type, reportArgumentType
client.track("u1", OrderCompleted())  # E: call-arg, reportCallIssue
client.track("u1", OrderCompleted(order_id=7))  # E: -, reportArgumentType
client.identify("u1", OrderCompleted(order_id="o"))  # E: arg-type, reportArgumentType
client.flush("5")  # E: arg-type, reportArgumentType
was_taken: bool = client.track("u1", "Event")  # E: assignment, reportAssignmentType
pending: Sequence[str] = client.flush()  # E: assignment, reportAssignmentType
stage: StageName = "duel"  # E: assignment, reportAssignmentType

analytics.trakc("u1", "Event")  # E: attr-defined, reportAttributeAccessIssue
analytics.track("u1", "Event", propertys={})  # E: call-arg, reportCallIssue
analytics.track(["u1"], "Event")  # E: arg-type, reportArgumentType
analytics.segment_writekey = "key"  # E: attr-defined, reportAttributeAccessIssue
analytics.stage = "duel"  # E: assignment, -
analytics.region = "de"  # E: assignment, -
analytics.allow_commands = 7  # E: assignment, -

Settings.load(write_kye="key")  # E: call-arg, reportCallIssue
Settings.load(write_key="key", stage="duel")  # E: arg-type, reportArgumentType
Settings.load(write_key="key", timeout="15 s")  # E: arg-type, reportArgumentType
