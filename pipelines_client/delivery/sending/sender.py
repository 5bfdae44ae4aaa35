"""The only thread: read → pack → post → decide → settle, for one leg of one spool.

In order, one request in flight. Only the sender moves its leg's cursor. Nothing is settled before the ledger has it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.delivery.sending import batches
from pipelines_client.delivery.sending.batches import Part, fate_of
from pipelines_client.delivery.sending.fates import Delivery, Fate, dropped, skipped
from pipelines_client.delivery.sending.health import Health
from pipelines_client.delivery.sending.http import Http, NoAnswerError
from pipelines_client.delivery.sending.pace import Pace, Surplus
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.cursors import Tally
from pipelines_client.delivery.spool.entry import Entry, ShowIdentity
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import ApiAnswer, Decision, Destination
from pipelines_client.errors import LedgerError, SpoolClosedError
from pipelines_client.log import logger
from pipelines_client.routing.plan import Switch
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.ledger import Outcome

IDLE_TICK_S = 10.0
TICK_S = 1.0  # while there is something to do, health is told this often
_DISK_RETRY_S = 1.0
_PROBE_AFTER = 3  # failures in a row, after which an API that struggles is asked with ever less at a time


@dataclass(slots=True)
class Sender:
    """Delivers one leg of a spool until it is stopped, or, once retired, until the leg is level."""

    spool: Spool
    destination: Destination
    http: Http
    write_down: Callable[[Delivery, datetime], None]
    pace: Pace
    stages: StageWatch
    show: ShowIdentity
    tell: Callable[[Delivery], None]
    tick: Callable[[], None]
    progressed: Callable[[], None]
    tokens: Tokens
    random: Random = field(default_factory=Random)
    health: Health = field(init=False)
    is_spool_damaged: bool = False
    is_running: bool = False
    """Whether it is meant to run and does, or is about to: cheaper to ask than the thread."""

    _is_serving: bool = False
    _thread: threading.Thread | None = None
    # A condition is Python, where a signal's handler may raise: so the lock is taken by itself, never through it, and
    # all waiters are told though there is one, since a call that was interrupted leaves one behind that nobody is.
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _wakeup: threading.Condition = field(init=False)
    _stopping: bool = False
    _retiring: bool = False
    _hurry_to: int = 0
    _idle: bool = False
    _due_seq: int = sys.maxsize
    _due_bytes: int = sys.maxsize
    _next_post_s: float = 0.0

    def __post_init__(self) -> None:
        self._wakeup = threading.Condition(self._lock)
        self.health = Health(self.destination.name, self.pace.unhealthy_after_s)

    @property
    def leg(self) -> str:
        """The destination's name."""
        return self.destination.name

    @property
    def is_trying(self) -> bool:
        """Whether what waits may go soon: it runs, is not switched off, and neither key nor host is wrong."""
        return self.is_alive and not self.health.is_paused and self._switch is not Switch.OFF

    @property
    def _switch(self) -> Switch:
        return self.stages.plan().switch_of(self.leg)

    def health_as_dict(self) -> dict[str, Any]:
        """Return what the run file says; the state of a leg that was switched is what it was switched to."""
        switch = self._switch
        return {**self.health.as_dict(), **({} if switch is Switch.ON else {"state": switch.value})}

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, unless it runs: a leg has one sender, whoever asks at the same time."""
        with self._lock:
            self._stopping = False
            self.is_running = True
            if self._is_serving:
                return  # one that was told to stop, and has not yet, goes on
            self.is_spool_damaged = False
            self._thread = threading.Thread(target=self._run, name=f"pipelines-client-{self.leg}", daemon=True)
            self._is_serving = True
            try:
                self._thread.start()
            except BaseException:
                self.is_running = self._is_serving = False
                raise

    def appended(self) -> None:
        """Say that a message came; cheap while the sender is busy or waits for more."""
        if self._idle or self.spool.last_seq >= self._due_seq or self.spool.total_bytes >= self._due_bytes:
            with self._lock:
                self._be_busy()
                self._wakeup.notify_all()

    def hurry(self) -> None:
        """Send what is there now without waiting for company."""
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
            self._stopping = True
            self.is_running = False
            self._wakeup.notify_all()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread to end; False if it has not."""
        with self._lock:  # until it is started, if that is under way
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return not self.is_alive

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                if not (self._discard() or self._drop_overflow()):
                    self._deliver(self._next_part())
        except (SpoolClosedError, LedgerError):
            return  # the process ends, and its budget was over before the request was
        except sqlite3.DatabaseError as error:
            self.is_spool_damaged = True
            logger().error("spool_damaged", leg=self.leg, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the thread's last line: say why the leg stands still
            self._failed(ApiAnswer(Decision.WAIT, "sender_failed", words=type(error).__name__))
            logger().error("sender_failed", leg=self.leg, error=type(error).__name__)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._is_serving = self.is_running = False

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
                    self._wakeup.wait(min(TICK_S, self.stages.look_every_s))
                    self.tick()
                    continue
                now = monotonic_s()
                linger_until = now + self.pace.upload_interval_s if linger_until is None else linger_until
                seq = self._expect_batch()
                if now >= linger_until or self._is_due(seq):
                    self._be_busy()
                    return True
                self._wakeup.wait(linger_until - now)
            self._is_serving = False  # decided under the lock: whoever starts the sender now starts another thread
        return False

    def _be_busy(self) -> None:
        """Let messages come without a word, until we wait for them again."""
        self._idle = False
        self._due_seq = self._due_bytes = sys.maxsize

    def _expect_batch(self) -> int:
        """Have whoever makes a full batch say so; return the number of the last message that is settled."""
        seq, passed = self.spool.place(self.leg)
        limits = self.destination.limits
        self._due_seq, self._due_bytes = seq + limits.max_batch_count, passed + limits.max_body_bytes
        return seq

    def _wait_for_first(self) -> float | None:
        """Wait for a message; after a second of peace, and then now and again, say how things stand.

        At first nobody need wake us, which is dear for a caller: one of a steady stream is seen when its time has come.

        Returns:
            Until when to wait for company, on `monotonic_s`, if a message came in that time; else None.
        """
        until, wait_s = monotonic_s() + self.pace.upload_interval_s, TICK_S
        self._expect_batch()
        self._wakeup.wait(min(self.pace.upload_interval_s, TICK_S))
        if self.spool.pending(self.leg):
            return until
        self.tick()
        self._idle = True
        # Looked at again after saying so: a message between the two would wait for the next one.
        while not (self.spool.pending(self.leg) or self._stopping or self._retiring) and not self._wakeup.wait(wait_s):
            self.tick()
            wait_s = IDLE_TICK_S
        self._idle = False
        return None

    def _is_due(self, settled: int) -> bool:
        spool = self.spool
        is_full = spool.last_seq >= self._due_seq or spool.total_bytes >= self._due_bytes
        return is_full or self._retiring or settled < self._hurry_to

    def _read(self) -> list[Entry]:
        limits = self.destination.limits
        return self.spool.read(self.leg, max_bytes=limits.max_body_bytes, max_count=limits.max_batch_count)

    def _next_part(self) -> Part:
        entries = self._read()
        sendable = self._ours(entries)
        envelope, max_body_bytes = self.destination.envelope(sent_at=utc_now()), self.destination.limits.max_body_bytes
        fitting = batches.pack([entry.body for entry in sendable], envelope, max_body_bytes=max_body_bytes)
        if fitting == len(sendable):
            return Part(entries)
        return Part(entries[: sendable[fitting].seq - entries[0].seq])

    def _ours(self, entries: Sequence[Entry]) -> list[Entry]:
        leg = self.leg
        return [entry for entry in entries if leg not in entry.skips]

    def _deliver(self, first: Part) -> None:
        """Send a batch until each of its messages is settled, splitting it where the API refuses."""
        parts = [first]
        while parts and not self._stopping and self._switch is Switch.ON:
            part = parts.pop()
            sendable = self._ours(part.entries)
            if not sendable:
                self._settle(part, None)
                continue
            if not self._keep_pace():
                return
            part.attempts += 1
            verdict = self._post(sendable)
            if verdict.decision is Decision.SPLIT and len(sendable) > 1:
                parts += part.halves(sendable)
            elif verdict.decision in (Decision.ACCEPT, Decision.SPLIT):
                self.health.succeeded()
                self._remember_pause()
                self.tokens.taken()
                self._settle(part, verdict)
            else:
                self._failed(verdict)
                is_probing = self.health.failures >= _PROBE_AFTER and len(sendable) > 1
                parts += part.halves(sendable) if is_probing else [part]
                self._wait_after(verdict)
                if self._drop_overflow():
                    return  # the cursor has moved: what is left of this batch is read again

    def _keep_pace(self) -> bool:
        """Wait until the next request may go; False when the sender should stop."""
        now = monotonic_s()
        if now < self._next_post_s and not self._wait(self._next_post_s - now):
            return False
        self._next_post_s = max(now, self._next_post_s) + 1 / self.destination.limits.max_requests_per_s
        return True

    def _post(self, entries: Sequence[Entry]) -> ApiAnswer:
        token = self.tokens.get()
        if isinstance(token, ApiAnswer):
            return token
        envelope = self.destination.envelope(sent_at=utc_now())
        body = batches.join([entry.body for entry in entries], envelope)
        try:
            answer = self.http.post(body, self.destination.headers(token=token))
        except NoAnswerError as error:
            return ApiAnswer(Decision.WAIT, "no_answer", words=str(error))
        verdict = self.tokens.answered(answer.status)
        return verdict or self.destination.read(answer.status, answer.headers, answer.body, now=utc_now())

    def _settle(self, part: Part, verdict: ApiAnswer | None) -> None:
        """Give each message its fate; `verdict` is None if none of them was for this leg."""
        self._finish(part.entries, fate_of(verdict, part.attempts), verdict)

    def _finish(self, entries: Sequence[Entry], fate: Fate, verdict: ApiAnswer | None = None) -> None:
        """Write what became of the messages into the ledger, then move the cursor. Those not for us have their own."""
        now = utc_now()
        fates = [fate if not entry.skips else self._fate_of_skipped(entry, fate) for entry in entries]
        delivery = Delivery(self.leg, self.spool.writer, iso_utc(now), entries, fates, self.show, verdict)
        tally: Tally = Counter()
        for each, count in delivery.counts.items():
            tally[each.outcome, each.code] += count
        # The callbacks come before the cursor moves: whoever waits for that finds them due already.
        if self._persist(lambda: self.write_down(delivery, now)):
            self.tell(delivery)
            self._persist(lambda: self.spool.settle(self.leg, entries, tally))
            self.progressed()
            self._say_dropped(tally)

    def _fate_of_skipped(self, entry: Entry, fate: Fate) -> Fate:
        reason = entry.skips.get(self.leg)
        if reason is None:
            return fate
        return dropped(reason) if entry.is_lost else skipped(reason)

    def _say_dropped(self, tally: Tally) -> None:
        for (outcome, code), count in tally.items():
            if outcome is Outcome.DROPPED:
                logger().error("message_dropped", leg=self.leg, reason=code, count=count)

    def _persist(self, write: Callable[[], None]) -> bool:
        """Write, waiting for a disk that is full or read-only; False when the sender should stop before it could.

        What is not settled then is sent and recorded again by whoever comes next.
        """
        while True:
            try:
                write()
            except (OSError, sqlite3.OperationalError) as error:
                self._failed(ApiAnswer(Decision.WAIT, "disk_unwritable", words=type(error).__name__))
            else:
                return True
            if not self._wait(_DISK_RETRY_S):
                return False

    def _discard(self) -> bool:
        """Give up what waits if the leg was told to discard; True if any."""
        is_told_to = self._switch is Switch.DISCARD
        if is_told_to:
            self._finish(self._read(), dropped("discarded"))
        return is_told_to

    def _drop_overflow(self) -> bool:
        """Give up the oldest messages of a leg that does not count and is over its bound; True if any."""
        surplus = self._surplus()
        if surplus is None:
            return False
        oldest = self.spool.read(self.leg, max_bytes=surplus.max_bytes, max_count=surplus.max_count)
        self._finish(oldest, dropped("spool_full"))
        return True

    def _surplus(self) -> Surplus | None:
        spool, leg = self.spool, self.leg
        counts = leg == self.stages.plan().authoritative
        return self.pace.surplus(pending=spool.pending(leg), pending_bytes=spool.pending_bytes(leg), counts=counts)

    def _failed(self, verdict: ApiAnswer) -> None:
        self.health.failed(verdict, pending=self.spool.pending(self.leg))
        self._remember_pause()

    def _remember_pause(self) -> None:
        if self.health.is_paused != (self.leg in self.spool.paused):
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk; then the next process asks for `drain`
                self.spool.set_paused(self.leg, is_paused=self.health.is_paused)

    def _wait_after(self, verdict: ApiAnswer) -> None:
        if verdict.decision is Decision.PAUSE:
            self._wait(self.pace.pause_s * self.random.uniform(0.5, 1.0))
        else:
            backoff = self.pace.backoff
            self._wait(backoff.wait_s(self.health.failures, retry_after_s=verdict.retry_after_s, random=self.random))

    def _wait(self, seconds: float) -> bool:
        """Wait, telling health meanwhile; False when the sender should stop."""
        until = monotonic_s() + seconds
        while not self._stopping:
            self.health.check(pending=self.spool.pending(self.leg))
            self.tick()
            left = until - monotonic_s()
            if left <= 0 or self._surplus() is not None or self._switch is not Switch.ON:
                return True
            with self._lock:
                if not self._stopping:
                    self._wakeup.wait(min(left, TICK_S, self.stages.look_every_s))
        return False
