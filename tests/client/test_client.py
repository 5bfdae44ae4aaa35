"""The client as a caller meets it."""

from __future__ import annotations

import gc
import io
import logging
import threading
import time
import types
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest
from segment.analytics.client import Client as SegmentClient

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status
from pipelines_client.destinations.customerio import RESERVED_NAMES
from pipelines_client.state.ledger import DeliveryRecord, Outcome

MakeClient = Callable[..., Client]


def test_both_legs_receive_the_same_message(client: Client, sandbox: Any) -> None:
    """One body, one messageId, one timestamp; only the envelope differs."""
    ok, sent = client.track("u1", "Order Completed", {"total": 19.5})
    assert ok
    assert client.flush(timeout=5)
    expected = orjson.loads(orjson.dumps(sent))
    assert sandbox.customerio.accepted == [expected]
    assert sandbox.segment.accepted == [expected]
    (request,) = sandbox.customerio.requests
    assert request.headers["x-strict-mode"] == "1"
    assert request.headers["authorization"] == "basic matched"
    assert "writeKey" not in request.top
    (request,) = sandbox.segment.requests
    assert request.top["writeKey"] == "matched"


def test_all_six_calls_arrive_in_order(client: Client, sandbox: Any) -> None:
    """identify, track, page, screen, group and alias, with upstream's positional order."""
    client.identify("u1", {"plan": "pro"})
    client.track("u1", "Signed Up", {"a": 1})
    client.page("u1", "Docs", "Pricing", {"url": "/pricing"})
    client.screen("u1", "Main", "Home", {"a": 1})
    client.group("u1", "g1", {"name": "Acme"})
    client.alias("a1", "u1")
    assert client.flush(timeout=5)
    for api in (sandbox.customerio, sandbox.segment):
        assert [message["type"] for message in api.accepted] == [
            "identify",
            "track",
            "page",
            "screen",
            "group",
            "alias",
        ]
        assert api.accepted[2]["category"] == "Docs"
        assert api.accepted[2]["name"] == "Pricing"
        assert api.accepted[5]["previousId"] == "a1"


@pytest.mark.parametrize(
    "misuse",
    [
        lambda client: client.track(),
        lambda client: client.track("u1"),
        lambda client: client.track("u1", 7),
        lambda client: client.track("u1", "E", ["secret"]),
        lambda client: client.track("u1", "E", {}, ["secret"]),
        lambda client: client.track("u1", "E", {}, {}, object()),
        lambda client: client.track("u1", "E", {}, {}, None, None, "secret"),
        lambda client: client.track(["secret"], "E"),
        lambda client: client.identify(),
        lambda client: client.identify("u1", "secret"),
        lambda client: client.group("u1"),
        lambda client: client.alias("a"),
        lambda client: client.page("u1", 7),
        lambda client: client.screen("u1", "c", 7),
    ],
)
def test_misuse_raises_as_upstream_does_without_the_value(misuse: Callable[[Any], Any], client: Client) -> None:
    """The same calls raise AssertionError in both; ours does not repeat what it was given."""
    with pytest.raises(AssertionError):
        misuse(SegmentClient("k", send=False))
    with pytest.raises(AssertionError) as caught:
        misuse(client)
    assert "secret" not in str(caught.value)


def test_zero_is_an_id(client: Client, sandbox: Any) -> None:
    """P20."""
    assert client.track(0, "E")[0]
    assert client.flush(timeout=5)
    assert sandbox.segment.accepted[0]["userId"] == "0"


def test_a_uuid_is_an_id_as_its_text(client: Client, sandbox: Any) -> None:
    """Upstream refuses it; the type hints accept it, so the calls do."""
    number = uuid.UUID(int=7)
    assert client.track(number, "E", anonymous_id=number, message_id=number)[0]
    assert client.group(number, number)[0]
    assert client.alias(number, 42)[0]
    assert client.flush(timeout=5)
    tracked, grouped, aliased = sandbox.segment.accepted
    assert {tracked["userId"], tracked["anonymousId"], tracked["messageId"]} == {str(number)}
    assert {grouped["userId"], grouped["groupId"], aliased["previousId"]} == {str(number)}
    assert aliased["userId"] == "42"


def test_any_mapping_is_a_payload(client: Client, sandbox: Any) -> None:
    """The type hints accept it, a `TypedDict` too, so the calls do."""
    frozen = types.MappingProxyType({"total": 1})
    assert client.track("u1", "E", frozen, frozen, integrations=frozen)[0]
    assert client.flush(timeout=5)
    (message,) = sandbox.segment.accepted
    assert message["properties"] == {"total": 1}
    assert message["context"]["total"] == 1


def test_one_bad_value_takes_nothing_along(client: Client, sandbox: Any) -> None:
    """P4, P18: 100 messages arrive, the bad values are replaced and counted."""
    circle: dict[str, Any] = {}
    circle["self"] = circle
    bad = [float("nan"), "\ud800", {1, 2}, {(1,): 2}, circle, object(), b"\xff"]
    for number in range(100):
        assert client.track("u1", "E", {"n": number, "bad": bad[number] if number < len(bad) else None})[0]
    assert client.flush(timeout=5)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(100))
    assert client.replaced == {
        "non_finite": 1,
        "invalid_utf8": 2,
        "key": 1,
        "circular": 1,
        "unsupported_type": 1,
    }


def test_a_replacement_is_said_once_per_call_site(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The line in the application is named, the value is not."""
    for _ in range(3):
        client.track("u1", "E", {"secret": float("nan")})
    client.track("u1", "E", {"secret": float("nan")})
    told = [record.getMessage() for record in caplog.records if "value_replaced" in record.getMessage()]
    assert len(told) == 2
    assert all("test_client.py:" in line and "non_finite" in line and "secret" not in line for line in told)


def test_an_oversize_message_is_not_taken_and_counted(client: Client, ledger: Any, sandbox: Any) -> None:
    """P22: `(False, call)`, no exception, a record for each leg."""
    ok, sent = client.track("u1", "E", {"text": "x" * 32_000})
    assert not ok
    assert client.not_taken == {"too_large": 1}
    assert ledger.outcomes(sent["messageId"]) == {"customerio": Outcome.DROPPED, "segment": Outcome.DROPPED}
    assert client.track("u1", "E", {"text": "x" * 31_000})[0]
    assert client.flush(timeout=5)
    assert sandbox.customerio.count == 1


@pytest.mark.parametrize("message_id", ["x" * 100, ""])
def test_a_message_id_out_of_bounds_is_not_taken(client: Client, message_id: str) -> None:
    """FACTS S6: fewer than 100 characters."""
    assert not client.track("u1", "E", message_id=message_id)[0]
    assert client.not_taken == {"invalid_message_id": 1}
    assert client.track("u1", "E", message_id="x" * 99)[0]


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_reserved_name_reaches_only_segment(client: Client, ledger: Any, sandbox: Any, name: str) -> None:
    """FACTS C12: Customer.io would obey it."""
    ok, sent = client.track("u1", f" {name} ")
    assert ok
    assert client.flush(timeout=5)
    assert sandbox.segment.count == 1
    assert sandbox.customerio.count == 0
    assert ledger.outcomes(sent["messageId"]) == {"customerio": Outcome.SKIPPED, "segment": Outcome.ACCEPTED}
    assert ledger.reasons(sent["messageId"])["customerio"] == "reserved_name"


def test_an_allowed_command_reaches_both(make_client: MakeClient, sandbox: Any) -> None:
    """`allow_commands` names what is meant."""
    client = make_client(allow_commands={"User Deleted"})
    client.track("u1", "User Deleted")
    client.track("u1", "Device Deleted")
    assert client.flush(timeout=5)
    assert [m["event"] for m in sandbox.customerio.accepted] == ["User Deleted"]
    assert sandbox.segment.count == 2


def test_a_reserved_name_with_no_leg_left_is_not_taken(make_client: MakeClient, ledger: Any) -> None:
    """No leg would receive it: the call says so."""
    client = make_client(segment_write_key=None)
    ok, sent = client.track("u1", "User Deleted")
    assert not ok
    assert client.not_taken == {"no_leg": 1}
    assert ledger.reasons(sent["messageId"]) == {"customerio": "reserved_name"}


def test_segment_integrations_stand_at_the_top_of_segments_batch(make_client: MakeClient, sandbox: Any) -> None:
    """FACTS S12: keeps Segment's own Customer.io destination from forwarding."""
    client = make_client(segment_integrations={"Actions Customerio": False})
    client.track("u1", "E")
    assert client.flush(timeout=5)
    assert sandbox.segment.requests[0].top["integrations"] == {"Actions Customerio": False}
    assert "integrations" not in sandbox.customerio.requests[0].top


@pytest.mark.parametrize(
    ("stage", "customerio", "segment"),
    [("segment", 0, 1), ("shadow", 1, 1), ("dual", 1, 1), ("live", 1, 1), ("complete", 1, 0)],
)
def test_a_stage_decides_the_legs(
    make_client: MakeClient, sandbox: Any, ledger: Any, stage: str, customerio: int, segment: int
) -> None:
    """A leg that the stage leaves out has a record that says so."""
    client = make_client(stage=stage)
    _, sent = client.track("u1", "E")
    assert client.flush(timeout=5)
    assert (sandbox.customerio.count, sandbox.segment.count) == (customerio, segment)
    outcomes = ledger.outcomes(sent["messageId"])
    assert (outcomes["customerio"] is Outcome.ACCEPTED) == bool(customerio)
    assert (outcomes["segment"] is Outcome.SKIPPED) == (not segment)


def test_send_false_builds_and_keeps_nothing(make_client: MakeClient, state_dir: Any) -> None:
    """Upstream's switch for tests."""
    ok, sent = make_client(send=False).track("u1", "E")
    assert ok
    assert sent["event"] == "E"
    assert not state_dir.exists()


def test_sync_mode_delivers_before_it_returns(make_client: MakeClient, sandbox: Any) -> None:
    """P26: and it retries."""
    sandbox.segment.answer(503, times=1)
    client = make_client(sync_mode=True, upload_interval=5)
    assert client.track("u1", "E")[0]
    assert (sandbox.customerio.count, sandbox.segment.count) == (1, 1)
    assert client.consumers is None
    client.shutdown()


def test_after_shutdown_a_call_starts_it_again(client: Client, sandbox: Any) -> None:
    """P10."""
    client.track("u1", "First")
    client.shutdown()
    assert client.consumers
    assert not client.consumers[0].is_alive()
    assert client.track("u1", "Second")[0]
    assert client.flush(timeout=5)
    assert [m["event"] for m in sandbox.customerio.accepted] == ["First", "Second"]


def test_on_error_hears_of_both_legs_and_so_does_on_delivery(make_client: MakeClient, sandbox: Any) -> None:
    """As upstream: the error, and the messages as dicts; besides, the side."""
    errors: list[tuple[Any, list[Any]]] = []
    records: list[DeliveryRecord] = []
    client = make_client(on_error=lambda error, messages: errors.append((error, messages)), on_delivery=records.extend)
    sandbox.customerio.answer(400, times=1)
    sandbox.segment.answer(400, body={"code": "invalid", "message": "too bad"}, times=1)
    client.track("u1", "E", message_id="m1")
    assert client.flush(timeout=5)
    (error, messages), (other, _) = sorted(errors, key=lambda told: str(told[0].leg), reverse=True)
    assert (error.leg, error.status, error.code, error.message) == ("segment", 400, "invalid", "too bad")
    assert str(error) == "[Segment] invalid: too bad (400)"
    assert (other.leg, other.status, other.code) == ("customerio", 400, "http_400")
    assert messages[0]["messageId"] == "m1"
    assert {(r.leg, r.outcome) for r in records} == {("segment", Outcome.REJECTED), ("customerio", Outcome.REJECTED)}


def test_a_callback_may_raise_block_and_call_the_client(make_client: MakeClient, sandbox: Any) -> None:
    """P9: delivery goes on."""
    seen = threading.Event()
    client: Client

    def on_delivery(records: Any) -> None:
        if records[0].event == "First" and records[0].leg == "segment":
            client.track("u1", "From the callback")
            client.flush(timeout=0.01)
            seen.set()
        raise RuntimeError("mine")

    client = make_client(on_delivery=on_delivery)
    client.track("u1", "First")
    assert seen.wait(5)
    assert client.flush(timeout=5)
    assert [m["event"] for m in sandbox.segment.accepted] == ["First", "From the callback"]


def test_no_log_line_at_any_level_holds_a_key_or_a_person(make_client: MakeClient, sandbox: Any) -> None:
    """P24: DEBUG included, through retries, refusals and pauses."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        for status in (503, 400, 401, 302):
            sandbox.customerio.answer(status, body={"message": "ada@example.com"}, times=1)
            client = make_client(write_key="topsecretkey", debug=True)
            client.identify("ada@example.com", {"email": "ada@example.com", "name": float("nan")}, message_id="m-1815")
            client.track("ada@example.com", "E", {"text": "x" * 32_000})
            client.flush(timeout=5)
    finally:
        root.removeHandler(handler)
        root.setLevel(logging.WARNING)
        Client.log.setLevel(logging.NOTSET)
        Client.log.handlers.clear()
    assert "leg_paused" in stream.getvalue()
    for secret in ("topsecretkey", "ada@", "m-1815", "segment-key"):
        assert secret not in stream.getvalue()


def test_sixteen_threads_that_call_first_share_one_client(analytics: Any, sandbox: Any) -> None:
    """P28."""
    analytics.write_key = "k"
    start = threading.Barrier(16)
    clients: list[Any] = []

    def first() -> None:
        start.wait()
        analytics.track("u1", "E")
        clients.append(analytics.default_client)

    threads = [threading.Thread(target=first) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, clients))) == 1
    assert analytics.flush(5)
    assert sandbox.customerio.count == 16


def test_clients_that_are_let_go_deliver_and_leave_no_thread(sandbox: Any) -> None:
    """P29: thirty clients made and dropped."""

    def use() -> None:
        settings = {"host": sandbox.customerio.url, "upload_interval": 0.01}
        for number in range(30):
            Client("k", **settings).track(f"u{number}", "E")  # type: ignore[arg-type]

    before = set(threading.enumerate())
    use()
    gc.collect()
    assert sandbox.customerio.wait_for(30, timeout_s=10)
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("pipelines-client"):
            thread.join(5)
            assert not thread.is_alive()


def test_flush_returns_at_its_timeout_and_says_what_is_left(make_client: MakeClient, sandbox: Any) -> None:
    """P15: with the server down."""
    sandbox.customerio.answer("timeout")
    sandbox.segment.answer(503)
    client = make_client()
    client.track("u1", "E")
    started = time.monotonic()
    left = client.flush(timeout=0.3)
    assert time.monotonic() - started < 3
    assert not left
    assert left.pending == {"customerio": 1, "segment": 1}


def test_flush_does_not_wait_for_a_leg_that_does_not_count_and_is_down(client: Client, sandbox: Any) -> None:
    """In stage dual Segment counts; no call waits for Customer.io, which is down."""
    sandbox.customerio.answer(503)
    client.track("u1", "E")
    started = time.monotonic()
    left = client.flush(timeout=60)
    assert time.monotonic() - started < 30
    assert left.pending == {"customerio": 1, "segment": 0}


def test_flush_waits_out_one_refusal_of_the_leg_that_does_not_count(client: Client, sandbox: Any) -> None:
    """A single 503 is not an outage."""
    sandbox.customerio.answer(503, times=2)
    client.track("u1", "E")
    assert client.flush(timeout=10)
    assert sandbox.customerio.count == 1


def test_a_full_queue_is_said_and_counted(make_client: MakeClient, sandbox: Any) -> None:
    """P11: `max_queue_size`, if set, bounds the messages that wait."""
    sandbox.segment.answer(503)
    client = make_client(max_queue_size=3)
    assert [client.track("u1", "E")[0] for _ in range(5)] == [True, True, True, False, False]
    assert client.not_taken == {"queue_full": 2}
    assert client.queue.full()
    assert client.queue.maxsize == 3


def test_the_leg_that_does_not_count_gives_up_its_oldest_when_full(
    make_client: MakeClient, sandbox: Any, ledger: Any
) -> None:
    """The caller and the other leg do not notice; the ledger does."""
    settled: list[DeliveryRecord] = []
    all_settled = threading.Event()

    def on_delivery(records: Any) -> None:
        settled.extend(record for record in records if record.leg == "customerio")
        if len(settled) == 30:
            all_settled.set()

    sandbox.customerio.answer(503)
    client = make_client(max_queue_size=10, on_delivery=on_delivery)
    for number in range(30):
        assert client.track("u1", "E", {"n": number})[0]
        client.flush(timeout=2)
    assert sandbox.segment.count == 30
    sandbox.customerio.normal()
    assert all_settled.wait(10)
    kept = [m["properties"]["n"] for m in sandbox.customerio.accepted]
    dropped = [r for r in ledger.records() if r.outcome is Outcome.DROPPED]
    assert kept == sorted(kept)
    assert len(kept) + len(dropped) == 30
    assert dropped
    assert {record.reason for record in dropped} == {"spool_full"}


def test_a_state_directory_that_cannot_be_written_falls_back_to_memory_loudly(
    make_client: MakeClient, sandbox: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Once; and messages still go."""
    blocker = tmp_path / "file"
    blocker.write_text("not a directory")
    client = make_client(state_dir=blocker / "state")
    for _ in range(3):
        assert client.track("u1", "E")[0]
    assert client.flush(timeout=5)
    assert sandbox.customerio.count == 3
    (said,) = (r.getMessage() for r in caplog.records if "spool_in_memory" in r.getMessage())
    assert "error='Not a directory'" in said or "error='File exists'" in said


def test_a_memory_spool_writes_no_file(make_client: MakeClient, sandbox: Any, state_dir: Any) -> None:
    """`spool="memory"` keeps the contract without a file."""
    client = make_client(spool="memory")
    client.track("u1", "E")
    assert client.flush(timeout=5)
    assert sandbox.segment.count == 1
    assert not state_dir.exists()


def test_an_argument_that_cannot_be_read_is_misuse_and_not_repeated(client: Client) -> None:
    """An array as properties, an id without a text: AssertionError, whatever their own methods raise."""

    class Nameless(float):
        def __str__(self) -> str:
            raise RuntimeError("secret")

    for misuse in (
        lambda: client.track("u1", "E", np.array([1, 2])),  # type: ignore[arg-type]
        lambda: client.track(Nameless(1.5), "E"),
    ):
        with pytest.raises(AssertionError) as caught:
            misuse()
        assert "secret" not in str(caught.value)


def test_an_empty_event_name_does_not_spoil_customerios_batch(client: Client, sandbox: Any, ledger: Any) -> None:
    """FACTS C5: it could refuse the whole batch for it; Segment gets it as always."""
    client.track("u1", "Before")
    _, empty = client.track("u1", " ")
    client.track("u1", "After")
    assert client.flush(timeout=5)
    assert [m["event"] for m in sandbox.customerio.accepted] == ["Before", "After"]
    assert sandbox.segment.count == 3
    assert ledger.reasons(empty["messageId"])["customerio"] == "empty_event"


def test_status_is_true_as_soon_as_a_flush_or_a_shutdown_returns(client: Client, state_dir: Any) -> None:
    """For a living process too, which has stopped sending."""
    for _ in range(50):
        client.track("u1", "E")
    assert client.flush(timeout=5)
    assert read_status(state_dir, now=utc_now()).legs["segment"].accepted == 50
    client.track("u1", "E")
    client.shutdown()
    assert read_status(state_dir, now=utc_now()).legs["customerio"].accepted == 51


def test_a_shutdown_keeps_to_its_time_with_a_request_in_flight(make_client: Any, sandbox: Any) -> None:
    """An API that takes a request and does not answer: the shutdown is over before that; later calls go on."""
    client = make_client(segment_write_key=None, timeout=30)
    sandbox.customerio.delay_s = 2.0
    client.track("u1", "E", {"n": 0})
    assert sandbox.customerio.wait_for(1)
    began = time.monotonic()
    assert not client.shutdown(timeout=0.2)
    assert time.monotonic() - began < 1.8
    sandbox.customerio.delay_s = 0.0
    client.track("u1", "E", {"n": 1})
    assert client.flush(timeout=20)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == [0, 1]
