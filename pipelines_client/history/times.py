"""In which unit a column counts the time since 1970: seconds, or by mistake something else. Pure.

Read in the wrong unit, a time is decades away: such rows are refused one by one, while the others of the file go.
So a column that cannot be right is an error, before anything is sent.
"""

from __future__ import annotations

import re
from typing import Any, Literal

TimeUnit = Literal["s", "ms", "us", "ns"]
WORDS: dict[TimeUnit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_PER_SECOND: dict[TimeUnit, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FROM_S, _UNTIL_S = 10**8, 10**11  # as seconds the years 1973 and 5138, so that no number looks like two units
_READ_AS_IT_IS = ("s", "ms")  # `instants.unix_ms` tells these two apart
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_COMPACT_DAY = re.compile(r"(?:19|20)\d{6}", re.ASCII)


class SlipError(ValueError):
    """A row shows that the map, or the file, is not what was meant; the text says why and what to do."""


def checked_time(value: Any, *, cure: str) -> Any:
    """Return a time as it is.

    Raises:
        SlipError: It is a number that is a time in smaller units than milliseconds only.
    """
    number = _number_in(value)
    looks = None if number is None else _unit_of(number)
    if looks in (None, *_READ_AS_IT_IS):
        return value
    raise SlipError(f"the time looks like {WORDS[looks]}; {cure}")


class TimeColumn:
    """The times of one column, row by row.

    Args:
        unit: The unit that the user names; None: seconds or milliseconds, the same in all rows.
        cure: What to do about another unit.
    """

    def __init__(self, unit: TimeUnit | None, *, cure: str) -> None:
        self._cure = cure
        self._named: TimeUnit | None = unit
        self._seen: TimeUnit | None = unit

    def read(self, value: Any) -> Any:
        """Return a time as `unix_ms` reads it: as it is, unless the user names a unit.

        Raises:
            SlipError: It is a number in another unit than it can be.
        """
        number = _number_in(value)
        if number is None:
            return value
        looks = _unit_of(number)
        if looks is not None and self._seen is not None and looks != self._seen:
            where = "time_unit says" if self._named else "rows before it look like"
            raise SlipError(f"the time looks like {WORDS[looks]}, where {where} {WORDS[self._seen]}; {self._cure}")
        if self._named is not None:
            return _seconds(number, _PER_SECOND[self._named])
        self._seen = looks or self._seen
        return checked_time(value, cure=self._cure)


def _seconds(number: float, per_second: int) -> float:
    """Return Unix seconds to the millisecond; a whole number is divided as one, since nanoseconds exceed a float."""
    return (number * 1000 // per_second if isinstance(number, int) else number * 1000 / per_second) / 1000


def _number_in(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text) is None or _COMPACT_DAY.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _unit_of(number: float) -> TimeUnit | None:
    """Return the unit in which a number is a time after 1973; None for a small one, such as 0."""
    size = abs(number)
    for unit, per_second in _PER_SECOND.items():
        if _FROM_S <= size / per_second < _UNTIL_S:
            return unit
    return None
