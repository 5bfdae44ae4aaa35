"""Instants in every spelling of the vendors."""

from __future__ import annotations

import pytest

from pipelines_client.parity.instants import day_of, iso_ms, unix_ms

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
