"""What a leg does with each kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.clock import monotonic_s, pause
from pipelines_client.delivery.callbacks import Callbacks
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.state.ledger import LedgerWriter, Outcome

MakeClient = Callable[..., Client]


def send(client: Client, count: int, **properties: Any) -> list[str]:
    return [client.track("u1", "E", {"n": n, **properties})[1]["messageId"] for n in range(count)]


def numbers(api: Any) -> list[int]:
    return [message["properties"]["n"] for message in api.accepted]


def test_a_refusal_by_segment_leaves_customerio_delivered(client: Client, sandbox: Any, ledger: Any) -> None:
    """A 400 of one leg settles only that leg."""
    sandbox.segment.answer(400)
    client.track("u1", "Signed Up", message_id="m1")
    client.flush(timeout=5)
    assert ledger.outcomes("m1") == {"segment": Outcome.REJECTED, "customerio": Outcome.ACCEPTED}


def test_a_batch_with_one_bad_message_is_split_until_only_that_message_is_rejected(
    make_client: MakeClient, sandbox: Any, ledger: Any
) -> None:
    """FACTS C5: only the bad message is rejected, in the API's words; the rest arrives in order."""
    client = make_client(upload_interval=0.2)
    ids = send(client, 5)
    _, bad = client.track(" ", "E", {"n": 5})
    ids += send(client, 20)
    real = sandbox.customerio.receive

    def refuse_one(call: Any, path: str, headers: Any, raw: bytes) -> Any:
        if bad["messageId"].encode() in raw:
            sandbox.customerio.answer(400, body={"meta": {"errors": ["userId is blank"]}}, times=1)
        return real(call, path, headers, raw)

    sandbox.customerio.receive = refuse_one
    assert client.flush(timeout=10)
    assert len(sandbox.customerio.requests) > 4
    assert numbers(sandbox.customerio) == [*range(5), *range(20)]
    assert ledger.outcomes(bad["messageId"])["customerio"] is Outcome.REJECTED
    assert ledger.reasons(bad["messageId"])["customerio"] == "userId is blank"
    assert all(ledger.outcomes(each)["customerio"] is Outcome.ACCEPTED for each in ids)


def test_a_413_halves_the_batch(make_client: MakeClient, sandbox: Any) -> None:
    """What fits goes; a message too large alone is rejected."""
    sandbox.customerio.answer(413, times=2)
    client = make_client(upload_interval=0.2)
    send(client, 8)
    assert client.flush(timeout=5)
    assert [request.items for request in sandbox.customerio.requests] == [8, 4, 2, 2, 4]
    assert numbers(sandbox.customerio) == list(range(8))


def test_a_single_413_is_rejected_as_too_large(client: Client, sandbox: Any, ledger: Any) -> None:
    """Halving ends at one."""
    sandbox.customerio.answer(413)
    (message_id,) = send(client, 1)
    assert client.flush(timeout=5)
    assert ledger.outcomes(message_id)["customerio"] is Outcome.REJECTED
    assert client._pipeline._lanes[0].report().legs["customerio"].rejected == {"too_large": 1}


@pytest.mark.parametrize("answer", [408, 425, 429, 460, 500, 503, 511, "reset", "timeout"])
def test_a_passing_failure_is_retried_until_it_passes(make_client: MakeClient, sandbox: Any, answer: Any) -> None:
    """The same batch again, nothing lost, nothing reordered."""
    sandbox.segment.answer(answer, times=3)
    client = make_client(timeout=0.2)
    send(client, 3)
    assert client.flush(timeout=10)
    assert numbers(sandbox.segment) == [0, 1, 2]


def test_a_429_waits_and_keeps_the_order(make_client: MakeClient, sandbox: Any) -> None:
    """P7: Retry-After is a minimum, and later messages do not overtake."""
    sandbox.segment.answer(429, headers={"Retry-After": "1"}, times=1)
    client = make_client(upload_size=3)
    send(client, 6)
    assert client.flush(timeout=10)
    assert numbers(sandbox.segment) == list(range(6))
    first, second = (request.received_at for request in sandbox.segment.requests[:2])
    assert (second - first).total_seconds() >= 1


@pytest.mark.parametrize(("answer", "cure"), [(401, "write key"), (403, "write key"), (301, "host"), (302, "host")])
def test_a_wrong_key_or_host_pauses_the_leg_and_keeps_everything(
    make_client: MakeClient, sandbox: Any, ledger: Any, caplog: pytest.LogCaptureFixture, answer: int, cure: str
) -> None:
    """P6, P12: logged once, retried slowly, delivered when the cause is gone; the other leg is not affected."""
    sandbox.customerio.answer(answer, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    client = make_client()
    ids = send(client, 5)
    assert sandbox.customerio.wait_for_requests(3)
    assert not client.flush(timeout=5)
    assert sandbox.segment.count == 5
    assert ledger.outcomes(ids[0]) == {"segment": Outcome.ACCEPTED}
    said = [record.getMessage() for record in caplog.records if "leg_paused" in record.getMessage()]
    assert len(said) == 1
    assert cure in said[0]
    sandbox.customerio.normal()
    assert sandbox.customerio.wait_for(5)
    assert numbers(sandbox.customerio) == list(range(5))


def test_a_permissive_bad_key_is_seen_because_mode_is_strict(make_client: MakeClient, sandbox: Any) -> None:
    """FACTS C3: without the header the API would have answered 200 and lost all."""
    sandbox.customerio.allow_keys("the-right-key")
    client = make_client(write_key="a-wrong-key")
    send(client, 2)
    assert client.flush(timeout=5).pending["customerio"] == 2
    assert sandbox.customerio.lost == {}


@pytest.mark.parametrize("answer", [201, 202, 204])
def test_any_2xx_is_success(client: Client, sandbox: Any, answer: int) -> None:
    """P13: a 202 is not posted again."""
    sandbox.customerio.answer(answer)
    send(client, 1)
    assert client.flush(timeout=5)
    assert len(sandbox.customerio.requests) == 1


def test_a_batch_never_exceeds_the_limit(make_client: MakeClient, sandbox: Any) -> None:
    """P14: 25 messages of 31 kB; the sandbox would refuse a body over 500,000 bytes."""
    client = make_client(upload_interval=30)
    send(client, 25, text="x" * 31_000)
    assert client.flush(timeout=10)
    assert numbers(sandbox.segment) == list(range(25))
    for api in (sandbox.segment, sandbox.customerio):
        assert max(request.body_bytes for request in api.requests) <= 475_000
        assert len(api.requests) == 2


def test_upload_size_bounds_the_messages_of_a_request(make_client: MakeClient, sandbox: Any) -> None:
    """Upstream's `test_user_defined_upload_size`, on the wire: full batches go without waiting for the interval."""
    client = make_client(upload_size=10, upload_interval=30)
    send(client, 20)
    assert sandbox.customerio.wait_for(20)
    assert [request.items for request in sandbox.customerio.requests] == [10, 10]


def test_the_limit_of_2500_messages_holds_whatever_is_asked(make_client: MakeClient, sandbox: Any) -> None:
    """FACTS S3: over it Segment answers 200 and loses the batch."""
    client = make_client(upload_size=5_000, upload_interval=5)
    for _ in range(3_000):
        client.identify("u")
    assert client.flush(timeout=20)
    assert max(request.items for request in sandbox.segment.requests) <= 2_500
    assert sandbox.segment.count == 3_000


def test_gzip_is_honoured(make_client: MakeClient, sandbox: Any) -> None:
    """Both legs understand it."""
    client = make_client(gzip=True, upload_interval=0.2)
    send(client, 50)
    assert client.flush(timeout=5)
    assert sandbox.customerio.requests[0].headers["content-encoding"] == "gzip"
    assert sandbox.customerio.requests[0].body_bytes < 3_000
    assert numbers(sandbox.segment) == list(range(50))


def test_a_full_batch_goes_at_once_just_after_another(
    make_client: MakeClient, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender that waits for a first message is woken by a full batch."""
    monkeypatch.setattr("pipelines_client.delivery.sending.sender.TICK_S", 30.0)
    client = make_client(upload_size=10, upload_interval=30)
    for count in (10, 20, 30):
        send(client, 10)
        assert sandbox.customerio.wait_for(count)


def test_a_single_message_is_sent_after_the_upload_interval(make_client: MakeClient, sandbox: Any) -> None:
    """Just after a batch a message does not wake the sender: it checks when the interval is over."""
    client = make_client(upload_interval=1.5)
    send(client, 1)
    assert client.flush(timeout=5)
    pause(0.2)
    assert not client._pipeline._lanes[0].senders["customerio"]._idle
    send(client, 1)
    assert sandbox.customerio.wait_for(2)


def test_what_an_alias_holds_up_waits_for_no_interval_of_its_own(make_client: MakeClient, sandbox: Any) -> None:
    """An alias has a request of its own (FACTS C10): a leg with many would fall behind by as much as a full batch."""
    client = make_client(segment_write_key=None, upload_interval=1)
    for number in range(20):
        client.track("u1", "E", {"n": number})
        client.alias(f"visit-{number}", "u1")
    assert sandbox.customerio.wait_for(40, 20)


def test_an_idle_sender_keeps_calling_on_tick(make_client: MakeClient) -> None:
    """However long the upload interval is."""
    client = make_client(upload_interval=60)
    send(client, 1)
    assert client.flush(timeout=5)
    ticks: list[int] = []
    sender = client._pipeline._lanes[0].senders["customerio"]
    tick = sender._hooks.on_tick
    sender._hooks = replace(sender._hooks, on_tick=lambda: (ticks.append(1), tick())[1])
    until = monotonic_s() + 10
    while not ticks and monotonic_s() < until:
        pause(0.05)
    assert ticks


@pytest.mark.parametrize(
    ("statuses", "worth_another"),
    [
        ((401, 401, 401), (True, False, False)),
        ((401, 503, 401), (True, False, False)),
        ((403, 429, 401), (True, False, False)),
        ((400, 401, 511), (False, True, False)),
        ((401, 200, 401), (True, False, True)),
    ],
)
def test_a_refused_token_is_retried_once_until_messages_were_settled(
    statuses: tuple[int, ...], worth_another: tuple[bool, ...]
) -> None:
    """A wrong key pauses the leg even if other failures come in between."""
    cleared: list[int] = []

    class Source:
        def get_token(self) -> str:
            return "t"

        def clear_token(self) -> None:
            cleared.append(1)

    tokens, found = Tokens(Source()), []
    for status in statuses:
        found.append(tokens.answered(status) is not None)
        if status == 200:
            tokens.taken()
    assert tuple(found) == worth_another
    assert len(cleared) == sum(status in {400, 401, 403, 511} for status in statuses)


def test_segments_oauth_token_is_used_and_renewed_when_refused(make_client: MakeClient, sandbox: Any) -> None:
    """Upstream's manager gives the tokens; a refused one is forgotten and the batch goes again."""

    class Tokens:
        given, cleared = 0, 0

        def get_token(self) -> str:
            self.given += 1
            if self.given == 1:
                raise RuntimeError("no token yet")
            return f"token-{self.given}"

        def clear_token(self) -> None:
            self.cleared += 1

    sandbox.segment.answer(401, times=1)
    client = make_client()
    tokens = client._pipeline._opener._oauth = Tokens()
    send(client, 1)
    assert client.flush(timeout=5)
    assert sandbox.segment.count == 1
    assert (tokens.given, tokens.cleared) == (3, 1)
    assert sandbox.segment.requests[-1].auth_scheme == "bearer"
    assert sandbox.customerio.requests[-1].auth_scheme == "basic"


def test_a_ledger_that_cannot_be_written_settles_nothing_and_posts_once(
    make_client: MakeClient, sandbox: Any, ledger: Any
) -> None:
    """The record comes first: the leg waits for the disk, and does not send again meanwhile."""
    client = make_client(segment_write_key=None)
    send(client, 1)
    assert client.flush(timeout=5)
    lane = client._pipeline._lanes[0]
    (day,) = (ledger.path / "ledger").iterdir()
    lane.ledger._close()
    day.rename(ledger.path / "aside")
    day.write_text("a file where the day's folder should be")
    send(client, 1)
    assert sandbox.customerio.wait_for(2)
    assert client.flush(timeout=0.3).left == 1
    day.unlink()
    assert client.flush(timeout=5)
    assert len(sandbox.customerio.requests) == 2


def test_the_ledger_comes_before_the_cursor_because_a_crash_may_repeat_a_record_and_never_lose_one(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ledger, callbacks, cursor: a caller that waits for the cursor finds the callbacks queued."""
    steps: list[str] = []
    note_call(monkeypatch, steps, LedgerWriter, "append")
    note_call(monkeypatch, steps, Callbacks, "run")
    note_call(monkeypatch, steps, Spool, "settle")
    client = make_client(segment_write_key=None, on_delivery=lambda _: None)
    send(client, 1)
    assert client.flush(timeout=5)
    assert steps == ["append", "run", "settle"]


def note_call(monkeypatch: pytest.MonkeyPatch, steps: list[str], owner: type, name: str) -> None:
    method = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args, **more: (steps.append(name), method(*args, **more))[1])
