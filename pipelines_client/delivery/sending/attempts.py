"""What is written down before a request goes out, so that the next process knows what may have arrived."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.log import logger
from pipelines_client.signals import let_through


class Attempts:
    """The attempts of one leg of a spool; see `Spool.attempt`."""

    def __init__(self, spool: Spool, leg: str, *, lease_s: float) -> None:
        """Take note of what an earlier process attempted; `lease_s` is 0 for a spool that is ours."""
        self._spool, self._leg, self._lease_s = spool, leg, lease_s
        self._counted_to, self._attempted_to = 0, spool.attempted_to(leg)

    def begin(self, entries: Sequence[Entry]) -> ApiAnswer | None:
        """Write down that a request goes out; return why it may not, which is that a lease could not be written."""
        again = sum(self._counted_to < entry.seq <= self._attempted_to for entry in entries)
        try:
            if again:
                self._spool.count_resent(self._leg, again)
                self._counted_to = entries[-1].seq
                logger().info("messages_resent", leg=self._leg, count=again)
            self._spool.attempt(self._leg, entries[-1].seq, lease_s=self._lease_s)
        except OSError as error:
            let_through(error)
            if self._lease_s:
                return ApiAnswer(Decision.WAIT, "disk_unwritable", words=type(error).__name__)
        return None

    def end(self) -> None:
        """Write down that the request was answered, and settled nothing."""
        with contextlib.suppress(OSError):  # a full disk: the next process waits for the end of the lease
            self._spool.end_attempt(self._leg)
