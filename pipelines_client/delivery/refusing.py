"""Calls that are not taken: all are counted, few get a record, and the log has a line now and again."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines_client.clock import monotonic_s
from pipelines_client.delivery.admission import NO_LEG, Allowance
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.sending.fates import dropped, skipped
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.files import NO_SPACE
from pipelines_client.log import Throttle, logger
from pipelines_client.signals import let_through


class RefusedCalls:
    """What one pipeline refused."""

    def __init__(self) -> None:
        self._drops = Throttle()
        self._records = Allowance()

    def note(self, lane: Lane, entry: Entry, reason: str, legs: Iterable[str]) -> None:
        """Count a message that no leg gets; the ledger says why, unless many were refused lately.

        Raises:
            OSError, SpoolClosedError: It could not be counted.
        """
        fates = {leg: skipped(entry.skips[leg]) if leg in entry.skips else dropped(reason) for leg in legs}
        if reason == NO_LEG or self._records.take(monotonic_s()):
            for leg, fate in fates.items():
                lane.record(leg, [entry], fate)
        lane.spool.refuse({leg: (fate.outcome, fate.code) for leg, fate in fates.items()})
        lane.publish()
        self._log(reason)

    def not_taken(self, error: Exception) -> str:
        """Log a message that could be neither taken nor recorded as refused; return the reason."""
        let_through(error)
        is_full = isinstance(error, OSError) and error.errno in NO_SPACE
        reason = "disk_full" if is_full else "spool_error"
        self._log(reason)
        return reason

    def _log(self, reason: str) -> None:
        count = self._drops.due(reason)
        if count:
            logger().warning("message_dropped", reason=reason, count=count)
