"""The separate lane of a run: a spool that no other process adopts, with one sender for one leg.

A killed run leaves unsent messages in its spool. The next run records them as dropped (`interrupted`) and chooses again
what it was asked for. So only messages of the present request are sent, and the sum of each run holds:
recorded = pending + outcomes (docs/adr/0011).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines_client.client.upstream import oauth_manager
from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.opening import LaneOpener
from pipelines_client.delivery.sending.context import Hooks
from pipelines_client.delivery.sending.fates import Delivery, dropped
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.leftovers import open_dead, spools_in
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import SpoolError
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.files import lock, open_lock
from pipelines_client.history.messages import PastMessage
from pipelines_client.history.rate import TokenBucket
from pipelines_client.routing.plan import Plan, Stage, Switch
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.layout import StateDir

INTERRUPTED = "interrupted"
"""The reason in the ledger for messages that a run did not send before it ended."""

_MAX_WAITING, _MAX_WAITING_BYTES = 10_000, 2 << 20
_WRITTEN_OFF_AT_ONCE = 1_000
_STEP_S = 0.1
_STOP_S = 30.0


class LegStuckError(Exception):
    """The leg cannot continue; the text is the last error, such as `http_401`."""


class RunLane:
    """Sends messages to one leg, at the pace of a token bucket and of the API."""

    def __init__(
        self,
        settings: Settings,
        destination: Destination,
        *,
        stage: str,
        patience_s: float,
        tell: Callable[[Delivery], None],
    ) -> None:
        self._leg, self._stage, self._patience_s = destination.name, stage, patience_s
        self._destination = destination
        self._changed = threading.Condition()
        self._stages = settings.stage_watch()
        self._state = StateDir(settings.state_dir)
        self._opener = LaneOpener(
            settings.model_copy(update={"on_full": "reject", "max_queue_size": None, "spool": "disk"}),
            [destination],
            StageWatch(Plan(Stage.COMPLETE, (destination.name,)), None, poll_s=settings.stage_poll_s, memory=None),
            hooks=Hooks(tell, self._progressed, wants_records=True),
            oauth=oauth_manager(settings),
        )

    def send(self, messages: Iterable[PastMessage], bucket: TokenBucket, advance: Callable[[int], object]) -> None:
        """Send messages in order; return once all are settled.

        Raises:
            LegStuckError: A key or a host is wrong, the leg is switched off, or nothing was settled for `patience_s`
                seconds.
            OSError: The state directory cannot be written.
        """
        self._heed_switch()
        lane = self._open()
        lane.start()
        try:
            for past in messages:
                while (wait_s := self._wait_for(lane, bucket)) > 0:
                    self._wait(lane, wait_s)
                    advance(0)
                lane.spool.append(self._facts(past), past.body, {})
                lane.senders[self._leg].appended()
                advance(1)
            lane.hurry()
            while lane.spool.pending(self._leg):
                self._wait(lane, _STEP_S)
                advance(0)
        finally:
            lane.stop(monotonic_s() + _STOP_S)
            self._write_off(lane)

    def write_off_dead(self) -> int:
        """Record what killed runs did not send as dropped; return how many messages that were."""
        count = 0
        for path in spools_in(self._state.replays):
            spool = open_dead(path)
            if spool is None:
                continue
            if self._leg in spool.legs:
                count += spool.pending(self._leg)
                self._write_off(self._opener.lane_for(spool))
            else:
                spool.close()
        return count

    def _open(self) -> Lane:
        writer = f"{self._stage}-{self._leg}-{secrets.token_hex(6)}"
        legs = {self._leg: self._destination.fingerprint}
        return self._opener.lane_for(Spool(self._state.replays / f"{writer}.db", legs=legs, writer=writer))

    def _facts(self, past: PastMessage) -> bytes:
        return MessageFacts(
            message_id=past.message_id,
            type=past.type,
            event=past.event,
            identity=past.identity,
            occurred_at=iso_ms(past.at_ms) or "",
            payload_hash=past.payload_hash,
            body_bytes=len(past.body),
            stage=self._stage,
            appended_at=iso_utc(utc_now()),
        ).as_stamp()

    def _wait_for(self, lane: Lane, bucket: TokenBucket) -> float:
        """Return the seconds to wait before the next message may be appended."""
        spool, leg = lane.spool, self._leg
        if spool.pending(leg) >= _MAX_WAITING or spool.pending_bytes(leg) >= _MAX_WAITING_BYTES:
            return _STEP_S
        return bucket.take(monotonic_s())

    def _wait(self, lane: Lane, seconds: float) -> None:
        """Wait for progress, but no longer than `seconds`.

        Raises:
            LegStuckError: The leg cannot continue.
        """
        self._heed_switch()
        health = lane.senders[self._leg].health
        if health.is_paused or health.failing_for_s > self._patience_s:
            raise LegStuckError(health.last_error or "no answer")
        if not lane.is_running:
            raise LegStuckError("its spool is damaged or its sender has failed; see the log")
        with self._changed:
            self._changed.wait(min(seconds, _STEP_S))

    def _heed_switch(self) -> None:
        switch = self._stages.plan().switch_of(self._leg)
        if switch is not Switch.ON:
            raise LegStuckError(f"{self._leg} is switched to {switch.value}")

    def _progressed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _write_off(self, lane: Lane) -> None:
        """Record what waits in a lane as dropped, and close the lane."""
        spool, leg = lane.spool, self._leg
        fate = dropped(INTERRUPTED)
        while entries := spool.read(leg, max_bytes=_MAX_WAITING_BYTES, max_count=_WRITTEN_OFF_AT_ONCE):
            lane.record(leg, entries, fate)
            spool.settle(leg, entries, Counter({(fate.outcome, fate.code): len(entries)}))
        lane.close()


@contextmanager
def only_run(folder: Path, leg: str) -> Iterator[None]:
    """Lock a leg for one run: two runs at the same time would send the same messages twice.

    The lock belongs to the open file, so a killed run releases it.

    Raises:
        SpoolError: Another run holds the lock.
        OSError: The folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = open_lock(folder / f"{leg}.lock")
    try:
        if not lock(descriptor):
            raise SpoolError(f"another replay or backfill to {leg} runs in this state directory; wait until it ends")
        yield
    finally:
        os.close(descriptor)
