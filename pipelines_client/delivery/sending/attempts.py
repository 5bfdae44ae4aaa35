"""What is written down before a request goes out, so that the next process knows what may have arrived."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pipelines_client.clock import utc_now
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.log import logger
from pipelines_client.signals import let_through


class Attempts:
    """The attempts of one leg of a spool.

    Args:
        spool: The spool.
        leg: A leg of it.
        lease_s: Of an adopted spool: seconds during which no other process sends a request's messages again if this one
            dies in it, twice as many for each that has died so; 0: another may at once.
    """

    def __init__(self, spool: Spool, leg: str, *, lease_s: float) -> None:
        self._spool, self._leg, self._lease_s = spool, leg, lease_s
        self._counted_to, self._attempted_to = 0, spool.standing.cursors[leg].attempt.seq

    def begin(self, entries: Sequence[Entry]) -> ApiAnswer | None:
        """Write down that a request goes out; return why it may not, which is that a lease could not be written."""
        again = sum(self._counted_to < entry.seq <= self._attempted_to for entry in entries)
        try:
            with self._spool.changing() as cursors:
                if again:
                    cursors.count_resent(self._leg, again)
                    self._counted_to = entries[-1].seq
                    logger().info("messages_resent", leg=self._leg, count=again)
                now, newest = utc_now().timestamp(), self._spool.newest
                cursors.attempt(self._leg, entries[-1].seq, newest=newest, now=now, lease_s=self._lease_s)
        except OSError as error:
            let_through(error)
            if self._lease_s:
                return ApiAnswer(Decision.WAIT, "disk_unwritable", words=type(error).__name__)
        return None

    def end(self) -> None:
        """Write down that the request was answered, and settled nothing."""
        # A full disk is passed over: the next process waits for the end of the lease.
        with contextlib.suppress(OSError), self._spool.changing() as cursors:
            cursors.end_attempt(self._leg)
