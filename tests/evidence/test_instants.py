"""Instants in every spelling of the vendors."""

from __future__ import annotations

import pytest

from pipelines_client.evidence.instants import day_of, iso_ms, unix_ms

AT = 1_793_611_800_125


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-11-02T09:30:00.125Z",
        "2026-11-02T09:30:00.125+00:00",
        "2026-11-02T10:30:00.125+0100",
        "2026-11-02T10:30:00.1250001+01",
        "2026-11-02 09:30:00.125 UTC",
        "2026-11-02T09:30:00.125",
        "1793611800.125",
        1793611800.125,
        1793611800125,
    ],
)
def test_spellings_of_one_instant_are_one(spelling):
    """Milliseconds since 1970, whatever the zone and the digits."""
    assert unix_ms(spelling) == AT


def test_an_instant_of_a_known_second_is_read_as_one_of_another():
    """Seconds are looked up, so what follows them must be as strict as ever."""
    fractions = ("", ".", "..", ".1", ".125", ".1250", ".125456", ".125abc", ".12x", ".125.125", "125")
    for ending in (fraction + zone for fraction in fractions for zone in ("", "Z", "+00:00", "+01:00", "ZZ", "Zulu")):
        unknown = unix_ms("1999-12-31T23:59:58" + ending)
        unix_ms("1999-12-31T23:59:59.000Z")
        known = unix_ms("1999-12-31T23:59:59" + ending)
        assert (known and known - 1000) == unknown, ending


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-13-01", True, float("nan"), 1e300, [], {}])
def test_what_is_no_instant_is_none(value):
    """Never an exception: lines come from outside."""
    assert unix_ms(value) is None


def test_instants_are_spelled_as_the_ledger_does():
    """And days are UTC."""
    assert iso_ms(AT) == "2026-11-02T09:30:00.125Z"
    assert day_of(AT) == "2026-11-02"


@pytest.mark.parametrize(
    ("spelling", "says"),
    [
        ("1793611800125", "2026-11-02T09:30:00.125Z"),
        ("1793112412345", "2026-10-27T14:46:52.345Z"),
        ("1793611800", "2026-11-02T09:30:00.000Z"),
        ("20261102", "2026-11-02T00:00:00.000Z"),
        ("20261102T093000", "2026-11-02T09:30:00.000Z"),
        ("20261102T093000.125+0100", "2026-11-02T08:30:00.125Z"),
        ("2026-11-02T0930", "2026-11-02T09:30:00.000Z"),
        ("20261302", "1970-08-23T12:08:22.000Z"),
        ("17936118", "1970-07-27T14:15:18.000Z"),
        ("1793611", "1970-01-21T18:13:31.000Z"),
    ],
)
def test_a_text_of_digits_is_unix_time_unless_it_is_a_day(spelling, says):
    """On every Python, though from 3.11 on the library reads `1793112412345` as a day and an hour."""
    assert iso_ms(unix_ms(spelling)) == says


@pytest.mark.parametrize("value", ["2026-W47-2", "2026W472", "202611-02", "2026-1102", "20261131", "2026306"])
def test_what_only_some_pythons_read_is_the_same_on_all(value):
    """Weeks and days of a year are no instants, nor a day that no month has; digits alone are Unix time."""
    expected = {"20261131": 20_261_131_000, "2026306": 2_026_306_000}.get(value)
    assert unix_ms(value) == expected
