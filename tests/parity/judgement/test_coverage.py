"""Which runs of slots are gaps in the evidence, decided from counts."""

from __future__ import annotations

import random

import pytest
from slots import SIDE, evidence, gaps, slots_of

from pipelines_client.parity.complete import SideSpan
from pipelines_client.parity.judgement.coverage import SLOT_MS, Gap, table_of, vouched_until
from pipelines_client.parity.questions.coverage_rows import CoveredRow, UncoveredRow


@pytest.mark.parametrize(("first", "last"), [(0, 20), (50, 60), (52, 55), (120, 144)])
def test_a_run_that_is_empty_is_one_gap_wherever_it_lies(first, last):
    """At the head, in the middle, at the tail."""
    (gap,) = gaps(evidence(144, lambda slot, *_: first <= slot < last)).gaps
    assert (slots_of(gap), gap.types, gap.present) == ((first, last), (), 0)
    assert (gap.is_first, gap.is_last) == (first == 0, last == 144)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.2, 0.5, 0.85, 0.95])
def test_what_is_lost_a_little_everywhere_is_no_gap(share):
    """However thin the messages are, and however large the share is, up to one in a hundred that is there."""
    for seed in range(20):
        chance = random.Random(seed)
        rows = evidence(144, lambda *_, chance=chance: chance.random() < share, ("track", "page"), each=1 + seed % 7)
        assert gaps(rows).gaps == (), seed


def test_every_second_message_of_a_type_is_no_gap():
    """Lost by a rule and not by chance: no run of it is empty."""
    assert (
        gaps(evidence(144, lambda slot, type_, number: type_ == "page" and (slot + number) % 2, ("track", "page"))).gaps
        == ()
    )


def test_a_type_that_is_nowhere_is_a_gap_of_that_type():
    """All other types go on; without a ledger it is unknown whether it was ever sent there."""
    rows = evidence(144, lambda _slot, type_, _number: type_ == "identify", ("identify", "track"))
    (gap,) = gaps(rows).gaps
    assert (gap.types, gap.is_first, gap.is_last) == (("identify",), True, True)
    assert gaps(rows, accepted=False).gaps == ()


def test_a_type_that_ends_early_is_a_gap_of_that_type_from_there():
    """Its own watermark, although most of all messages are of this type."""
    rows = evidence(144, lambda slot, type_, _number: type_ == "track" and slot >= 100, ("track", "page"), each=9)
    (gap,) = gaps(rows).gaps
    assert (gap.types, slots_of(gap), gap.is_last) == (("track",), (100, 144), True)


def test_a_type_is_left_out_of_a_gap_in_which_it_is_there():
    """Two types of three stop together."""
    rows = evidence(144, lambda slot, type_, _number: type_ != "page" and 30 <= slot < 40, ("group", "page", "track"))
    assert {gap.types for gap in gaps(rows).gaps} == {("group", "track")}


def test_few_an_hour_show_in_a_run_of_hours():
    """Five messages an hour: one hour proves nothing, six hours do."""
    assert gaps(evidence(144, lambda slot, *_: 9 <= slot // 6 < 10, each=1)).gaps == ()
    assert [slots_of(gap) for gap in gaps(evidence(144, lambda slot, *_: 9 <= slot // 6 < 15, each=1)).gaps] == [
        (54, 90)
    ]


def test_an_hour_of_which_a_fifth_was_copied_is_a_gap():
    """Four of five are absent in one hour of 24, and none elsewhere."""
    (gap,) = gaps(evidence(144, lambda slot, _type, number: 60 <= slot < 66 and number % 5, each=10)).gaps
    assert slots_of(gap) == (60, 66)
    assert gap.present == 12


def test_half_of_an_hour_lost_is_a_loss():
    """As much is there as is not: its files are here."""
    assert gaps(evidence(144, lambda slot, _type, number: 60 <= slot < 66 and number % 2, each=10)).gaps == ()


def test_a_gap_beside_a_loss_is_found_and_leaves_it():
    """A fiftieth is lost everywhere."""
    (gap,) = gaps(evidence(144, lambda slot, _type, number: 60 <= slot < 66 or (slot % 10 == 0 and number == 0))).gaps
    assert slots_of(gap)[0] >= 60 - 1
    assert slots_of(gap)[1] <= 66 + 1


def test_several_gaps_do_not_hide_each_other():
    """Each night is missing: most of all, but not most of what is there."""
    found = gaps(evidence(144 * 5, lambda slot, *_: slot % 144 < 100)).gaps
    assert [slots_of(gap) for gap in found] == [(day * 144, day * 144 + 100) for day in range(5)]


def test_a_side_with_nothing_is_one_gap_however_little_it_should_have():
    """Nothing there proves nothing."""
    (gap,) = gaps(evidence(3, lambda *_: True, each=1)).gaps
    assert (slots_of(gap), gap.types) == ((0, 3), ())


def test_an_event_that_is_nowhere_is_lost_and_shows_no_gap():
    """Renamed or blocked: nine tenths of all tracks, while the rest goes on in the same slots."""
    held, _ = evidence(144, lambda *_: False, each=1)
    lacked = [UncoveredRow(SIDE, "track", "Cart Updated", slot, None, None, None, 9, 0) for slot in range(144)]
    assert gaps((held, lacked)).gaps == ()
    some = [row._replace(present=600) for row in lacked[:20]]
    assert len(gaps(([row for row in held if row.slot >= 20], some)).gaps) == 1


def test_what_a_rule_expects_shows_no_gap():
    """A type that a side is known not to get."""
    rows = evidence(144, lambda _slot, type_, _number: type_ == "page", ("page", "track"))
    assert gaps(rows, expected=lambda row: (row.side, row.label) == (SIDE, "page")).gaps == ()


def test_a_gap_begins_and_ends_within_a_slot():
    """What the slot before has is there until it ends; what it lacks comes after."""
    held, lacked = evidence(144, lambda slot, *_: 50 <= slot < 60)
    held[49] = held[49]._replace(count=2, last_ms=49 * SLOT_MS + 4 * 60_000 + 5)
    lacked.append(UncoveredRow(SIDE, "track", "track", 49, None, None, None, 4, 800))
    (gap,) = gaps((held, lacked)).gaps
    assert gap.span == SideSpan(SIDE, 49 * SLOT_MS + 4 * 60_000, 60 * SLOT_MS)


def test_what_is_vouched_for_is_left_out_and_counted():
    """A part of a gap, with spans that overlap; one that meets no gap is not used."""
    first, second, third, idle = (
        SideSpan(SIDE, a * SLOT_MS, b * SLOT_MS) for a, b in ((40, 53), (52, 54), (58, 70), (90, 99))
    )
    other = SideSpan("customerio", 50 * SLOT_MS, 60 * SLOT_MS)
    found = gaps(evidence(144, lambda slot, *_: 50 <= slot < 60), (first, second, third, idle, other))
    assert [slots_of(gap) for gap in found.gaps] == [(54, 58)]
    assert found.used == {first: 18, second: 12, third: 12, idle: 0, other: 0}


def test_no_two_rows_of_the_table_cover_one_message():
    """The minute at both ends of each gap may reach into the next one."""
    whole = Gap(SideSpan(SIDE, 600_000, 1_200_000), (), 0, is_first=False, is_last=False)
    next_one = whole._replace(span=SideSpan(SIDE, 1_200_000, 1_800_000), types=("track",))
    rows = [row for row in table_of([next_one, whole]) if row.type == "track"]
    assert [row[2:] for row in rows] == [(540_000, 1_260_000), (1_260_000, 1_860_000)]


def test_what_is_vouched_for_moves_the_watermark():
    """An export that ends because nothing more came is whole to the end that a team names."""
    spans = [SideSpan(SIDE, 2000, 9000), SideSpan("customerio", 0, 99_000), SideSpan(SIDE, 10**9, 10**10)]
    assert vouched_until(SIDE, 1500, spans) == 8999
    assert vouched_until(SIDE, 9500, spans) == 9500
    assert vouched_until(SIDE, None, spans) is None


def test_hours_without_files_are_gaps_however_few_messages_each_had():
    """Seven an hour, of which every second file was not copied: too few for each hour, not for all of them."""
    (first, *_), found = (gaps(evidence(720, lambda slot, *_: slot // 6 % 2, each=1)).gaps for _ in range(2))
    assert (len(found), slots_of(first)) == (60, (6, 12))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_lost_by_chance_shows_no_empty_hours(share):
    """However few messages an hour has."""
    for seed in range(30):
        chance = random.Random(seed)
        rows = evidence(720, lambda slot, *_, chance=chance: slot % 2 or chance.random() < share, each=1)
        rows = rows[0], [row for row in rows[1] if row.slot % 2 == 0]
        assert gaps(rows).gaps == (), seed


def test_a_gap_begins_after_the_first_type_that_ends():
    """Beside it another type goes on for a while: what lies between is in the gap too."""
    held, lacked = evidence(144, lambda slot, *_: 60 <= slot < 66, ("track", "page"))
    held = [
        row._replace(count=3, last_ms=row.first_ms + (60_000 if row.type == "track" else 420_000))
        if row.slot == 59
        else row
        for row in held
    ]
    lacked.append(UncoveredRow(SIDE, "track", "track", 59, None, None, None, 3, 500))
    lacked.append(UncoveredRow(SIDE, "page", "page", 59, None, None, None, 3, 500))
    (gap,) = gaps((held, lacked)).gaps
    assert gap.span.from_ms == 59 * SLOT_MS + 60_000


def test_a_gap_holds_the_slots_beside_it_in_which_one_of_its_types_is_empty():
    """Tracks end before the pages do, and the first of them that is not there is no loss."""
    rows = evidence(
        144, lambda slot, type_, _: 60 <= slot < 72 or (slot == 59 and type_ == "track"), ("track", "page"), 3
    )
    (gap,) = gaps(rows).gaps
    assert slots_of(gap) == (59, 72)


@pytest.mark.parametrize(("present", "is_gap"), [(10, True), (11, False)])
def test_a_side_with_one_in_a_hundred_has_nothing_but_by_accident(present, is_gap):
    """Spread over all the time: no loss of messages leaves so few, so they do not say which files are here."""
    held = [CoveredRow(SIDE, "track", slot * 9, 1, slot * 9 * SLOT_MS, slot * 9 * SLOT_MS) for slot in range(present)]
    lacked = [UncoveredRow(SIDE, "track", "Cart Updated", slot, None, None, None, 9, 0) for slot in range(110)]
    assert [one.types for one in gaps((held, lacked)).gaps] == ([()] if is_gap else [])


def test_hours_that_should_have_one_message_are_empty_like_the_others():
    """Every second file was not copied, by day and by night."""
    rows = evidence(720, lambda slot, *_: slot // 6 % 2, each=1)
    rows = tuple([row for row in some if row.slot % 6 < (6 if row.slot // 6 % 24 > 5 else 1)] for some in rows)
    assert len(gaps(rows).gaps) == 60
