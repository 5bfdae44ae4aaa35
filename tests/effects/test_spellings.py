"""Which values may spell an instant, and which paths hold instants."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pipelines_client.effects.spellings import TITLES, Spelling, form_of, spelling_of, usual_of


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        (1_795_167_000, "seconds"),
        (1_795_167_000.25, "seconds"),
        (946_684_800, "seconds"),
        (1_795_167_000_123, "milliseconds"),
        (1_795_167_000_123_456, "microseconds"),
        (1_795_167_000_123_456_789, "nanoseconds"),
        ("1795167000", "seconds_text"),
        ("1795167000123", "milliseconds_text"),
        ("2026-11-20", "iso"),
        ("2026-11-20T09:30:00.123+01:00", "iso"),
        ("1985-03-01", "iso"),
        ("2026-11-20 09:30:00", "text"),
        ("2026-11-20 09:30:00.123456+00:00", "text"),
        ("2026/11/20", "text"),
        ("20.11.2026", "text"),
        ("11/20/2026 09:30", "text"),
    ],
)
def test_a_value_that_may_spell_an_instant(value: Any, spelling: str) -> None:
    """Of the years 2000 to 2099 where it is a number; text that is a date may be of any."""
    assert spelling_of(value) is Spelling(spelling)
    assert TITLES[Spelling(spelling)]


@pytest.mark.parametrize(
    "value",
    [
        *(946_684_799, 4_102_444_800, 42, -1_795_167_000, 9.5, True, None, [1_795_167_000], {}),
        *("", "9", "2026", "2026-11", "20261120", "2026-11-2020", "978-3-16-148410-0", "+1795167000", "-795167000"),
        *("10115", "491701234567", "0170 1234567", "2026-00042", "1.2.3", "10.0.0.1", "١٧٩٥١٦٧٠٠٠", "2026-11-20 or so"),
    ],
)
def test_a_value_that_spells_none(value: Any) -> None:
    """Small numbers, months, phones, versions, and digits that no one reads as a number."""
    assert spelling_of(value) is None


@pytest.mark.parametrize(
    ("name", "counts", "values", "usual"),
    [
        ("trial_ends_at", {"iso": 9}, 9, "iso"),
        ("renewal", {"iso": 9, "seconds": 1}, 10, "iso"),
        ("renewal", {"iso": 1, "seconds": 9}, 10, "seconds"),
        ("lastSeenAt", {"milliseconds": 10}, 10, "milliseconds"),
        ("last_seen_at", {"seconds": 5, "milliseconds": 5}, 10, "seconds"),
        ("joined_at", {"seconds_text": 1, "seconds": 9}, 10, "seconds"),
        ("joined_at", {"milliseconds": 9}, 10, "milliseconds"),
        ("first_order", {"iso": 9}, 9, "iso"),
        # what is something else
        ("joined_at", {"milliseconds": 8}, 10, None),
        ("note", {"iso": 1}, 10, None),
        ("balance", {"milliseconds": 10}, 10, None),
        ("order_id", {"milliseconds": 10}, 10, None),
        ("order_number", {"iso": 1, "seconds": 9}, 10, None),
        ("order", {"iso": 1, "seconds": 9}, 10, None),
        ("created_at_id", {"milliseconds": 10}, 10, None),
        ("phone", {"seconds_text": 10}, 10, None),
        ("ean", {"milliseconds": 10}, 10, None),
        ("", {"milliseconds": 10}, 10, None),
        ("joined_at", {}, 10, None),
    ],
)
def test_the_other_values_of_a_path_and_its_name_say_whether_it_holds_instants(
    name: str, counts: dict[str, int], values: int, usual: str | None
) -> None:
    """Text that is a date proves it; numbers alone need the name of a time."""
    assert usual_of(name, counts, values) == usual


def test_random_numbers_of_a_shop_are_no_instants() -> None:
    """Of a million values at paths of phones, orders, articles, postcodes and prices, under names that say so."""
    chance = Random(1)
    for name in ("phone", "order_number", "orderId", "ean", "postcode", "price_cents", "customer_no", "tracking_code"):
        for digits in range(5, 20):
            counts: dict[str, int] = {}
            for _ in range(8_000 // 15):
                number = chance.randrange(10 ** (digits - 1), 10**digits)
                found = spelling_of(chance.choice((number, str(number))))
                if found is not None:
                    counts[found.value] = counts.get(found.value, 0) + 1
            assert usual_of(name, counts, 8_000 // 15) is None


def test_a_form_shows_no_digit() -> None:
    """What a value looks like, and not which."""
    assert form_of("2026-11-20T09:30:00.123Z") == "9999-99-99T99:99:99.999Z"
    assert [form_of(each) for each in (1_795_167_000_123, "1795167000", 1_795_167_000.5)] == [
        "13 digits",
        "10 digits",
        "10 digits",
    ]
