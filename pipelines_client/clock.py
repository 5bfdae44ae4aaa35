"""The two clocks: the wall, which goes on the wire, and the one that waits are measured with."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import datetime, timezone


def utc_now() -> datetime:
    """Return the wall clock's instant, aware, in UTC. freezegun freezes it."""
    return datetime.now(timezone.utc)


def utc_now_ms() -> int:
    """Return the wall clock's instant as Unix milliseconds. freezegun freezes it."""
    return int(time.time() * 1000)


def pause(seconds: float) -> None:
    """Sleep; freezegun leaves it alone."""
    time.sleep(seconds)


_has_clocks = hasattr(time, "clock_gettime")
monotonic_s: Callable[[], float] = (
    functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC) if _has_clocks else time.monotonic
)
"""Returns seconds of a clock that nobody sets and that freezegun leaves alone: frozen tests must not hang."""
