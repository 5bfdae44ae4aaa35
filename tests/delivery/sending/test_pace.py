"""How eager a sender is, and what a full backlog gives up; waits are in test_lane.py."""

from __future__ import annotations

from random import Random

import pytest

from pipelines_client.delivery.sending.pace import Backoff, Pace, Surplus


def pace(*, max_pending_count: int | None = None, drops_oldest: bool = False) -> Pace:
    return Pace(0.5, 10_000, max_pending_count, 60, 300, Backoff(), drops_oldest)


@pytest.mark.parametrize(
    ("pending", "pending_bytes", "most", "surplus"),
    [
        (5, 10_000, None, None),
        (5, 10_001, None, Surplus(101, 10_000)),
        (5, 15_000, None, Surplus(5_100, 10_000)),
        (500, 9_000, 500, None),
        (501, 9_000, 500, Surplus(10_000, 6)),
        (700, 90_000, 500, Surplus(10_000, 205)),
        (500, 10_200, 500, Surplus(300, 10_000)),
    ],
)
@pytest.mark.parametrize(
    ("counts", "drops_oldest", "drops"), [(False, False, True), (True, True, True), (True, False, False)]
)
def test_a_backlog_over_its_bound_gives_up_its_oldest_and_a_hundredth_more(
    *,
    pending: int,
    pending_bytes: int,
    most: int | None,
    surplus: Surplus | None,
    counts: bool,
    drops_oldest: bool,
    drops: bool,
) -> None:
    """By bytes or by count; the leg that counts does so only if it was asked to."""
    ours = pace(max_pending_count=most, drops_oldest=drops_oldest)
    found = ours.surplus(pending=pending, pending_bytes=pending_bytes, counts=counts)
    assert found == (surplus if drops else None)


class AtMost(Random):
    """Draws the upper end, and remembers both."""

    drawn: tuple[float, float] = (0, 0)

    def uniform(self, a: float, b: float) -> float:
        self.drawn = a, b
        return b


@pytest.mark.parametrize(("attempt", "limit"), [(1, 0.5), (2, 1), (3, 2), (7, 32), (8, 60), (10_000, 60)])
def test_the_limit_of_a_wait_doubles_from_half_a_second_to_a_minute(attempt: int, limit: float) -> None:
    """The wait is anything up to it."""
    random = AtMost()
    assert Backoff().wait_s(attempt, retry_after_s=None, random=random) == limit
    assert random.drawn == (0, limit)


@pytest.mark.parametrize(
    ("attempt", "asked", "waits"),
    [(1, 10, 10.5), (9, 10, 11), (9, 0, 1)],
)
def test_what_the_api_asks_for_is_spread_over_a_second_at_most(attempt: int, asked: float, waits: float) -> None:
    """Many processes that were told the same moment do not all come back at it."""
    random = AtMost()
    assert Backoff().wait_s(attempt, retry_after_s=asked, random=random) == waits
    assert random.drawn[0] == 0
