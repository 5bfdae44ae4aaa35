"""The separate lane of a run: a spool that no other process adopts, with one sender for one leg.

A killed run leaves unsent messages in its spool. The next run records them as dropped (`interrupted`) and chooses again
what it was asked for. So only messages of the present request are sent, and the sum of each run holds:
recorded = pending + outcomes (docs/adr/0011).
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from pipelines_client.client.upstream import oauth_manager
from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.forwarding import PastForwarding
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.opening import LaneOpener
from pipelines_client.delivery.sending.context import Hooks
from pipelines_client.delivery.sending.fates import Delivery, dropped
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.leftovers import open_dead, spools_in
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination, most_in_a_second
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.history.messages import PastMessage
from pipelines_client.history.rate import TokenBucket
from pipelines_client.message.build import shown_integrations
from pipelines_client.routing.plan import Plan, Stage, Switch
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.daily import read_lines
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import Outcome

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
        rate: float | None,
        patience_s: float,
        tell: Callable[[Delivery], None],
    ) -> None:
        self._leg, self._stage, self._patience_s = destination.name, stage, patience_s
        self._bucket, self._most_waiting = TokenBucket(rate), _MAX_WAITING
        if rate is not None:
            self._most_waiting = min(_MAX_WAITING, most_in_a_second(rate))
            destination = replace(destination, limits=destination.limits.slowed(rate))
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

    def send(
        self, messages: Iterable[PastMessage], forwarding: PastForwarding, advance: Callable[[int], object]
    ) -> None:
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
                while (wait_s := self._wait_for(lane)) > 0:
                    self._wait(lane, wait_s)
                    advance(0)
                lane.spool.append(self._facts(past), past.body, forwarding.skips(past.message_id, past.body))
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
                count += self._write_off(self._opener.lane_for(spool))
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
            integrations=shown_integrations(past.body),
        ).as_stamp()

    def _wait_for(self, lane: Lane) -> float:
        """Return the seconds to wait before the next message may be appended."""
        spool, leg = lane.spool, self._leg
        if spool.pending(leg) >= self._most_waiting or spool.pending_bytes(leg) >= _MAX_WAITING_BYTES:
            return _STEP_S
        return self._bucket.take(monotonic_s())

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

    def _write_off(self, lane: Lane) -> int:
        """Record what waits in a lane as dropped, close the lane, and return how many messages that were.

        If a kill came between a record and the cursor, the record holds: it is not written again as something else.
        """
        spool, leg = lane.spool, self._leg
        fate, count = dropped(INTERRUPTED), 0
        recorded = self._recorded(lane) if spool.pending(leg) else {}
        while entries := spool.read(leg, max_bytes=_MAX_WAITING_BYTES, max_count=_WRITTEN_OFF_AT_ONCE):
            known = [recorded.get(entry.stamped().get("message_id")) for entry in entries]
            left = [entry for entry, outcome in zip(entries, known, strict=True) if outcome is None]
            if left:
                lane.record(leg, left, fate)
            tally = Counter((outcome, code) for outcome, code in filter(None, known))
            tally[fate.outcome, fate.code] += len(left)
            spool.settle(leg, entries, +tally)
            count += len(left)
        lane.close()
        return count

    def _recorded(self, lane: Lane) -> dict[str | None, tuple[Outcome, str]]:
        """Return what the ledger says of the messages of a lane, by their ids."""
        found = {}
        for record in read_lines(self._state.ledger, writer=lane.spool.writer):
            if isinstance(record, dict) and record.get("leg") == self._leg:
                if record.get("outcome") == Outcome.ACCEPTED.value:
                    found[record.get("message_id")] = (Outcome.ACCEPTED, "")
                elif record.get("outcome") == Outcome.REJECTED.value:
                    found[record.get("message_id")] = (Outcome.REJECTED, f"http_{record.get('http_status')}")
        return found
