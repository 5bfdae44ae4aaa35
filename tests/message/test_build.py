"""A call's dict becomes a message: ids, times, bytes."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import orjson
import pytest
from freezegun import freeze_time
from segment.analytics.client import Client as SegmentClient
from ulid import ULID

from pipelines_client.canonical import hash_sorted
from pipelines_client.message.build import Built, Message, build, reread

NOW = datetime(2026, 11, 2, 9, 30, 0, 125_000, tzinfo=timezone.utc)
NOW_MS = 1_793_611_800_125
_LIBRARY = {"name": "analytics-python", "version": "2.4.0"}


def call(**changes: Any) -> dict[str, Any]:
    plain = {
        "integrations": {},
        "anonymousId": None,
        "properties": {},
        "timestamp": None,
        "context": {},
        "userId": "u1",
        "type": "track",
        "event": "Order Completed",
        "messageId": None,
    }
    return {**plain, **changes}


def make(**changes: Any) -> Built:
    return build(call(**changes), library=_LIBRARY, now_ms=NOW_MS)


def hash_of(built: Built) -> str:
    return hash_sorted(built.message.payload)


def test_the_body_is_what_upstream_would_have_sent() -> None:
    """Same keys, values and spelling of the time; only a generated messageId differs."""
    upstream = SegmentClient("k", send=False)
    when = datetime(2026, 11, 2, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    arguments = ("u1", "Order Completed", {"total": 19.5}, {"ip": "127.0.0.1"}, when, "a1", {"All": True}, "m1")
    _, theirs = upstream.track(*arguments)
    ours = make(
        properties={"total": 19.5},
        context={"ip": "127.0.0.1"},
        timestamp=when,
        anonymousId="a1",
        integrations={"All": True},
        messageId="m1",
    )
    assert json.loads(ours.message.body) == json.loads(json.dumps(theirs))
    assert ours.call == theirs


def test_the_callers_objects_stay_untouched() -> None:
    """P16: upstream writes into the caller's context."""
    given = call(context={"page": {"url": "x"}}, properties={"items": [1, {"a": {2}}]})
    before = copy.deepcopy(given)
    build(given, library=_LIBRARY, now_ms=NOW_MS)
    assert given == before


def test_a_message_id_is_a_ulid_of_its_time_unless_given() -> None:
    """FACTS C14: Journeys drops a repeated ULID; the caller's id is kept."""
    first, second = make().message.message_id, make().message.message_id
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", first)
    assert first != second
    assert first[:10] == second[:10]
    assert make(messageId="order-7").message.message_id == "order-7"
    assert make(messageId=7).message.message_id == "7"


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (None, "2026-11-02T09:30:00.125+00:00"),
        (datetime(2014, 9, 3, tzinfo=timezone.utc), "2014-09-03T00:00:00.000+00:00"),
        (datetime(2014, 9, 3, tzinfo=timezone(timedelta(hours=-5))), "2014-09-03T00:00:00.000-05:00"),
        (date(2014, 9, 3), "2014-09-03T00:00:00.000+00:00"),
        ("2014-09-03", "2014-09-03T00:00:00.000+00:00"),
        ("2014-09-03T10:20:30Z", "2014-09-03T10:20:30.000+00:00"),
        ("2014-09-03T10:20:30.5+02:00", "2014-09-03T10:20:30.500+02:00"),
        ("20140903T102030Z", "2014-09-03T10:20:30.000+00:00"),
        (1409739630, "2014-09-03T10:20:30.000+00:00"),
        (1409739630.25, "2014-09-03T10:20:30.250+00:00"),
    ],
)
def test_every_spelling_of_an_instant_is_read(given: Any, wire: str) -> None:
    """N7: the event's time is when it happened, in any form."""
    built = make(timestamp=given)
    assert json.loads(built.message.body)["timestamp"] == wire
    assert not built.notes


@pytest.mark.parametrize("given", [datetime(2014, 9, 3, 1), "2014-09-03T01:00:00"])  # noqa: DTZ001 - naive on purpose
def test_a_naive_time_is_utc_and_noted(given: Any) -> None:
    """P21: one rule, whatever the time's age and the machine's zone."""
    built = make(timestamp=given)
    assert built.call["timestamp"] == "2014-09-03T01:00:00.000+00:00"
    assert built.notes == Counter(naive_timestamp=1)


@pytest.mark.parametrize("given", ["yesterday", "", True, 1.7e15, [], object(), float("nan")])
def test_a_timestamp_that_is_not_a_time_is_refused_without_its_value(given: Any) -> None:
    """Upstream's AssertionError for misuse, with the type and not the value in its text."""
    with pytest.raises(AssertionError, match=r"timestamp must be .* got: \w+$") as caught:
        make(timestamp=given)
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("name", ["context", "integrations"])
def test_context_and_integrations_must_be_dicts(name: str) -> None:
    """Upstream's rule."""
    with pytest.raises(AssertionError, match=name):
        make(**{name: ["secret"]})


def test_size_is_counted_as_sent_in_utf8() -> None:
    """P23: 12 KB of emoji are 12 KB, not 36 KB of escapes."""
    body = make(properties={"text": "😀" * 3_000}).message.body
    assert 12_000 < len(body) < 12_500


def test_identity_is_the_user_else_the_anonymous_id_else_the_group() -> None:
    """A message has one identity, which begins with its kind."""
    assert make(userId=0).message.identity == "user:0"
    assert make(userId=None, anonymousId="a").message.identity == "anonymous:a"
    assert make(userId=None, groupId="g").message.identity == "group:g"
    assert make(userId=None).message.identity is None


def test_event_is_the_name_of_a_track_page_or_screen() -> None:
    """An identify has no event."""
    assert make().message.event == "Order Completed"
    assert make(type="page", name="Pricing").message.event == "Pricing"
    assert make(type="identify", traits={}).message.event is None


def test_an_opentelemetry_that_cannot_be_imported_loses_no_message(tmp_path: Path) -> None:
    """Whatever it raises, calls go on without metrics."""
    broken = tmp_path / "opentelemetry"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise StopIteration")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import pipelines_client as analytics
analytics.write_key, analytics.host, analytics.state_dir = "k", "http://127.0.0.1:9", sys.argv[1] + "/state"
analytics.exit_timeout_s = 0.1
assert analytics.track("u", "E")[0]
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)


def test_a_frozen_clock_holds_in_a_thread_that_starts_in_our_call(client: Any, sandbox: Any) -> None:
    """Freezegun's `time.time` would not."""
    with freeze_time("2020-01-01"):
        thread = threading.Thread(target=client.track, args=("u1", "E"))
        thread.start()
        thread.join()
    assert client.flush(timeout=5)
    assert [message["timestamp"] for message in sandbox.customerio.accepted] == ["2020-01-01T00:00:00.000+00:00"]


def test_the_hash_is_of_the_payload_alone() -> None:
    """Ids, times and context do not change it; the payload does."""
    base = hash_of(make(properties={"total": 1}))
    assert hash_of(make(properties={"total": 1.0}, userId="other", context={"a": 1})) == base
    assert hash_of(make(properties={"total": 2})) != base
    assert hash_of(make(type="identify", traits={"total": 1})) == base


def test_freezegun_freezes_the_times_that_are_sent(client: Any, sandbox: Any) -> None:
    """The times of the message, its id and the batch are frozen, and nothing hangs."""
    with freeze_time("2026-02-03T04:05:06Z"):
        _, sent = client.track("u1", "Signed Up")
        assert client.flush(timeout=5)
    assert sent["timestamp"] == "2026-02-03T04:05:06.000+00:00"
    assert ULID.from_str(sent["messageId"]).datetime == datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    assert {request.top["sentAt"] for request in sandbox.customerio.requests} == {"2026-02-03T04:05:06+00:00"}


def test_a_message_takes_no_more_memory_than_its_text() -> None:
    """A hundred thousand may wait in memory, so the serialiser's spare bytes are freed."""
    tracemalloc.start()
    try:
        kept = [make(properties={"n": number}).message.body for number in range(200)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * sum(map(len, kept))


def hours(count: int) -> timezone:
    return timezone(timedelta(hours=count))


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (datetime(9999, 12, 31, 23, 59, tzinfo=hours(-5)), "9999-12-31T23:59:59.999+00:00"),
        ("9999-12-31T23:59:00-05:00", "9999-12-31T23:59:59.999+00:00"),
        (datetime(1, 1, 1, tzinfo=hours(5)), "0001-01-01T00:00:00.000+00:00"),
    ],
)
def test_a_time_outside_the_calendar_becomes_its_first_or_last_moment(given: Any, wire: str) -> None:
    """The message is accepted, and the replacement counted."""
    built = make(timestamp=given)
    assert built.call["timestamp"] == wire
    assert built.message.occurred_at == wire.replace("+00:00", "Z")
    assert built.notes == Counter(timestamp_out_of_range=1)


class BrokenZone(tzinfo):
    """A zone that fails."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no")


def test_a_time_with_a_failing_zone_is_read_as_utc() -> None:
    """Like a naive time; the message is accepted."""
    built = make(timestamp=datetime(2014, 9, 3, 1, tzinfo=BrokenZone()))
    assert built.call["timestamp"] == "2014-09-03T01:00:00.000+00:00"
    assert built.notes == Counter(naive_timestamp=1)


def test_an_offset_with_seconds_is_spelled_in_utc() -> None:
    """Zones had such offsets a century ago; few readers of ISO-8601 accept them."""
    amsterdam = timezone(timedelta(minutes=19, seconds=32))
    assert make(timestamp=datetime(1900, 1, 1, tzinfo=amsterdam)).call["timestamp"] == "1899-12-31T23:40:28.000+00:00"


@pytest.mark.parametrize(
    ("text", "becomes", "notes"),
    [
        (b'{"z":\n\t1,"a":2.0}', {"z": 1, "a": 2.0}, {}),
        ('[1,"x"]', [1, "x"], {}),
        (b"not json", None, {"unreadable": 1}),
    ],
)
def test_a_fragment_of_json_is_read_like_any_value(text: Any, becomes: Any, notes: Any) -> None:
    """The body is one line of strict JSON for any `orjson.Fragment`, and the hash is that of the plain value."""
    built = make(properties={"piece": orjson.Fragment(text), "n": 1}, context={"c": orjson.Fragment(b"1\n")})
    assert b"\n" not in built.message.body
    body = json.loads(built.message.body)
    assert (body["properties"], body["context"]["c"]) == ({"piece": becomes, "n": 1}, 1)
    assert hash_of(built) == hash_of(make(properties={"piece": becomes, "n": 1}))
    assert built.notes == notes


def test_a_message_is_built_while_another_thread_writes_into_its_properties() -> None:
    """The content of one moment is sent; nothing raises or crashes."""
    nested: dict[str, Any] = {f"k{number}": None for number in range(1_500)}
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            nested[f"z{number % 50}"] = NOW
            nested.pop(f"z{(number + 25) % 50}", None)
            number += 1

    thread = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for _ in range(300):
            assert make(properties={"nested": nested, "score": float("nan")}).notes == {"non_finite": 1}
            make(properties={"nested": nested})
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()


def test_a_value_that_empties_the_properties_while_it_is_read_removes_no_other_value() -> None:
    """A serialiser that reads a dict while its values disappear would read freed memory."""
    properties: dict[str, Any] = {}

    class Emptying(tzinfo):
        def utcoffset(self, _: datetime | None) -> timedelta:
            properties.clear()
            return timedelta()

    properties.update(at=datetime(2026, 1, 2, tzinfo=Emptying()), text=str(b"a-b", "ascii"), tags=[str(0.5)])
    assert json.loads(make(properties=properties).message.body)["properties"] == {
        "at": "2026-01-02T00:00:00+00:00",
        "text": "a-b",
        "tags": ["0.5"],
    }


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
        datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - naive on purpose
        datetime(1, 1, 1, tzinfo=timezone.utc),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc),
        datetime(2026, 1, 2, tzinfo=hours(-5)),
        date(1, 2, 3),
    ],
)
def test_times_in_properties_are_spelled_as_python_does(at: Any) -> None:
    """As upstream sends them, in both ways of serialising."""
    assert json.loads(make(properties={"at": at}).message.body)["properties"] == {"at": at.isoformat()}


def test_a_context_whose_methods_fail_is_left_out() -> None:
    """The message is accepted without it, and the loss is noted."""

    class Failing(dict[str, Any]):
        def keys(self) -> Any:
            raise RuntimeError("no")

        def __iter__(self) -> Any:
            raise RuntimeError("no")

    built = make(context=Failing(ip="127.0.0.1"))
    assert built.call["context"] == {"library": _LIBRARY}
    assert built.notes == {"unreadable": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "properties": {
                "b": 2.0,
                "a": [1e-7, 0.1 + 0.2, 2**63],
                "text": 'a"b\\c\x7f\u2028\U0001f600',
                "nested": {"at": NOW},
            }
        },
        {"timestamp": datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=timezone(timedelta(hours=5, minutes=30)))},
        {"timestamp": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
        {"type": "identify", "traits": {"properties": {"a": 1}}, "userId": None, "anonymousId": 7},
        {"type": "group", "groupId": "g1", "traits": {"name": "x"}, "userId": ""},
        {"type": "alias", "previousId": "u0"},
        {"type": "screen", "category": "Shop", "name": "Cart", "properties": {"a": {}}},
    ],
)
def test_a_message_can_be_read_from_its_body(changes: dict[str, Any]) -> None:
    """A process that adopts the messages of a dead one writes the same ledger records."""
    built = make(**changes).message
    again = reread(built.body, built_at=built.built_at)
    assert again == built
    assert (again.identity, again.payload) == (built.identity, built.payload)


def test_build_fills_the_fields_of_a_message_in_their_order_because_tuple_new_checks_nothing() -> None:
    """A field that is added in one place only would shift all others."""
    message = make(messageId="m", anonymousId="a", groupId="g", timestamp=NOW - timedelta(seconds=1)).message
    assert message == Message(
        message_id="m",
        type="track",
        event="Order Completed",
        user_id="u1",
        anonymous_id="a",
        group_id="g",
        occurred_at="2026-11-02T09:29:59.125Z",
        built_at="2026-11-02T09:30:00.125Z",
        body=message.body,
        payload_bytes=0,
    )


def test_the_payload_comes_last_and_sorted_because_its_bytes_in_the_body_are_what_is_hashed() -> None:
    """One serialisation: the ledger has the hash of the bytes that are sent."""
    message = make(messageId="m", properties={"b": 1, "a": "x"}).message
    assert message.body.endswith(b',"properties":{"a":"x","b":1}}')
    assert message.payload == b'{"a":"x","b":1}'
