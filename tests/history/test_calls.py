"""Calls read from archives, exports and files of JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.history.calls import CallReader
from pipelines_client.history.rowmap import RowError

AT = "2026-01-01T09:30:00.000Z"


def call(number: int) -> dict[str, Any]:
    """Return a call as an archive has it."""
    ids = {"messageId": f"m{number}", "userId": "u1", "receivedAt": AT, "sentAt": AT}
    return {"type": "track", "event": "Ordered", "properties": {"n": number}, "originalTimestamp": AT, **ids}


def test_a_row_of_csv_is_the_call_that_it_was() -> None:
    """Payload and context are text there; when it happened is known elsewhere, or it cannot be sent (FACTS C19)."""
    row = {
        "id": "m1",
        "received_at": AT,
        "user_id": "u1",
        "anonymous_id": None,
        "event": "order_completed",
        "event_text": "Order Completed",
        "properties": '{"total":42.5}',
        "context": '{"ip":"10.0.0.1"}',
    }
    reader, data = CallReader("segment", b"key", shows_identity=True), json.dumps(row).encode()
    call_read = reader.call_of_export(data, "2184.13699.1.track.csv", {"occurred_at": AT, "integrations": None})
    assert call_read == {
        "type": "track",
        "messageId": "m1",
        "timestamp": AT,
        "userId": "u1",
        "event": "Order Completed",
        "properties": {"total": 42.5},
        "context": {"ip": "10.0.0.1"},
        "integrations": {},
    }
    past = reader.past_of(call_read)
    assert (past.identity, past.event, json.loads(past.body)) == ("user:u1", "Order Completed", call_read)
    with pytest.raises(RowError, match="no_time"):
        reader.call_of_export(data, "2184.13699.1.track.csv", {"integrations": None})
    with pytest.raises(RowError, match="no_integrations"):
        reader.call_of_export(data, "2184.13699.1.track.csv", {"occurred_at": AT})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "tracks"}, "unknown_type"),
        ({"messageId": None}, "no_key"),
        ({"timestamp": "soon"}, "no_time"),
        ({"properties": [1]}, "no_object"),
        ({"properties": "{"}, "unreadable"),
    ],
)
def test_what_is_no_call_says_why(changed: dict[str, Any], reason: str) -> None:
    """Nothing of it is in the error."""
    with pytest.raises(RowError) as caught:
        CallReader("segment", b"key", shows_identity=False).past_of({**call(1), "timestamp": AT, **changed})
    assert str(caught.value) == reason


def test_an_archived_call_is_what_was_sent_and_segment_may_not_forbid_it() -> None:
    """What was added on the way goes; the destinations that S12 names are only forbidden to Segment itself."""
    sent = {"type": "track", "messageId": "m1", "userId": "u", "event": "E", "properties": {"a": 1}, "context": {}}
    line = {
        **sent,
        "integrations": {"All": True, **dict.fromkeys(FORWARDS_TO_CUSTOMERIO, False)},
        "originalTimestamp": "2026-11-01T09:30:00.000+00:00",
        "timestamp": "2026-11-01T09:30:00.007Z",
        "receivedAt": "2026-11-01T09:30:01Z",
        "projectId": "p",
        "_metadata": {},
    }
    of_a_file = {name: value for name, value in line.items() if name != "receivedAt"}  # not through Segment
    reader = CallReader("customerio", b"key", shows_identity=False, batch_integrations={"Customer.io": False})
    assert reader.call_of_line(of_a_file)["integrations"] == line["integrations"]
    assert reader.call_of_line(line)["integrations"] == {"All": True}
    for to, integrations in (("customerio", {"All": True}), ("segment", line["integrations"])):
        call = CallReader(to, b"key", shows_identity=False).call_of_line(line)
        assert call == {**sent, "integrations": integrations, "timestamp": "2026-11-01T09:30:00.000+00:00"}
