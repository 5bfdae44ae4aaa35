"""Our log: structlog events on the standard logger `pipelines_client`. No payload, key or identifier goes in."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections import Counter
from typing import Any

from pipelines_client.clock import monotonic_s

LOGGER_NAME = "pipelines_client"
_OWN_PREFIX = __name__.partition(".")[0]
_MAX_SITES = 1_000
_QUIET_S = 10.0


@functools.cache
def logger() -> Any:
    """Return the bound logger, wrapped here: the application's structlog configuration is neither used nor set."""
    import structlog

    return structlog.wrap_logger(
        logging.getLogger(LOGGER_NAME),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class Throttle:
    """Adds up what happens often, so that a log says it at most once in ten seconds, with its count."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._said_at_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def due(self, kind: str) -> int:
        """Count one; return how many came since the last time it was said if it is to be said now, else 0."""
        now = monotonic_s()
        with self._lock:
            self._counts[kind] += 1
            if now - self._said_at_s.get(kind, -_QUIET_S) < _QUIET_S:
                return 0
            self._said_at_s[kind] = now
            return self._counts.pop(kind)


class CallSites:
    """Remembers which lines of the application were told about what, so that each is told once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, int, str]] = set()

    def first(self, kind: str) -> str | None:
        """Return `file:line` of the nearest caller outside this package, the first time it comes with this kind."""
        frame = sys._getframe(1)  # noqa: SLF001 - the documented way to a caller, and cheap
        while frame.f_back and str(frame.f_globals.get("__name__", "")).partition(".")[0] in (_OWN_PREFIX, "segment"):
            frame = frame.f_back
        site = (frame.f_code.co_filename, frame.f_lineno, kind)
        # Without a lock, which a fork could catch held: two threads may say the same line twice, no more.
        if site in self._told or len(self._told) >= _MAX_SITES:
            return None
        self._told.add(site)
        return f"{site[0]}:{site[1]}"
