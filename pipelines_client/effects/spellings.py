"""How a value spells an instant, and whether the values at a path are instants at all. Pure.

A number may be an instant, a phone number or an order number. So a value is only a candidate; what it is says the path:
by its other values, and where those are numbers alone, by its name too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from pipelines_client.effects.dates import is_date

if TYPE_CHECKING:
    from collections.abc import Mapping


class Spelling(str, Enum):
    """A way to spell an instant. Conditions on time match `SECONDS` only (FACTS R1)."""

    __hash__ = str.__hash__  # that of an enumeration is a function in Python

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    MICROSECONDS = "microseconds"
    NANOSECONDS = "nanoseconds"
    SECONDS_TEXT = "seconds_text"
    MILLISECONDS_TEXT = "milliseconds_text"
    ISO = "iso"
    TEXT = "text"


TITLES: Final[dict[str, str]] = {
    Spelling.SECONDS: "Unix seconds",
    Spelling.MILLISECONDS: "Unix milliseconds",
    Spelling.MICROSECONDS: "Unix microseconds",
    Spelling.NANOSECONDS: "Unix nanoseconds",
    Spelling.SECONDS_TEXT: "Unix seconds as text",
    Spelling.MILLISECONDS_TEXT: "Unix milliseconds as text",
    Spelling.ISO: "ISO-8601 text",
    Spelling.TEXT: "text that is a date, and not ISO-8601",
}
"""Each spelling in words."""

FIRST_SECOND: Final = 946_684_800
"""The first Unix second that is taken for an instant, 2000-01-01; smaller numbers count something else."""

_END_SECOND: Final = 4_102_444_800  # 2100-01-01
_SCALES: Final = {
    1: Spelling.SECONDS,
    1_000: Spelling.MILLISECONDS,
    1_000_000: Spelling.MICROSECONDS,
    1_000_000_000: Spelling.NANOSECONDS,
}
_BOUNDS: Final = [bound * scale for scale in _SCALES for bound in (FIRST_SECOND, _END_SECOND)]
_BETWEEN: Final = (None, *(each for spelling in _SCALES.values() for each in (spelling, None)))
"""What a number is that so many of the bounds are at or below."""
_AS_TEXT: Final = {
    Spelling.SECONDS: Spelling.SECONDS_TEXT,
    Spelling.MILLISECONDS: Spelling.MILLISECONDS_TEXT,
}
_MIN_CHARS, _MAX_CHARS = 8, 40
_OTHER: Final = re.compile(
    r"(?:(?:19|20)\d\d(?P<mark>[-/.])[01]?\d(?P=mark)[0-3]?\d|[0-3]?\d(?P<sign>[-/.])[0-3]?\d(?P=sign)(?:19|20)\d\d)"
    r"(?:[T ][0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_SURE: Final = frozenset((Spelling.ISO, Spelling.TEXT))
_MIN_SHARE_PCT: Final = 90
_HALF: Final = 2

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OF_TIME: Final = frozenset((
    "at", "on", "date", "dates", "time", "times", "timestamp", "timestamps", "ts", "datetime", "since", "until",
    "till", "expires", "expiry", "expiration", "expired", "due", "deadline", "birthday", "birthdate", "dob", "born",
    "created", "updated", "modified", "deleted", "joined", "registered", "signup", "seen", "login", "logout",
    "renews", "renewal", "renewed", "starts", "start", "started", "ends", "end", "ended", "begin", "begins",
    "began", "finished", "cancelled", "canceled", "verified", "upgraded", "completed", "purchased", "scheduled",
    "when", "epoch", "unix", "millis", "milliseconds", "createdat", "updatedat", "deletedat",
))  # fmt: skip
_OF_IDS: Final = frozenset((
    "id", "ids", "uuid", "key", "hash", "number", "numbers", "no", "nr", "num", "phone", "telephone", "tel",
    "mobile", "fax", "cell", "zip", "zipcode", "postcode", "postal", "plz", "sku", "ean", "gtin", "upc", "isbn",
    "iban", "serial", "code", "codes", "ref", "reference", "version",
))  # fmt: skip
_OF_COUNTS: Final = frozenset((
    "order", "invoice", "account", "customer", "card", "ticket", "tracking", "price", "amount", "total", "subtotal",
    "cents", "count", "quantity", "size", "bytes",
))  # fmt: skip


def spelling_of(value: Any) -> Spelling | None:
    """Return how a value spells an instant of the years 2000 to 2099, if it may be one; text that is a date, of any.

    Example:
        >>> [spelling_of(each) for each in ("2026-11-20", 1795167000, "1795167000123", 42)]
        [<Spelling.ISO: 'iso'>, <Spelling.SECONDS: 'seconds'>, <Spelling.MILLISECONDS_TEXT: 'milliseconds_text'>, None]
    """
    kind = type(value)
    if kind is str:
        is_likely = _MIN_CHARS <= len(value) <= _MAX_CHARS and value[0] in "0123456789"
        return _of_text(value) if is_likely else None
    if kind is int or kind is float:
        return of_number(value)
    return None


def _of_text(text: str) -> Spelling | None:
    if text.isdecimal():
        found = of_number(int(text)) if text.isascii() else None
        return None if found is None else _AS_TEXT.get(found)
    if is_date(text):
        return Spelling.ISO
    return Spelling.TEXT if _OTHER.fullmatch(text) else None


def of_number(number: float) -> Spelling | None:
    """Return how a number spells an instant, as `spelling_of` does."""
    return _BETWEEN[bisect_right(_BOUNDS, number)]


def form_of(value: Any) -> str:
    """Return what a value looks like, with 9 for each digit: `9999-99-99T99:99:99Z`; of a number, how many digits."""
    if type(value) is str and not value.isdecimal():
        return re.sub(r"\d", "9", value)
    digits = len(str(int(value)))
    return f"{digits} digits"


def usual_of(name: str, counts: Mapping[str, int], values: int) -> Spelling | None:
    """Return the usual spelling at a path, if its values are instants; None if they are something else.

    Nearly all values must spell an instant, and the name must not end like that of an id. Where few are text that is a
    date, the name must not be that of a number; among numbers alone it must be that of a time, since the same digits
    may be those of a phone.

    Args:
        name: The last key of the path.
        counts: How many values have each spelling.
        values: How many values there are: texts, numbers and booleans.
    """
    found = sum(counts.values())
    if not found or found * 100 < values * _MIN_SHARE_PCT:
        return None
    sure = sum(count for spelling, count in counts.items() if spelling in _SURE)
    if not _may_be_time(name, is_likely=sure * _HALF >= found, is_possible=bool(sure)):
        return None
    return Spelling(min(counts, key=lambda spelling: (-counts[spelling], spelling != Spelling.SECONDS, spelling)))


def _may_be_time(name: str, *, is_likely: bool, is_possible: bool) -> bool:
    """Return whether a name may be that of an instant, where most values are dates for certain, some are, or none."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _OF_IDS:
        return False
    if is_likely or not _OF_TIME.isdisjoint(words):
        return True
    return is_possible and (_OF_IDS | _OF_COUNTS).isdisjoint(words)
