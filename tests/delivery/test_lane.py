"""One leg is down for long: the caller and the other leg do not notice, and it comes back gently and in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client import Client
from pipelines_client.delivery.sending.pace import Backoff

MakeClient = Callable[..., Client]


def test_a_leg_that_is_down_for_a_day_catches_up_in_order(make_client: MakeClient, sandbox: Any, ledger: Any) -> None:
    """A simulated day: the other leg has each hour's messages within the hour; then the day is caught up in order."""
    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    sandbox.customerio.answer(503)
    client = make_client(flush_timeout_s=0)
    # The real clock for the loop of the sandbox: its thread may ask for the time just when the clock is unfrozen.
    with freeze_time(start, real_asyncio=True) as clock:
        for hour in range(24):
            for number in range(100):
                assert client.track("u1", "E", {"n": hour * 100 + number})[0]
            assert sandbox.segment.wait_for((hour + 1) * 100)
            clock.tick(timedelta(hours=1))
        assert sandbox.customerio.count == 0
        sandbox.customerio.normal()
        assert sandbox.customerio.wait_for(2_400, timeout_s=20)
        client.flush(timeout=10)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(2_400))
    late = [record for record in ledger.records() if record.leg == "customerio"]
    assert {record.finished_at[:10] for record in late} == {"2026-11-02"}
    assert {record.occurred_at[:10] for record in late} == {"2026-11-01"}


def test_a_leg_that_catches_up_keeps_to_its_rate(make_client: MakeClient, sandbox: Any) -> None:
    """After an outage the backlog comes in order and no faster than was set, whatever the API could take."""
    arrived: list[float] = []
    receive = sandbox.customerio.receive

    def note(*request: Any) -> Any:
        arrived.append(time.monotonic())
        return receive(*request)

    client = make_client(segment_write_key=None, upload_size=2, max_requests_per_s=25)
    sandbox.customerio.answer(503)
    for number in range(30):
        client.track("u1", "E", {"n": number})
    sandbox.customerio.receive = note
    sandbox.customerio.normal()
    assert client.flush(timeout=10)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(30))
    assert len(arrived) >= 15
    assert arrived[-1] - arrived[0] >= (len(arrived) - 2) / 25


def test_an_api_that_struggles_is_asked_with_less_at_a_time(make_client: MakeClient, sandbox: Any) -> None:
    """After three failures in a row the batch is halved for each more; once it answers, batches are whole again."""
    sandbox.customerio.answer(503, times=6)
    client = make_client(segment_write_key=None, upload_interval=0.2)
    for number in range(64):
        client.track("u1", "E", {"n": number})
    assert client.flush(timeout=10)
    sizes = [request.items for request in sandbox.customerio.requests]
    assert sizes[:7] == [64, 64, 64, 32, 16, 8, 4]
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(64))
    for number in range(64):
        client.track("u1", "E", {"n": number})
    assert client.flush(timeout=10)
    assert sandbox.customerio.requests[-1].items == 64


def test_two_hundred_processes_do_not_come_back_at_once() -> None:
    """After an outage of an hour, simulated: no second sees more than a fifth of them."""
    backoff = Backoff(base_s=0.5, cap_s=60)
    arrivals: dict[int, int] = {}
    for seed in range(200):
        random, now, attempt = Random(seed), 0.0, 0
        while now < 3_600:
            attempt += 1
            now += backoff.wait_s(attempt, retry_after_s=None, random=random)
        arrivals[int(now)] = arrivals.get(int(now), 0) + 1
    assert sum(arrivals.values()) == 200
    assert max(arrivals.values()) <= 40


@pytest.mark.parametrize("asked", [0.0, 1.0, 30.0])
@given(attempt=st.integers(1, 10_000), seed=st.integers())
def test_what_the_api_asked_for_is_a_minimum(asked: float, attempt: int, seed: int) -> None:
    """Retry-After plus at most a second of jitter."""
    waited = Backoff().wait_s(attempt, retry_after_s=asked, random=Random(seed))
    assert asked <= waited <= asked + 1


@given(attempt=st.integers(1, 10_000), seed=st.integers())
def test_our_own_waits_double_up_to_the_cap(attempt: int, seed: int) -> None:
    """Full jitter under a limit that never exceeds the cap."""
    limit = min(60, 0.5 * 2 ** min(attempt - 1, 99))
    assert 0 <= Backoff(base_s=0.5, cap_s=60).wait_s(attempt, retry_after_s=None, random=Random(seed)) <= limit
