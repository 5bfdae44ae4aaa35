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
    assert [reason.words for reason in said] == [f"word {chr(65 + n)}A" for n in range(21)]
    refusals.add("http_400", "word AA", 1, now_s=600)
    assert refusals.due(is_batch_done=True, now_s=600) == [RefusalReason("http_400", "word AA", 1)]


def test_answers_of_one_second_are_counted_together_and_of_sixty_seconds_are_remembered() -> None:
    """So memory is bounded, however many answers a second brings."""
    together = Refusals()
    assert not together.is_refusing
    for at_s in (5.0, 5.5):
        together.note(accepted=500, rejected=5, now_s=at_s)
    assert together.is_refusing
    together.note(accepted=1, rejected=0, now_s=65.0)
    assert together.is_refusing
    together.note(accepted=1, rejected=0, now_s=65.1)
    assert not together.is_refusing
    merged = Refusals()
    for at_s, rejected in ((0.0, 0), (5.0, 3), (5.5, 6)):
        merged.note(accepted=500, rejected=rejected, now_s=at_s)
        assert not merged.is_refusing
    merged.note(accepted=1, rejected=0, now_s=65.1)  # the one at 5.5 went with that at 5.0
    merged.note(accepted=1, rejected=0, now_s=65.2)
    assert not merged.is_refusing
    apart = Refusals()
    apart.note(accepted=1, rejected=0, now_s=0.0)
    apart.note(accepted=0, rejected=20, now_s=1.0)
    apart.note(accepted=1, rejected=0, now_s=60.5)
    assert apart.is_refusing


def test_the_time_to_say_a_reason_is_measured_from_when_it_came() -> None:
    """And the ten minutes until it is said again from when it was said."""
    refusals = Refusals()
    refusals.add("http_400", "bad", 1, now_s=100)
    assert refusals.due(is_batch_done=False, now_s=101) == []
    assert len(refusals.due(is_batch_done=False, now_s=102)) == 1
    refusals.add("http_400", "bad", 1, now_s=103)
    assert refusals.due(is_batch_done=True, now_s=701) == []
    refusals.add("http_400", "bad", 1, now_s=702)
    assert refusals.due(is_batch_done=True, now_s=702) == [RefusalReason("http_400", "bad", 2)]
