"""The token bucket that keeps a run to its rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.history.rate import TokenBucket


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
