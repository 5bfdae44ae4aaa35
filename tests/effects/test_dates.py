"""Which text is a date, to the letter: the old route's reader and the calendar of its language (FACTS R2)."""

from __future__ import annotations

from calendar import timegm
from datetime import date, datetime, time, timezone

import pytest
from effect_cases import AT, AT_S

from pipelines_client.effects.dates import as_told, converted, seconds_of, time_of
from pipelines_client.effects.model import MAX_LEVELS, Dates, Unknown

MIDNIGHT = 1795132800


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2026-11-20", MIDNIGHT),
        ("2026-11-20T09:30", AT_S),
        ("2026-11-20T09:30:00", AT_S),
        ("2026-11-20T09:30:00Z", AT_S),
        ("2026-11-20T09:30Z", AT_S),
        ("2026-11-20T09:30:00.1", AT_S),
        ("2026-11-20T09:30:00.999999999Z", AT_S),
        ("2026-11-20T10:30:00+01:00", AT_S),
        ("2026-11-20T10:30:00+0100", AT_S),
        ("2026-11-20T04:30:00-05:00", AT_S),
        ("2026-11-20T24:00", MIDNIGHT + 86400),
        ("2026-02-30", 1772409600),  # the 2nd of March
        ("1969-12-31T23:59:59.9Z", -1),
        ("1600-02-29", -11670998400),
        ("9999-12-31T23:59:59Z", 253402300799),
        ("0050-01-01T00:00:00Z", -60589296000),
        ("0050-01-01", -631152000),  # without a zone, 50 is 1950
    ],
)
def test_a_date_is_read_to_the_second(text: str, second: int) -> None:
    """Fractions are cut, a missing zone is UTC, and a day beyond the month's end is in the next month."""
    assert seconds_of(text) == second


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "20 Nov 2026", "11/20/2026", "2026", "2026-11", "2026-1-2", "20261120", "2026/11/20"),
        *("2026-11-20 09:30:00", "2026-11-20t09:30", "2026-11-20T09:30:00z", "2026-11-20T09:30:00 UTC"),
        *("2026-11-20T09", "2026-11-20T0930", "2026-11-20T09:30.5", "2026-11-20T09:30:00,5Z", "2026-11-20Z"),
        *("2026-11-20T09:30:00.1234567890Z", "2026-11-20T09:30:00+01", "2026-11-20T09:30:00+25:00"),
        *("2026-13-01", "2026-00-10", "2026-11-32", "2026-11-00", "2026-11-20T24:01", "2026-11-20T09:60"),
        *("2026-11-20T09:30:60", "2026-11-20T24:00:00.5Z", " 2026-11-20", "2026-11-20\n", "+2026-11-20"),
        *("1795167000", "1795167000000", "491701234567", "2026-11-20-7431", "２０２６-11-20"),  # noqa: RUF001 - other digits
    ],
)
def test_other_text_is_no_date(text: str) -> None:
    """Phone and order numbers, other spellings and impossible times stay as they are."""
    assert seconds_of(text) is None


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (AT, AT_S),
        ("2026-11-20 09:30:00", AT_S),
        ("2026-11-20", MIDNIGHT),
        ("2026-13-01", 1798761600),  # the reader of times goes on counting months
        ("1795167000", "1795167000"),
        ("1795167000.5", "1795167000.5"),
        ("yesterday", "yesterday"),
        ("2026-11-20T09:30:00+25:00", "2026-11-20T09:30:00+25:00"),
        (AT_S, AT_S),
        (None, None),
        ("20 Nov 2026", Unknown("odd_time")),
        ("2026-11-20 09:30:00+01:00", Unknown("odd_time")),
    ],
)
def test_the_time_of_a_call_is_read_more_leniently(value: object, time: object) -> None:
    """Where only the guesses of a browser's reader are left, it is unknown."""
    assert time_of(value) == time


def test_every_month_and_leap_year_is_counted_as_the_calendar_does() -> None:
    """A day of every 613 from 1600 to 9999, at a time with hours, minutes and seconds."""
    for number in range(date(1600, 1, 1).toordinal(), date(9999, 12, 31).toordinal(), 613):
        at = datetime.combine(date.fromordinal(number), time(23, 58, 59), timezone.utc)
        assert seconds_of(at.isoformat()) == timegm(at.utctimetuple())
        assert time_of(at.isoformat(" ")[:19]) == timegm(at.utctimetuple())


def test_a_month_or_day_of_zero_is_the_one_before() -> None:
    """The lenient reader of times counts backwards; a missing one is the first."""
    assert time_of("2026-00-15") == timegm((2025, 12, 15, 0, 0, 0))
    assert time_of("2026-01-00") == timegm((2025, 12, 31, 0, 0, 0))
    assert time_of("2026-03-") == timegm((2026, 3, 1, 0, 0, 0))


def test_converting_twice_is_converting_once() -> None:
    """A number is never taken for a date."""
    value = {"at": AT, "in": {"at": "2026-11-20"}, "list": [AT, {"at": AT}], "other": [None, True, 1.5]}
    once = converted(value)
    assert once == {"at": AT_S, "in": {"at": MIDNIGHT}, "list": [AT, {"at": AT}], "other": [None, True, 1.5]}
    assert converted(once) == once


def test_what_is_nested_too_deep_is_unknown_and_ends_nothing() -> None:
    """Ten thousand levels are looked at as far as `MAX_LEVELS`."""
    deep: dict[str, object] = {}
    for _ in range(10_000):
        deep = {"a": deep}
    found = converted(deep)
    for _ in range(MAX_LEVELS):
        found = found["a"]
    assert found == Unknown("too_deep")
    assert as_told([[AT]], Dates.UNKNOWN, levels=1) == [Unknown("too_deep")]
