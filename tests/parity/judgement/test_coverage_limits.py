"""Each limit of what is a gap, at it and one message, slot or millisecond beside it."""

from __future__ import annotations

import random

import pytest
from slots import SIDE, evidence, gaps, slots_of

from pipelines_client.parity.complete import SideSpan
from pipelines_client.parity.judgement.coverage import (
    CALL_TYPES,
    FEWEST,
    MINUTE_MS,
    SLOT_MS,
    Gap,
    slot_of,
    table_of,
    vouched_until,
)
from pipelines_client.parity.questions.coverage_rows import CoveredRow, GapRow, UncoveredRow

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("spanned", "slot"),
    [
        ([], SLOT_MS),
        ([(None, None), (0, None), (None, 10**12)], SLOT_MS),
        ([(7, 7 + 5000 * SLOT_MS)], SLOT_MS),
        ([(7, 7 + 5001 * SLOT_MS)], HOUR_MS),
        ([(7, 6 + 5001 * SLOT_MS)], SLOT_MS),
        ([(0, 1), (7, 7 + 5001 * SLOT_MS), (0, 2)], HOUR_MS),
    ],
)
def test_a_slot_is_an_hour_where_the_longest_source_has_more_than_five_thousand(spanned, slot):
    """A source without times spans none."""
    assert slot_of(spanned) == slot


def gap(from_ms: int = 600_000, until_ms: int = 1_200_000, types: tuple[str, ...] = ("track", "page")) -> Gap:
    return Gap(SideSpan(SIDE, from_ms, until_ms), types, 0, is_first=False, is_last=False)


@pytest.mark.parametrize(
    ("side", "type_", "from_ms", "types", "holds"),
    [
        (SIDE, "track", 600_000 - MINUTE_MS, ("track", "page"), True),
        (SIDE, "track", 600_000 - MINUTE_MS - 1, ("track", "page"), False),
        (SIDE, "page", 1_199_999, ("track", "page"), True),
        (SIDE, "page", 1_200_000, ("track", "page"), False),
        (SIDE, "group", 900_000, ("track", "page"), False),
        (SIDE, "group", 900_000, (), True),
        ("customerio", "track", 900_000, ("track", "page"), False),
        ("customerio", "track", 900_000, (), False),
    ],
)
def test_a_gap_holds_the_rows_of_its_side_types_and_time(side, type_, from_ms, types, holds):
    """From a minute before it, as its own rows begin."""
    assert gap(types=types).holds(GapRow(side, type_, from_ms, from_ms + 1)) is holds


def test_a_gap_of_no_type_is_one_of_all_and_is_in_the_table_once():
    """A minute more at both ends; what two gaps cover is one row."""
    assert list(gap().rows()) == [
        GapRow(SIDE, type_, 600_000 - MINUTE_MS, 1_200_000 + MINUTE_MS) for type_ in ("track", "page")
    ]
    assert [row.type for row in gap(types=()).rows()] == list(CALL_TYPES)
    assert table_of([gap(), gap()]) == sorted(gap().rows())


@pytest.mark.parametrize(
    ("from_ms", "until"),
    [(SLOT_MS + 1500, 9_999_999), (SLOT_MS + 1501, 1500), (0, 9_999_999)],
)
def test_a_watermark_moves_if_what_is_vouched_for_begins_within_a_slot_of_it(from_ms, until):
    """One that begins later leaves time of which nothing is known."""
    assert vouched_until(SIDE, 1500, [SideSpan(SIDE, from_ms, 10_000_000)]) == until


def test_spans_that_follow_each_other_move_the_watermark_in_any_order():
    """Each as far as it reaches, and never back."""
    spans = [SideSpan(SIDE, a * SLOT_MS, b * SLOT_MS) for a, b in ((3, 6), (0, 3), (1, 2))]
    assert vouched_until(SIDE, 0, spans) == vouched_until(SIDE, 0, spans[::-1]) == 6 * SLOT_MS - 1


@pytest.mark.parametrize(("each", "is_gap"), [(FEWEST, True), (FEWEST - 1, False)])
def test_ten_messages_are_absent_in_a_gap_at_least(each, is_gap):
    """All of a slot, of a thousand that are whole."""
    assert FEWEST == 10
    assert bool(gaps(evidence(1000, lambda slot, *_: slot == 500, each=each)).gaps) is is_gap


@pytest.mark.parametrize(("absent", "is_gap"), [(30, False), (31, True)])
def test_more_than_three_are_absent_in_a_gap_for_each_that_is_there(absent, is_gap):
    """Ten are."""
    found = gaps(evidence(144, lambda slot, _, number: slot == 70 and number < absent, each=10 + absent)).gaps
    assert [each.present for each in found] == ([10] if is_gap else [])


@pytest.mark.parametrize(("present", "is_gap"), [(8, False), (9, True)])
def test_an_event_of_which_a_side_has_one_in_twenty_is_not_lost(present, is_gap):
    """Of 180: with less it is lost as an event, for any files."""
    held, _ = evidence(144, lambda slot, *_: slot < 20, each=1)
    lacked = [UncoveredRow(SIDE, "track", "Cart Updated", slot, None, None, None, 9, present) for slot in range(20)]
    assert bool(gaps((held, lacked)).gaps) is is_gap


@pytest.mark.parametrize(("others", "is_gap"), [(0, True), (1, False)])
def test_an_event_is_lost_only_beside_another_of_its_type(others, is_gap):
    """What is there is all of this event: its files are here and others are not."""
    held = [CoveredRow(SIDE, "track", 100, 8 + others, 100 * SLOT_MS, 101 * SLOT_MS - 1)]
    lacked = [UncoveredRow(SIDE, "track", "Cart Updated", slot, None, None, None, 9, 8) for slot in range(20)]
    assert bool(gaps((held, lacked)).gaps) is is_gap


def test_a_run_of_a_type_that_is_lost_by_half_everywhere_is_no_gap():
    """Twelve in a row are lost by chance in one of thirty such days, however few of all messages are lost."""

    def lost(slot: int, type_: str, number: int) -> bool:
        return type_ == "page" and (70 <= slot < 73 or number % 2 == 0) and number < 4

    held, lacked = evidence(
        144,
        lambda slot, type_, number: lost(slot, type_, number) or (type_ == "page" and number >= 4),
        ("page", "track"),
        each=60,
    )
    lacked = [row._replace(count=4 if 70 <= row.slot < 73 else 2) for row in lacked]
    assert gaps((held, lacked)).gaps == ()
    assert {each.types for each in gaps((held, [row for row in lacked if 70 <= row.slot < 73])).gaps} == {("page",)}


def test_a_type_that_lacks_a_little_in_a_gap_of_others_is_not_in_it():
    """Less is absent of it than there is."""

    def lost(slot: int, type_: str, number: int) -> bool:
        return 30 <= slot < 40 and (type_ != "page" or number == 0)

    found = gaps(evidence(144, lost, ("group", "page", "track"))).gaps
    assert {each.types for each in found} == {("group", "track")}
    assert {slots_of(each) for each in found} == {(30, 40)}


@pytest.mark.parametrize("each", [1, 6, 60])
def test_a_gap_that_reaches_over_another_one_has_its_messages(each):
    """All types are absent twice, and one of them in between too: no message is in two gaps, and none is in none."""

    def lost(slot: int, type_: str, _: int) -> bool:
        return 30 <= slot < 41 or 60 <= slot < 71 or (type_ == "page" and 41 <= slot < 60)

    found = gaps(evidence(144, lost, ("page", "track"), each=each)).gaps
    held = [sum(one.holds(row) for one in found) for row in table_of(found)]
    assert set(held) == {1}
    for type_ in ("page", "track"):
        assert {slot for one in found if type_ in (one.types or CALL_TYPES) for slot in range(*slots_of(one))} >= {
            slot for slot in range(144) if lost(slot, type_, 0)
        }


@pytest.mark.parametrize("seed", range(12))
def test_no_two_gaps_of_a_type_overlap(seed):
    """Hours of all types are absent at random, and more of one type: each slot is in one gap at most."""
    chance = random.Random(seed)
    dead = {hour for hour in range(60) if chance.random() < 0.4}
    more = dead | {hour for hour in range(60) if chance.random() < 0.5}
    rows = evidence(360, lambda slot, type_, _: slot // 6 in (more if type_ == "page" else dead), ("page", "track"), 1)
    for type_ in ("page", "track"):
        taken = [
            slot for one in gaps(rows).gaps if type_ in (one.types or CALL_TYPES) for slot in range(*slots_of(one))
        ]
        assert len(taken) == len(set(taken)) > 0


@pytest.mark.parametrize("minutes", [(1, 7), (7, 1)])
def test_a_gap_ends_where_the_last_of_its_types_goes_on(minutes):
    """Beside it another type goes on earlier: what it lacks until then is in the gap too."""
    held, lacked = evidence(144, lambda slot, *_: 60 <= slot < 66, ("track", "page"))
    after = dict(zip(("track", "page"), minutes, strict=True))
    held = [
        row._replace(count=3, first_ms=row.first_ms + after[row.type] * MINUTE_MS) if row.slot == 66 else row
        for row in held
    ]
    lacked += [UncoveredRow(SIDE, type_, type_, 66, None, None, None, 3, 500) for type_ in after]
    (one,) = gaps((held, lacked)).gaps
    assert one.span == SideSpan(SIDE, 60 * SLOT_MS, 66 * SLOT_MS + 7 * MINUTE_MS)


def test_a_slot_beside_a_gap_that_lacks_nothing_is_not_in_it():
    """At any times of what is there."""
    held, lacked = evidence(144, lambda slot, *_: 60 <= slot < 66)
    held = [row._replace(first_ms=row.first_ms + 9 * MINUTE_MS, last_ms=row.first_ms + MINUTE_MS) for row in held]
    (one,) = gaps((held, lacked)).gaps
    assert slots_of(one) == (60, 66)


def test_types_that_stop_together_are_one_gap_though_none_of_them_would_be_one():
    """Three of each of four types in one slot, while a fifth goes on."""
    four = ("group", "identify", "screen", "track")
    found = gaps(evidence(144, lambda slot, type_, _: slot == 70 and type_ != "page", (*four, "page"), each=3)).gaps
    assert [(one.types, slots_of(one)) for one in found] == [(four, (70, 71))]


@pytest.mark.parametrize(
    ("each", "dead", "found"),
    [
        (3, range(1, 40, 2), 20),
        (2, range(1, 40, 2), 0),
        (5, (7, 20), 2),
        (3, (7, 20, 30), 0),
        (5, (7, 8), 1),
        (5, (), 0),
    ],
)
def test_empty_hours_of_three_messages_are_gaps_if_ten_are_absent_together(each, dead, found):
    """Too few in each for a run; hours that follow each other are one gap."""
    held, lacked = (
        [row for row in rows if row.slot % 6 == 0]
        for rows in evidence(240, lambda slot, *_: slot // 6 in dead, each=each)
    )
    lacked = [row._replace(present=len(held) * each) for row in lacked]
    spans = [slots_of(one) for one in gaps((held, lacked)).gaps]
    assert len(spans) == found
    assert {start // 6 for start, _ in spans} <= set(dead)
