"""Counting people in bounded memory."""

from __future__ import annotations

import pytest

from pipelines_client.effects.distinct import Distinct, Seen, hash_of


def counted(first: int, last: int, capacity: int) -> Distinct:
    counter = Distinct(capacity)
    for number in range(first, last):
        counter.add(hash_of(f"user-{number}", b"key"))
        counter.add(hash_of(f"user-{number}", b"key"))
    return counter


def test_up_to_its_capacity_it_is_exact() -> None:
    """A person who is added twice counts once."""
    counter = counted(0, 1000, 1024)
    assert len(counter) == 1000
    assert counter.is_exact


@pytest.mark.parametrize("people", [2_000, 9_000])
def test_beyond_it_the_error_is_small_and_said(people: int) -> None:
    """Four standard errors of a sample of at least half the capacity."""
    counter = counted(0, people, 1024)
    assert not counter.is_exact
    assert abs(len(counter) - people) / people < 4 / 512**0.5


def test_what_was_seen_is_known_and_almost_nothing_else_is() -> None:
    """An empty memory knows nothing."""
    seen = Seen()
    assert hash_of("m0") not in seen
    for number in range(2_000):
        seen.add(hash_of(f"m{number}"))
    assert all(hash_of(f"m{number}") in seen for number in range(2_000))
    assert not any(hash_of(f"other-{number}") in seen for number in range(2_000))


def test_a_hash_does_not_tell_the_text_without_its_key() -> None:
    """Another key gives another hash."""
    assert hash_of("user-42", b"a") != hash_of("user-42", b"b")
