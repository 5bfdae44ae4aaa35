"""The log: structlog events on the standard logger `pipelines_client`. No event has a payload, key or identifier."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections import Counter
from typing import Any

from pipelines_client.clock import monotonic_s
from pipelines_client.signals import let_through

LOGGER_NAME = "pipelines_client"
_OWN_PREFIX = __name__.partition(".")[0]
_MAX_SITES = 1_000
_QUIET_S = 10.0


class EventLog:
    """Writes events as `event='leg_paused' leg='customerio'`, by structlog, and raises nothing.

    structlog takes long to import, so a command that logs nothing does not; a client imports it when it is made
    (`client.loading`).
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def debug(self, event: str, **fields: object) -> None:
        """Log an event for those who look into this package."""
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log an event that is as it should be."""
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log an event that a person may want to know."""
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log an event that a person has to look at."""
        self._say(logging.ERROR, event, fields)

    def _say(self, level: int, event: str, fields: dict[str, object]) -> None:
        try:
            if self._log.isEnabledFor(level):
                load_structlog().log(level, event, **fields)
        except Exception as error:  # noqa: BLE001 - a handler of the application: a line must not cost a message
            let_through(error)


@functools.cache
def load_structlog() -> Any:
    """Return structlog's logger; it neither uses nor sets the application's structlog configuration."""
    import structlog

    return structlog.wrap_logger(
        logging.getLogger(LOGGER_NAME),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


_LOG = EventLog(logging.getLogger(LOGGER_NAME))


def logger() -> EventLog:
    """Return the log of this package."""
    return _LOG


class Throttle:
    """Counts frequent events, so that each kind is logged at most every ten seconds, with its count."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._logged_at_s: dict[str, float] = {}
        self._lock = threading.RLock()  # a signal's handler may call while the call that it interrupts holds it

    def due(self, kind: str) -> int:
        """Count one event; return the count since the last log line if a line is due now, else 0."""
        now = monotonic_s()
        with self._lock:
            self._counts[kind] += 1
            if now - self._logged_at_s.get(kind, -_QUIET_S) < _QUIET_S:
                return 0
            self._logged_at_s[kind] = now
            return self._counts.pop(kind)


class CallSites:
    """Remembers which lines of the application were warned about what, so that each is warned once."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int, str]] = set()

    def first(self, kind: str) -> str | None:
        """Return `file:line` of the nearest caller outside this package, or None if it had a warning of this kind."""
        frame = sys._getframe(1)  # noqa: SLF001 - the documented and cheap way to find a caller
        while frame.f_back and str(frame.f_globals.get("__name__", "")).partition(".")[0] in (_OWN_PREFIX, "segment"):
            frame = frame.f_back
        site = (frame.f_code.co_filename, frame.f_lineno, kind)
        # No lock, which a fork could inherit locked: at worst two threads log the same line twice.
        if site in self._seen or len(self._seen) >= _MAX_SITES:
            return None
        self._seen.add(site)
        return f"{site[0]}:{site[1]}"
