"""What may be sent, how rows become calls, conditions, the pace: decisions without a file or a clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.errors import SourceError
from pipelines_client.history.calls import Reader
from pipelines_client.history.conditions import parse_where
from pipelines_client.history.messages import Past, Rules
from pipelines_client.history.rate import TokenBucket
from pipelines_client.history.rowmap import RowError, call_of_row, id_of_row, parse_row_map

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
MAP = {"time": "at", "default_event": "Ordered", "user_id": "who", "idempotency": ["order"]}
ROW = {"at": "2026-11-01", "who": "u7", "order": "o1", "total": "42.50"}


def past(call: dict[str, Any], **changed: Any) -> Past:
    """Return a message of a call, an hour old."""
    at_ms = int((NOW - timedelta(hours=1)).timestamp() * 1000)
    return Past("m1", call["type"], call.get("event"), None, at_ms, b"{}", "")._replace(**changed)


def fault(
    call: dict[str, Any], *, to: str = "customerio", allowed: frozenset[str] = frozenset(), **changed: Any
) -> str:
    """Return why a call may not be sent."""
    rules = Rules(to, NOW, timedelta(days=395), max_message_bytes=1_000, allow_commands=allowed)
    return rules.fault_of(past(call, **changed), call)


@pytest.mark.parametrize(
    ("call", "on_customerio", "on_segment"),
    [
        ({"type": "track", "event": "E", "userId": "u"}, "", ""),
        ({"type": "track", "event": " ", "userId": "u"}, "empty_event", "empty_event"),
        ({"type": "track", "event": " User Deleted", "userId": "u"}, "reserved_name", ""),
        ({"type": "page", "anonymousId": "a"}, "", ""),
        ({"type": "page"}, "no_person", "no_person"),
        ({"type": "track", "event": "E", "groupId": "g"}, "", "no_person"),
        ({"type": "group", "groupId": "g"}, "", "no_person"),
        ({"type": "group", "userId": "u"}, "no_person", "no_person"),
        ({"type": "identify", "traits": {"email": "e"}}, "", "no_person"),
        ({"type": "alias", "userId": "u"}, "no_person", "no_person"),
        ({"type": "alias", "userId": "u", "previousId": "a"}, "", ""),
    ],
)
def test_each_side_is_only_sent_what_it_takes(call: dict[str, Any], on_customerio: str, on_segment: str) -> None:
    """FACTS C10, C12 and T, said before the API has to."""
    assert (fault(call), fault(call, to="segment")) == (on_customerio, on_segment)


def test_a_reserved_name_goes_if_it_is_allowed_by_name() -> None:
    """Another name that is allowed opens nothing."""
    call = {"type": "track", "event": "User Deleted", "userId": "u"}
    assert fault(call, allowed=frozenset({"User Deleted"})) == ""
    assert fault(call, allowed=frozenset({"Device Deleted"})) == "reserved_name"


def test_a_message_keeps_to_the_horizon_to_the_present_and_to_its_size() -> None:
    """The limit itself is within, the next millisecond is not."""
    call = {"type": "track", "event": "E", "userId": "u"}
    now_ms = int(NOW.timestamp() * 1000)
    oldest_ms = now_ms - 395 * 86_400_000
    assert [fault(call, at_ms=at_ms) for at_ms in (now_ms, now_ms + 1)] == ["", "in_the_future"]
    assert [fault(call, at_ms=at_ms) for at_ms in (oldest_ms, oldest_ms - 1)] == ["", "beyond_horizon"]
    assert [fault(call, body=b"x" * size) for size in (1_000, 1_001)] == ["", "too_large"]
    assert [fault(call, message_id="m" * size) for size in (99, 100)] == ["", "invalid_message_id"]


def test_a_row_has_the_same_ulid_each_time_and_another_for_another_event() -> None:
    """Its time is in the id, so that ids sort as the past did."""
    one, same = (call_of_row(ROW, parse_row_map(MAP, "m"), line) for line in (1, 2))
    other = call_of_row(ROW, parse_row_map({**MAP, "default_event": "Shipped"}, "m"), 1)
    assert one == same
    assert one["messageId"] != other["messageId"]
    assert ULID.from_str(one["messageId"]).datetime == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert (
        id_of_row({"type": "track", "event": "Ordered"}, ["o1"], 0)
        == "00000000000000000000000000"[:10] + one["messageId"][10:]
    )


def test_the_place_in_the_file_names_a_row_that_has_no_key() -> None:
    """Two rows that read the same are two purchases."""
    columns = parse_row_map({**MAP, "idempotency": ["order", "#line"]}, "m")
    assert call_of_row(ROW, columns, 1)["messageId"] != call_of_row(ROW, columns, 2)["messageId"]


def test_a_row_becomes_the_call_that_its_map_says() -> None:
    """Texts of CSV are what the map makes of them."""
    row = {**ROW, "n": "3", "gift": "no", "tags": '["a"]', "at": "20261101", "kind": "track", "what": "bought"}
    columns = {
        "time": "at",
        "time_format": "%Y%m%d",
        "time_zone": "Europe/Berlin",
        "type": "kind",
        "event": "what",
        "names": {"bought": "Order Completed"},
        "user_id": "who",
        "message_id": "order",
        "context": {"source": "shop"},
        "properties": {
            "total": {"column": "total", "type": "number"},
            "count": {"column": "n", "type": "number"},
            "gift": {"column": "gift", "type": "boolean"},
            "tags": {"column": "tags", "type": "json"},
            "who": "who",
        },
    }
    assert call_of_row(row, parse_row_map(columns, "m"), 1) == {
        "type": "track",
        "timestamp": "2026-10-31T23:00:00.000Z",
        "userId": "u7",
        "event": "Order Completed",
        "properties": {"total": 42.5, "count": 3, "gift": False, "tags": ["a"], "who": "u7"},
        "context": {"source": "shop"},
        "integrations": {},
        "messageId": "o1",
    }


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": "tomorrow"}, "no_time"),
        ({"at": None}, "no_time"),
        ({"order": None}, "no_key"),
        ({"kind": "purchase"}, "unknown_type"),
        ({"total": "much"}, "wrong_type"),
    ],
)
def test_a_row_that_is_no_message_says_why(changed: dict[str, Any], reason: str) -> None:
    """In a word that the summary counts by."""
    properties = {"total": {"column": "total", "type": "number"}}
    columns = parse_row_map({**MAP, "type": "kind", "properties": properties}, "m")
    with pytest.raises(RowError, match=reason):
        call_of_row({**ROW, **changed}, columns, 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"time": "at"}, "without an id a second run would count twice"),
        ({**MAP, "evnt": "x"}, "evnt: Extra inputs are not permitted; a map has time"),
        ({**MAP, "time_zone": "Atlantis"}, "no time zone of that name"),
    ],
)
def test_a_map_that_cannot_be_right_is_refused(values: dict[str, Any], words: str) -> None:
    """With what there is to write."""
    with pytest.raises(SourceError, match=words):
        parse_row_map(values, "map.toml")


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
    for to, integrations in (("customerio", {"All": True}), ("segment", line["integrations"])):
        call = Reader(to, b"key", shows_identity=False).call_of_line(line)
        assert call == {**sent, "integrations": integrations, "timestamp": "2026-11-01T09:30:00.000+00:00"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("event=Ordered", True),
        ("event=Shipped|Ordered", True),
        ("event!=Ordered", False),
        ("properties.plan=pro", True),
        ("properties.plan.name=pro", False),
        ("properties.gift=false", True),
        ("properties.total=42.5", True),
        ("userId~@", False),
        ("cause=rejected", True),
        ("anonymousId=", True),
    ],
)
def test_a_condition_looks_into_the_call_and_at_what_the_source_knows(condition: str, holds: bool) -> None:
    """Values compare as JSON spells them; what is not there is the empty text."""
    call = {"event": "Ordered", "userId": "u", "properties": {"plan": "pro", "gift": False, "total": 42.5}}
    assert parse_where([condition])[0].holds(call, {"cause": "rejected"}) is holds


def test_what_is_no_condition_is_refused() -> None:
    """Nothing is taken for a condition that always holds."""
    with pytest.raises(SourceError, match="write PATH=VALUE"):
        parse_where(["Ordered"])


@given(st.floats(0.5, 5_000), st.lists(st.floats(0, 3), min_size=1, max_size=50))
def test_a_bucket_never_gives_more_than_its_rate_and_a_tenth_of_a_second(rate: float, steps: list[float]) -> None:
    """However long nobody asked before."""
    bucket, now, taken = TokenBucket(rate), 0.0, 0
    for step in steps:
        now += step
        while taken < 20_000 and bucket.take(now) == 0:
            taken += 1
    assert taken <= rate * sum(steps[1:]) + max(1, rate / 10) + 1


def test_whoever_waits_as_a_bucket_says_keeps_its_rate() -> None:
    """A thousand tokens at 250 a second take four seconds, evenly."""
    bucket, now, taken = TokenBucket(250), 0.0, 0
    while taken < 1_000:
        wait = bucket.take(now)
        now, taken = now + wait, taken + (wait == 0)
    assert 3.9 < now < 4.1
    assert TokenBucket(None).take(0) == 0
