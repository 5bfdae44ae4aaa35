"""How a generated function sends values."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from pipelines_client.plan import wire


def test_a_property_without_a_value_is_left_out_and_a_null_that_was_given_is_sent() -> None:
    """None means null where the plan allows null, and not sent where it does not."""
    required = {"a": 1, "b": None, "c": wire.NOT_SENT}
    assert wire.planned(required, {"d": None, "e": wire.NOT_SENT, "f": 0}) == {"a": 1, "b": None, "f": 0}


@pytest.mark.parametrize(
    ("given", "sent"),
    [(Decimal("42.50"), 42.5), (Decimal("42.00"), 42), (Decimal("0.1"), 0.1), (7, 7), ("7", "7"), (None, None)],
)
def test_an_amount_is_sent_as_a_number(given: Any, sent: Any) -> None:
    """And what is not a Decimal is left to the check at the call."""
    assert (wire.amount(given), type(wire.amount(given))) == (sent, type(sent))


def test_a_decimal_that_is_not_a_number_is_left_to_the_client() -> None:
    """Which replaces it and counts that."""
    assert wire.amount(Decimal("NaN")).is_nan()
    assert wire.amount(Decimal("sNaN")).is_snan()


def test_a_time_is_sent_as_text_with_its_offset() -> None:
    """A naive time is UTC, as everywhere in the client."""
    zone = timezone(timedelta(hours=2))
    assert wire.iso(datetime(2026, 12, 7, 9, 0, tzinfo=zone)) == "2026-12-07T09:00:00+02:00"
    assert wire.iso(datetime(2026, 12, 7, 9, 0)) == "2026-12-07T09:00:00+00:00"  # noqa: DTZ001 - the case
    assert wire.iso(date(2026, 12, 7)) == "2026-12-07"
    assert wire.iso("yesterday") == "yesterday"


def test_a_time_is_sent_as_whole_unix_seconds() -> None:
    """The second in which it lies, also before 1970; what cannot be said so is left."""
    at = datetime(2026, 12, 7, 9, 0, 0, 999_999, tzinfo=timezone.utc)
    assert wire.unix_seconds(at) == 1_796_634_000
    assert wire.unix_seconds(at.replace(tzinfo=None)) == 1_796_634_000
    assert wire.unix_seconds(date(1970, 1, 2)) == 86_400
    assert wire.unix_seconds(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=timezone.utc)) == -1
    assert wire.unix_seconds(12) == 12


def test_a_version_is_added_to_the_context_and_the_callers_context_stays() -> None:
    """The rest of `protocols` stays too."""
    context = {"ip": "203.0.113.7", "protocols": {"source": "plan"}}
    versioned = wire.versioned(context, 2)
    assert versioned == {"ip": "203.0.113.7", "protocols": {"source": "plan", "event_version": 2}}
    assert context["protocols"] == {"source": "plan"}
    assert wire.versioned(None, 1) == {"protocols": {"event_version": 1}}
    assert wire.versioned({"protocols": "odd"}, 1) == {"protocols": {"event_version": 1}}


def test_a_context_of_another_type_is_left_as_it_is() -> None:
    """The client says what is wrong with it."""
    odd: Any = "203.0.113.7"
    assert wire.versioned(odd, 2) is odd
