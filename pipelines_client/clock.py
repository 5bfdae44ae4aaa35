"""The two clocks: the wall clock for messages, and a monotonic one for waits; and how instants are spelled."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The beginning of Unix time, aware."""


class _ModelField:
    """Tells pydantic what a field holds, whichever class has that name: freezegun puts others in their place."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.date_schema() if self._kind == "date" else core_schema.datetime_schema()


DateField = Annotated[date, _ModelField("date")]
"""A `date` of a pydantic model; also of one that is made while a test of an application has frozen the time."""
DatetimeField = Annotated[datetime, _ModelField("datetime")]
"""The same for a `datetime`."""


def utc_now() -> datetime:
    """Return the current time, aware, in UTC. freezegun freezes it."""
    return datetime.now(timezone.utc)


def unix_ms(at: datetime) -> int:
    """Return an aware instant, in any year, as Unix milliseconds."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def utc_now_ms() -> int:
    """Return the current time as Unix milliseconds. freezegun freezes it.

    `time_ns` takes a tenth of the time of `datetime.now`, but freezegun does not freeze it in some threads. So it is
    asked only while `datetime` is Python's own: freezegun puts a class with a metaclass in its place.
    """
    if type(datetime) is type:
        return time.time_ns() // 1_000_000
    return unix_ms(datetime.now(timezone.utc))


def pause(seconds: float) -> None:
    """Sleep. freezegun does not freeze it."""
    time.sleep(seconds)


_has_clocks = hasattr(time, "clock_gettime")
monotonic_s: Callable[[], float] = (
    functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC) if _has_clocks else time.monotonic
)
"""Returns seconds of a clock that is never set. freezegun does not freeze it: frozen tests must not hang."""

_LONGEST_WAIT_S = 1_000_000_000.0  # some 30 years: threads cannot wait for ever, as `inf` asks


def monotonic_after(seconds: float) -> float:
    """Return the moment that is so many seconds away, on the clock of `monotonic_s`; one that threads can wait for."""
    return monotonic_s() + min(seconds, _LONGEST_WAIT_S)


_ENDS = [f".{ms:03d}Z" for ms in range(1000)]
_second: tuple[int, str] = (0, "1970-01-01T00:00:00")
"""The second that was spelled last: the next instant is nearly always in the same second."""


def iso_utc(at: datetime) -> str:
    """Return an aware instant as the ledger spells it: `2026-11-02T09:30:00.125Z`."""
    return iso_of_ms(unix_ms(at))


def iso_of_ms(ms: int) -> str:
    """Return an instant in Unix milliseconds, of the years 1 to 9999, as `iso_utc` does."""
    global _second  # noqa: PLW0603 - replaced in one step: threads see the old or the new one
    whole = ms // 1000
    known, text = _second
    if known != whole:
        text = (EPOCH + timedelta(seconds=whole)).isoformat()[: len("2026-11-02T09:30:00")]
        _second = (whole, text)
    return text + _ENDS[ms % 1000]
