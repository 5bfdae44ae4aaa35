"""When a leg is refusing, and what is said about it. Time is given, not measured."""

from __future__ import annotations

import pytest

from pipelines_client.delivery.sending.refusals import RefusalReason, Refusals


@pytest.mark.parametrize(
    ("accepted", "rejected", "is_refusing"),
    [(1_000, 0, False), (1_000, 9, False), (1_000, 10, True), (890, 9, True), (891, 9, False), (0, 1, True)],
)
def test_more_than_one_percent_or_ten_in_a_minute_is_refusing(accepted: int, rejected: int, is_refusing: bool) -> None:
    """One rare refusal is a bad message; more of them are a leg that does not work."""
    refusals = Refusals()
    refusals.note(accepted=accepted, rejected=rejected, now_s=0)
    assert refusals.is_refusing is is_refusing


def test_a_minute_of_good_answers_ends_it_and_silence_does_not() -> None:
    """A leg that refused its last message is not healthy only because no other came."""
    refusals = Refusals()
    refusals.note(accepted=0, rejected=20, now_s=0)
    refusals.note(accepted=100, rejected=0, now_s=59)
    assert refusals.is_refusing
    refusals.note(accepted=1, rejected=0, now_s=61)
    assert not refusals.is_refusing


def test_a_reason_is_said_once_with_its_count_when_its_batch_is_done() -> None:
    """Numbers in the words do not make a new reason."""
    refusals = Refusals()
    for n in range(40):
        refusals.add("http_400", f"item {n} is bad", 1, now_s=0.01 * n)
        assert refusals.due(is_batch_done=False, now_s=0.01 * n) == []
    assert refusals.due(is_batch_done=True, now_s=1) == [RefusalReason("http_400", "item 0 is bad", 40)]
    refusals.add("http_400", "item 41 is bad", 1, now_s=2)
    assert refusals.due(is_batch_done=True, now_s=2) == []
    refusals.add("too_large", "too_large", 1, now_s=3)
    assert refusals.due(is_batch_done=True, now_s=3) == [RefusalReason("too_large", "too_large", 1)]
    refusals.add("http_400", "item 42 is bad", 1, now_s=700)
    assert refusals.due(is_batch_done=True, now_s=700) == [RefusalReason("http_400", "item 41 is bad", 2)]


def test_what_a_long_split_brings_to_light_is_said_before_its_end() -> None:
    """A batch of thousands takes minutes to split."""
    refusals = Refusals()
    refusals.add("http_400", "bad", 1, now_s=0)
    assert refusals.due(is_batch_done=False, now_s=1) == []
    assert refusals.due(is_batch_done=False, now_s=2) == [RefusalReason("http_400", "bad", 1)]


def test_an_api_whose_words_never_repeat_fills_neither_memory_nor_log() -> None:
    """From some reasons on, only codes are told apart."""
    refusals = Refusals()
    said = []
    for n in range(500):
        refusals.add("http_400", f"word {chr(65 + n % 26)}{chr(65 + n // 26)}", 1, now_s=n)
        said += refusals.due(is_batch_done=True, now_s=n)
    assert len(said) <= 21
