"""What must stay of an entry, and why."""

from __future__ import annotations

from dataclasses import fields

from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.state.ledger import DeliveryRecord

OF_THE_LEG = {
    "finished_at",
    "leg",
    "outcome",
    "reason",
    "http_status",
    "attempts",
    "writer",
    "destination",
    "sent_hash",
}


def test_message_facts_and_a_fate_are_a_delivery_record_because_a_ledger_line_is_made_of_both() -> None:
    """A field that is added to the record must come from one of them."""
    assert set(MessageFacts._fields) | OF_THE_LEG == {field.name for field in fields(DeliveryRecord)}


def test_message_facts_begin_with_the_id_because_that_tells_a_complete_stamp_from_a_short_one() -> None:
    """`describe` looks at the first bytes only: it runs for every message."""
    stamp = MessageFacts("m1", "track", "E", None, "t", "h", 1, "requeued", "t").as_stamp()
    assert stamp.startswith(b'{"message_id"')
    assert not stamp.endswith(b"}")
