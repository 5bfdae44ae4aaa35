"""What is written down before a request goes out, so that the next process knows what may have arrived.

How often a message may arrive, and why, is in docs/adr/0014.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines_client.clock import utc_now
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import ApiAnswer, ApiLimits, Decision
from pipelines_client.log import logger
from pipelines_client.signals import let_through

_NEVER_SENT = frozenset({"dns", "refused", "certificate"})  # kinds of failure before the first byte of a request


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
        self._began, _ = spool.place(leg)
        self._inherited = spool.standing.cursors[leg].attempt
        self._counted_to = 0

    def next(self, limits: ApiLimits) -> list[Entry]:
        """Return the messages that wait first, as many as a request may have.

        Those that a dead process had under way go one, one, two, four at a time: if this process dies too, it has
        repeated no more messages than it has settled, or one.
        """
        place, _ = self._spool.place(self._leg)
        is_again = place < self._inherited.once
        most = min(max(1, place - self._began), limits.max_batch_count) if is_again else limits.max_batch_count
        return self._spool.read(self._leg, max_bytes=limits.max_body_bytes, max_count=most)

    def begin(self, entries: Sequence[Entry]) -> ApiAnswer | None:
        """Write down that a request goes out; return why it may not, which is that a lease could not be written."""
        again = sum(self._counted_to < entry.seq <= self._inherited.once for entry in entries)
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

    def end(self, answer: ApiAnswer) -> None:
        """Write down that a request has ended and settled nothing."""
        is_answered = answer.status is not None or answer.kind in _NEVER_SENT
        try:
            with self._spool.changing() as cursors:
                cursors.end_attempt(self._leg, is_answered=is_answered)
        except OSError as error:  # a full disk: the next process takes it for a request without an answer
            let_through(error)
