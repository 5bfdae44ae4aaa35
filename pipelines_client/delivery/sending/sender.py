"""The only thread of a leg: read → pack → post → decide → settle.

In order, with one request in flight. Only the sender moves its leg's cursor, and only after the ledger has the fate.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from types import MappingProxyType

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.delivery.sending.attempts import Attempts
from pipelines_client.delivery.sending.batches import Batch, fates_of
from pipelines_client.delivery.sending.context import LaneContext
from pipelines_client.delivery.sending.fates import Delivery, Fate, dropped, fates_for, skipped
from pipelines_client.delivery.sending.health import Health
from pipelines_client.delivery.sending.pace import Surplus, Throughput
from pipelines_client.delivery.sending.requester import Requester
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.cursors import Tally
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import ApiAnswer, Decision, Destination
from pipelines_client.errors import LedgerError, SpoolClosedError, SpoolLostError
from pipelines_client.log import logger
from pipelines_client.routing.plan import Switch
from pipelines_client.signals import let_through, suppressing
from pipelines_client.state.ledger import Outcome
from pipelines_client.state.runfile import LegReport

IDLE_TICK_S, TICK_S = 10.0, 1.0  # seconds between two calls of `on_tick`: the second while there is something to do
_DISK_RETRY_S = 1.0
_PROBE_AFTER = 3  # failures in a row after which each further one halves the batch


class Sender:
    """Delivers one leg of a spool until it is stopped, or, once retired, until nothing of the leg waits."""

    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        context: LaneContext,
        *,
        record: Callable[[Delivery, datetime], None],
        lease_s: float = 0.0,
        random: Random | None = None,
    ) -> None:
        """Make a sender that does not run yet; `record` writes fates into the ledger, `lease_s` is for `Attempts`."""
        self.spool, self.destination, self.leg = spool, destination, destination.name
        self._fingerprint = destination.fingerprint
        self.http = context.make_http(destination)
        self._pace, self._stages, self._show, self._hooks = context.pace, context.stages, context.show, context.hooks
        self._record = record
        self._attempts = Attempts(spool, self.leg, lease_s=lease_s)
        self._tokens = Tokens(context.oauth if destination.takes_oauth else None)
        self._requester = Requester(destination, self.http, self._tokens)
        self._random = random or Random()  # noqa: S311 - jitter, no secret
        self.health = Health(self.leg, destination.host, self._pace.unhealthy_after_s)
        self.is_running = False
        """Whether it is meant to run and does, or is about to: cheaper to ask than the thread."""
        self._is_serving = self._stopping = self._retiring = self._idle = False
        self._thread: threading.Thread | None = None
        # A condition is Python, where a signal's handler may raise. So the lock is taken directly, never through the
        # condition, and `notify_all` is used although there is one waiter: an interrupted call may leave a dead one.
        self._lock = threading.RLock()
        self._wakeup = threading.Condition(self._lock)
        self._due_seq = self._due_bytes = sys.maxsize
        self._hurry_to, self._next_post_s, self._throughput = 0, 0.0, Throughput(destination.limits.max_messages_per_s)

    @property
    def is_trying(self) -> bool:
        """Whether what waits may go soon: it runs, is not switched off, and neither key nor host is wrong."""
        return self.is_alive and not self.health.is_paused and self._switch is not Switch.OFF

    @property
    def _switch(self) -> Switch:
        return self._stages.plan().switch_of(self.leg)

    def report(self, counts: LegReport) -> LegReport:
        """Return counts with the leg's health; a leg that was switched reports its switch as its state."""
        switch = self._switch
        return self.health.report(counts, state=None if switch is Switch.ON else switch.value)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread unless it runs. Safe when several threads start it: a leg has one sender."""
        with self._lock:
            self._stopping, self.is_running = False, True
            if self._is_serving:
                return  # a thread that was asked to stop, and has not yet, goes on
            self._thread = threading.Thread(target=self._run, name=f"pipelines-client-{self.leg}", daemon=True)
            self._is_serving = True
            try:
                self._thread.start()
            except BaseException:
                self.is_running, self._is_serving, self._thread = False, False, None
                raise

    def appended(self) -> None:
        """Say that a message came; cheap while the sender is busy or waits for more."""
        if self._idle or self.spool.last_seq >= self._due_seq or self.spool.total_bytes >= self._due_bytes:
            with self._lock:
                self._be_busy()
                self._wakeup.notify_all()

    def hurry(self) -> None:
        """Send what is there now, without waiting for a full batch."""
        with self._lock:
            self._hurry_to = max(self._hurry_to, self.spool.last_seq)
            self._wakeup.notify_all()

    def retire(self) -> None:
        """Deliver what is left, then end."""
        with self._lock:
            self._retiring = True
            self._wakeup.notify_all()

    def stop(self) -> None:
        """End after the request in flight; what is left stays in the spool."""
        with self._lock:
            self._stopping, self.is_running = True, False
            self._wakeup.notify_all()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread to end; False if it has not."""
        with self._lock:  # waits for a `start` under way
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return not self.is_alive

    def _run(self) -> None:
        with self._lock:  # waits for `start`, which a signal's handler may have ended although the thread had begun
            if self._thread is not threading.current_thread():
                return  # another takes its place
        try:
            while self._wait_for_work():
                self._work()
        except (SpoolClosedError, LedgerError):
            return  # the process ends, and its time was over before the request was
        except SpoolLostError:
            logger().error("spool_lost", leg=self.leg, cure="do not close the descriptors of the client")
        except Exception as error:  # noqa: BLE001 - the end of the thread: log why the leg stands still
            self._failed(ApiAnswer(Decision.WAIT, "sender_failed", words=type(error).__name__))
            logger().error("sender_failed", leg=self.leg, error=type(error).__name__)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._is_serving = self.is_running = False

    def _work(self) -> None:
        """Settle some messages; wait a second if the disk cannot be read or written for the moment."""
        try:
            if not (self._discard() or self._drop_overflow()):
                self._deliver(self._next_batch())
        except OSError as error:
            let_through(error)
            self._failed(ApiAnswer(Decision.WAIT, "disk_unreadable", words=type(error).__name__))
            self._wait(_DISK_RETRY_S)

    def _wait_for_work(self) -> bool:
        """Wait until a batch is due; False when the thread should end."""
        linger_until: float | None = None
        with self._lock:
            while not self._stopping:
                if not self.spool.pending(self.leg):
                    if self._retiring:
                        break
                    linger_until = self._wait_for_first()
                    continue
                if self._switch is Switch.OFF and self._surplus() is None:
                    if self._retiring and self.spool.path is not None:
                        break
                    self._be_busy()
                    self._wakeup.wait(min(TICK_S, self._stages.look_every_s))
                    self._hooks.on_tick()
                    continue
                now = monotonic_s()
                linger_until = now + self._pace.upload_interval_s if linger_until is None else linger_until
                seq = self._expect_batch()
                if now >= linger_until or self._is_due(seq):
                    if now >= linger_until:  # those beyond this batch have waited too, as after an alias
                        self._hurry_to = max(self._hurry_to, self.spool.last_seq)
                    self._be_busy()
                    return True
                if not self._wakeup.wait(min(linger_until - now, IDLE_TICK_S)) and monotonic_s() < linger_until:
                    self._hooks.on_tick()  # `upload_interval` may be minutes, and `status` must hear of us meanwhile
            self._is_serving = False  # decided under the lock: a `start` from now on starts another thread
        return False

    def _be_busy(self) -> None:
        """Turn off wake-ups by new messages until we wait for them again."""
        self._idle = False
        self._due_seq = self._due_bytes = sys.maxsize

    def _expect_batch(self) -> int:
        """Ask to be woken by the message that fills a batch; return the number of the last settled message."""
        seq, passed = self.spool.place(self.leg)
        limits = self.destination.limits
        self._due_seq, self._due_bytes = seq + limits.max_batch_count, passed + limits.max_body_bytes
        return seq

    def _wait_for_first(self) -> float | None:
        """Wait for a message; after a second without one, and then now and again, call `on_tick`.

        During that first second a message wakes no sender, which would cost its caller: a steady stream is noticed
        when its interval is over. Then it returns until when to wait for more, on `monotonic_s`; else None.
        """
        until, wait_s = monotonic_s() + self._pace.upload_interval_s, TICK_S
        self._expect_batch()
        self._wakeup.wait(min(self._pace.upload_interval_s, TICK_S))
        if self.spool.pending(self.leg):
            return until
        self._hooks.on_tick()
        self._idle = True
        # Checked after setting `_idle`: a message between the two would otherwise wait for the next one.
        while not (self.spool.pending(self.leg) or self._stopping or self._retiring) and not self._wakeup.wait(wait_s):
            self._hooks.on_tick()
            wait_s = IDLE_TICK_S
        self._idle = False
        return None

    def _is_due(self, settled: int) -> bool:
        is_full = self.spool.last_seq >= self._due_seq or self.spool.total_bytes >= self._due_bytes
        return is_full or self._retiring or settled < self._hurry_to

    def _next_batch(self) -> Batch:
        entries = self._attempts.next(self.destination.limits)
        sendable = self._ours(entries)
        fitting = self._requester.fitting(sendable)
        if fitting == len(sendable):
            return Batch(entries)
        return Batch(entries[: sendable[fitting].seq - entries[0].seq])

    def _ours(self, entries: Sequence[Entry]) -> list[Entry]:
        return [entry for entry in entries if self.leg not in entry.skips]

    def _deliver(self, first: Batch) -> None:
        """Send a batch until each of its messages is settled, splitting it where the API refuses."""
        stack, batch = [first], first
        while stack and not self._stopping and self._switch is Switch.ON:
            batch = stack.pop()
            sendable = self._ours(batch.entries)
            if not sendable:
                self._finish(batch, sendable)
                continue
            if not self._keep_pace(len(sendable)):
                break
            batch.attempts += 1
            answer = self._attempts.begin(sendable) or self._requester.post(sendable, attempts=batch.attempts)
            if answer.decision is Decision.PROBE:
                stack += batch.split(sendable, 1) if len(sendable) > 1 else [batch]
            elif answer.decision is Decision.SPLIT and len(sendable) > 1:
                stack += batch.halves(sendable)
            elif answer.decision in (Decision.ACCEPT, Decision.SPLIT):
                self._finish(batch, sendable, answer)
            else:
                self._failed(answer)
                self._attempts.end(answer)
                self._tell(self._delivery((), skipped("")))
                is_probing = self.health.failures >= _PROBE_AFTER and len(sendable) > 1
                stack += batch.halves(sendable) if is_probing else [batch]
                self._wait_after(answer)
                if self._drop_overflow():
                    return  # the cursor has moved: what is left of this batch is read again
        if not batch.is_last_part:
            self._tell(self._delivery((), skipped("")))  # nothing more comes of it for now

    def _keep_pace(self, count: int) -> bool:
        """Wait until the next request, with so many messages, may go; False when the sender should stop."""
        now = monotonic_s()
        due = max(now + self._throughput.wait_s(count, now), self._next_post_s)
        if now < due and not self._wait(due - now):
            return False
        self._next_post_s = due + 1 / self.destination.limits.max_requests_per_s
        self._throughput.note(count, due)
        return True

    def _finish(self, batch: Batch, sendable: Sequence[Entry], answer: ApiAnswer | None = None) -> None:
        """Settle a batch as an answer says; without one, none of its messages is for this leg."""
        fate, failed = fates_of(answer, sendable, batch.attempts)
        delivery = replace(self._delivery(batch.entries, fate, failed, answer), is_batch_done=batch.is_last_part)
        if answer is not None:
            self._tokens.taken()
            self.health.settled(delivery.counts, is_batch_done=batch.is_last_part)
            self._remember_pause()
        self._settle(delivery)

    def _delivery(
        self,
        entries: Sequence[Entry],
        fate: Fate,
        others: Mapping[int, Fate] = MappingProxyType({}),
        answer: ApiAnswer | None = None,
    ) -> Delivery:
        """Return what became of messages; see `fates_for`."""
        fates = fates_for(entries, self.leg, fate, others)
        mark, at, sent = self._fingerprint, iso_utc(utc_now()), self._requester.sent
        return Delivery(self.leg, self.spool.writer, mark, at, entries, fates, self._show, answer, sent)

    def _settle(self, delivery: Delivery) -> None:
        """Write the fate of messages into the ledger, then move the cursor."""
        tally: Tally = Counter()
        for each, count in delivery.counts.items():
            tally[each.outcome, each.code] += count
        # The callbacks come before the cursor moves: a caller that waits for the cursor finds them queued.
        if self._persist(lambda: self._record(delivery, utc_now())):
            self._tell(delivery)
            self._persist(lambda: self.spool.settle(self.leg, delivery.entries, tally))
            self._hooks.on_progress()
            self._log_dropped(tally)

    def _tell(self, delivery: Delivery) -> None:
        """Run the application's hooks: whether they can run changes nothing about what was delivered."""
        try:
            self._hooks.on_delivery(delivery)
        except Exception as error:  # noqa: BLE001 - the ledger has it, and the cursor must follow
            logger().error("callback_failed", error=type(error).__name__)

    def _log_dropped(self, tally: Tally) -> None:
        for (outcome, code), count in tally.items():
            if outcome is Outcome.DROPPED:
                logger().error("message_dropped", leg=self.leg, reason=code, count=count)

    def _persist(self, write: Callable[[], None]) -> bool:
        """Write, waiting while the disk is full or read-only; False when the sender should stop before it could.

        What is not settled then is sent and recorded again by the next process.
        """
        while True:
            try:
                write()
            except OSError as error:
                self._failed(ApiAnswer(Decision.WAIT, "disk_unwritable", words=type(error).__name__))
            else:
                return True
            if not self._wait(_DISK_RETRY_S):
                return False

    def _discard(self) -> bool:
        """Give up what waits if the leg is switched to discard; True if it is."""
        if self._switch is not Switch.DISCARD:
            return False
        self._settle(self._delivery(self._attempts.next(self.destination.limits), dropped("discarded")))
        return True

    def _drop_overflow(self) -> bool:
        """Give up the oldest messages of a leg that does not count and is over its bound; True if any."""
        surplus = self._surplus()
        if surplus is None:
            return False
        oldest = self.spool.read(self.leg, max_bytes=surplus.max_bytes, max_count=surplus.max_count)
        self._settle(self._delivery(oldest, dropped("spool_full")))
        return True

    def _surplus(self) -> Surplus | None:
        spool, leg = self.spool, self.leg
        counts = leg == self._stages.plan().authoritative
        return self._pace.surplus(pending=spool.pending(leg), pending_bytes=spool.pending_bytes(leg), counts=counts)

    def _failed(self, answer: ApiAnswer) -> None:
        self.health.failed(answer, pending=self.spool.pending(self.leg))
        self._remember_pause()

    def _remember_pause(self) -> None:
        if self.health.is_paused != (self.leg in self.spool.paused):
            with suppressing(OSError):  # a full disk; then the next process asks for `drain`
                self.spool.set_paused(self.leg, is_paused=self.health.is_paused)

    def _wait_after(self, answer: ApiAnswer) -> None:
        if answer.decision is Decision.PAUSE:
            self._wait(self._pace.pause_s * self._random.uniform(0.5, 1.0))
        else:
            backoff = self._pace.backoff
            self._wait(backoff.wait_s(self.health.failures, retry_after_s=answer.retry_after_s, random=self._random))

    def _wait(self, seconds: float) -> bool:
        """Wait, checking health meanwhile; False when the sender should stop."""
        until = monotonic_s() + seconds
        while not self._stopping:
            self.health.check(pending=self.spool.pending(self.leg))
            self._hooks.on_tick()
            left = until - monotonic_s()
            if left <= 0 or self._surplus() is not None or self._switch is not Switch.ON:
                return True
            with self._lock:
                if not self._stopping:
                    self._wakeup.wait(min(left, TICK_S, self._stages.look_every_s))
        return False
