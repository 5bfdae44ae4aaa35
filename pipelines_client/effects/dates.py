"""Which text is a date on the old route, and which second it is (FACTS R2). Pure.

The old route runs in JavaScript, whose readers of dates accept more than a calendar has: the 30th of February is the
1st or 2nd of March, and 24:00 is the next midnight. A time without a zone is read in UTC (FACTS R2, inferred).
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import is_not
from typing import Any, Final

from pipelines_client.effects.model import MAX_LEVELS, Dates, Unknown

_DATE = r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
_MIDNIGHT = r"24(?=:00(?::00(?:\.0+)?)?(?![:.0-9]))"
_CLOCK = (
    rf"T(?P<hour>[01][0-9]|2[0-3]|{_MIDNIGHT}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:\.[0-9]{{1,9}})?)?"
)
_ZONE = r"(?P<zone>Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?"
_ISO: Final = re.compile(f"{_DATE}(?:{_CLOCK}{_ZONE})?")
"""What a JavaScript engine reads as a date: it checks each number alone, and not the month's length."""
_WITH_ZONE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)
_LOOSE: Final = re.compile(
    r"(?P<year>[0-9]{4})[-/]?(?P<month>[0-9]{1,2})?[-/]?(?P<day>[0-9]{0,2})[Tt\s]*"
    r"(?P<hour>[0-9]{1,2})?:?(?P<minute>[0-9]{1,2})?:?(?P<second>[0-9]{1,2})?[.:]?(?:[0-9]+)?"
)
_DIGITS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ANY_DIGIT: Final = re.compile(r"[0-9]")
_SECONDS_A_DAY, _MINUTES_AN_HOUR, _MONTHS = 86_400, 60, 12
_MOST_CHARS: Final = len("2026-11-20T09:30:00.123456789+01:00")
_TWO_DIGIT_YEARS, _CENTURY = 100, 1900
_DATE_NOT_KNOWN, _DATE_IN_LIST = Unknown("date"), Unknown("date_in_list")
_DATE_UNREADABLE = Unknown("odd_time")
_TOO_DEEP = Unknown("too_deep")


def seconds_of(text: str) -> int | None:
    """Return the Unix second of a text that the old route takes for a date; None for any other text.

    Example:
        >>> seconds_of("2026-11-20"), seconds_of("2026-11-20T09:30:00.999Z"), seconds_of("20 Nov 2026")
        (1795132800, 1795167000, None)
    """
    return _seconds_of(text) if text[4:5] == "-" and len(text) <= _MOST_CHARS else None


def is_date(text: str) -> bool:
    """Return whether the old route takes a text for a date: cheaper than its second."""
    return text[4:5] == "-" and len(text) <= _MOST_CHARS and _ISO.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def _seconds_of(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    return None if found is None else _seconds(found, _offset(found["zone"]))


def time_of(value: Any) -> Any:
    """Return the time of a call as the old route writes it: Unix seconds where it can read a date (FACTS R3).

    Numbers and text of digits stay. Its reader accepts more spellings than ISO-8601, down to guesses; where only a
    guess is left, the time is `Unknown`.
    """
    if type(value) is not str or _DIGITS.fullmatch(value) or not _ANY_DIGIT.search(value):
        return value
    if _WITH_ZONE.fullmatch(value):
        at = seconds_of(value)
        return value if at is None else at
    loose = _LOOSE.fullmatch(value)
    return _DATE_UNREADABLE if loose is None else _seconds(loose, None)


def converted(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Return a value with dates as Unix seconds: in objects at any depth, but not inside arrays (FACTS R2).

    Without a date it is the value itself.
    """
    if type(value) is str:
        at = seconds_of(value)
        return value if at is None else at
    if type(value) is not dict:
        return value
    if not levels:
        return _TOO_DEEP
    changed = {}
    for key, item in value.items():
        new = converted(item, levels - 1)
        if new is not item:
            changed[key] = new
    return {**value, **changed} if changed else value


def as_told(value: Any, dates: Dates, levels: int = MAX_LEVELS) -> Any:
    """Return a value as the new route hands it on: with `Unknown` for each date, in arrays too, if that is not known.

    `Dates.CONVERTED` converts what the old route does. What does not change is the value itself.
    """
    if dates is Dates.CONVERTED:
        return converted(value, levels)
    return value if dates is Dates.UNCHANGED else _marked(value, levels, _DATE_NOT_KNOWN)


def _marked(value: Any, levels: int, mark: Unknown) -> Any:
    """Return a value with a mark for each date, another one within lists; without a date, the value itself."""
    if type(value) is str:
        return mark if is_date(value) else value
    if type(value) not in (dict, list):
        return value
    if not levels:
        return _TOO_DEEP
    if type(value) is dict:
        marked = {key: _marked(item, levels - 1, mark) for key, item in value.items()}
        return marked if any(map(is_not, marked.values(), value.values())) else value
    items = [_marked(item, levels - 1, _DATE_IN_LIST) for item in value]
    return items if any(map(is_not, items, value)) else value


def _offset(zone: str | None) -> int | None:
    """Return the seconds that a zone is ahead of UTC; None if the text names none."""
    if zone is None:
        return None
    if zone == "Z":
        return 0
    ahead = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -ahead if zone[0] == "-" else ahead


def _seconds(found: re.Match[str], offset: int | None) -> int:
    year = int(found["year"])
    if offset is None and year < _TWO_DIGIT_YEARS:
        year += _CENTURY  # how JavaScript builds a date from numbers
    month, day = int(found["month"] or 1), int(found["day"] or 1)
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    clock = (hour * _MINUTES_AN_HOUR + minute) * 60 + second
    return _days(year, month) * _SECONDS_A_DAY + (day - 1) * _SECONDS_A_DAY + clock - (offset or 0)


def _days(year: int, month: int) -> int:
    """Return the days from 1970 to the first of a month; months above 12 are of the next year, and 0 of the last."""
    year, month = year + (month - 1) // _MONTHS, (month - 1) % _MONTHS + 1
    shifted = year - (month <= 2)  # noqa: PLR2004 - years that begin in March, so that a leap day is the last day
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % _MONTHS) + 2) // 5
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
