"""Times as the vendors write them, read as Unix milliseconds. Pure.

ISO-8601 with `Z` or an offset and any number of decimals, and Unix seconds (FACTS C19), become the same number, so two
spellings of an instant never count as a difference.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from pipelines_client.clock import EPOCH

_MILLISECOND = timedelta(milliseconds=1)
DAY_MS = 86_400_000
_UNIX_MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138, as milliseconds 1973
_FIRST_MS = -62_135_596_800_000  # 0001-01-01
_LAST_MS = 253_402_300_799_999  # 9999-12-31: engines disagree about later instants
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_COMPACT_DAY = re.compile(r"(?:19|20)\d{6}", re.ASCII)
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)(?:[T ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)?)?"
    r"\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?",
)

# Nearly all instants have this spelling and share their second with others, so seconds are looked up.
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?:Z|\+00:00)?\Z", re.ASCII)
_ZONES = ("Z", "+00:00", "")
_THOUSANDTHS = {f".{number:03}{zone}": number for number in range(1000) for zone in _ZONES} | dict.fromkeys(_ZONES, 0)
_BEYOND = frozenset(f"{number:03}{zone}" for number in range(1000) for zone in _ZONES)
_SECONDS: dict[str, int] = {}
_MAX_SECONDS = 100_000


def unix_ms(value: Any) -> int | None:
    """Return `value` as Unix milliseconds, or None if it is not an instant.

    Args:
        value: ISO-8601 text (UTC if it has no zone), or Unix time as a number or text; above 10**11 it is in
            milliseconds. A text of eight digits that is a day of the years 1900 to 2099 is that day.
    """
    if type(value) is str:
        known = _SECONDS.get(value[:19])
        if known is not None:
            thousandths = _THOUSANDTHS.get(value[19:])
            if thousandths is None and value[23:] in _BEYOND:
                thousandths = _THOUSANDTHS.get(value[19:23])
            if thousandths is not None:
                return known + thousandths
        at_ms = _from_text(value)
        if at_ms is not None and _PLAIN.match(value):
            if len(_SECONDS) >= _MAX_SECONDS:
                _SECONDS.clear()
            _SECONDS[value[:19]] = at_ms // 1000 * 1000
        return at_ms
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_text(value: str) -> int | None:
    if value[4:5] != "-" or value[7:8] != "-":  # since 3.11 `fromisoformat` reads numbers as dates without hyphens
        return _unusual(value.strip())
    try:
        at = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    except ValueError:
        return _unusual(value.strip())
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    return ms_of(at)


def ms_of(at: datetime) -> int | None:
    """Return an aware instant as Unix milliseconds; None if it is outside the years 1 to 9999 in UTC."""
    return _known((at - EPOCH) // _MILLISECOND)


def utc_of(at_ms: int) -> datetime:
    """Return Unix milliseconds as an aware instant."""
    return EPOCH + timedelta(milliseconds=at_ms)


def iso_ms(at_ms: int | None) -> str | None:
    """Return Unix milliseconds as the ledger writes them: `2026-11-02T09:30:00.125Z`."""
    if at_ms is None:
        return None
    return utc_of(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute_of(at_ms: int | None) -> str:
    """Return an instant to the minute, in UTC: `2026-11-02 09:30`; an empty text for None."""
    return (iso_ms(at_ms) or "")[:16].replace("T", " ")


def day_of(at_ms: int | None) -> str | None:
    """Return the UTC day of an instant: `2026-11-02`."""
    return None if at_ms is None else _day(at_ms // DAY_MS)


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).date().isoformat()


def _from_number(value: float) -> int | None:
    if value != value or abs(value) > _LAST_MS:  # noqa: PLR0124 - a test for NaN without an import
        return None
    return _known(int(value) if abs(value) >= _UNIX_MILLISECONDS_FROM else round(value * 1000))


def _known(at_ms: int) -> int | None:
    """Return the instant if it is in the years 1 to 9999, else None."""
    return at_ms if _FIRST_MS <= at_ms <= _LAST_MS else None


def _unusual(text: str) -> int | None:
    """Read what `fromisoformat` of Python 3.10 cannot: other counts of digits, no hyphens or colons, numbers."""
    number = _from_number(float(text)) if _NUMBER.fullmatch(text) else None
    match = _ISO.fullmatch(text) if number is None or _COMPACT_DAY.fullmatch(text) else None
    if match is None:
        return number
    year, _, month, day, hour, _, minute, second, fraction, zone = match.groups()
    digits = (fraction or "0")[:6].ljust(6, "0")
    offset = "+00:00" if zone in (None, "Z", "z", "UTC") else zone
    if len(offset) == 3:  # noqa: PLR2004 - `+01`
        offset += ":00"
    elif ":" not in offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}.{digits}{offset}"
    try:
        return ms_of(datetime.fromisoformat(f"{year}-{month}-{day}T{clock}"))
    except ValueError:
        return number  # such as the 31st of November
