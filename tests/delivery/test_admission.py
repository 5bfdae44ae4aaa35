"""Whether a message may enter a spool. The rest of it, with a client, is in test_pipeline.py."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines_client.delivery.admission import FULL, Allowance, Bounds

LEGS = ("customerio", "segment")


@dataclass
class Waiting:
    """A backlog on the leg that counts; the other leg has more than any bound."""

    count: int = 0
    size: int = 0

    def pending(self, leg: str) -> int:
        return self.count if leg == "customerio" else 10**9

    def pending_bytes(self, leg: str) -> int:
        return self.size if leg == "customerio" else 10**9


def refusal(
    *,
    chars: int = 10,
    size: int = 100,
    skips: int = 0,
    count: int = 0,
    waiting: int = 0,
    most: int | None = 5,
    drops: bool = False,
) -> str | None:
    message: Any = SimpleNamespace(message_id="m" * chars, body=b"x" * size)
    bounds = Bounds(1_000, most, 200, len(LEGS), drops)
    return bounds.refusal(message, dict.fromkeys(LEGS[:skips], "stage"), Waiting(count, waiting), "customerio")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, None),
        ({"chars": 0}, "invalid_message_id"),
        ({"chars": 1}, None),
        ({"chars": 99}, None),
        ({"chars": 100}, "invalid_message_id"),
        ({"size": 200}, None),
        ({"size": 201}, "too_large"),
        ({"skips": 1}, None),
        ({"skips": 2}, "no_leg"),
        ({"count": 4}, None),
        ({"count": 5}, "queue_full"),
        ({"count": 5, "most": None}, None),
        ({"waiting": 900}, None),
        ({"waiting": 901}, "spool_full"),
        ({"waiting": 901, "count": 5}, "queue_full"),
        ({"waiting": 901, "count": 5, "drops": True}, None),
        ({"size": 201, "skips": 2}, "too_large"),
    ],
)
def test_a_message_enters_if_it_is_sound_goes_somewhere_and_has_room(
    message: dict[str, Any], reason: str | None
) -> None:
    """The limits themselves are within; the leg that does not count never refuses; lack of room passes."""
    assert refusal(**message) == reason
    if reason is not None:
        assert (refusal(**{**message, "count": 0, "waiting": 0}) is None) == (reason in FULL)


def test_refused_calls_get_a_record_fifty_at_once_and_then_one_each_ten_seconds() -> None:
    """All are counted elsewhere; a clock that goes back gives none away."""
    allowance = Allowance()
    assert [allowance.take(0.0) for _ in range(60)].count(True) == 50
    assert not allowance.take(9.0)
    assert allowance.take(10.5)
    assert not allowance.take(11.0)
    assert not allowance.take(5.0)
    assert [allowance.take(10_000.0) for _ in range(60)].count(True) == 50
