"""The delivery of one client: its spool and senders through start, append, flush, fork and exit.

Nothing is opened before the first message (or `flush`), so importing, constructing and forking cost nothing. A forked
child starts with a new lane and never touches the parent's files.
"""

from __future__ import annotations

import math
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines_client.clock import monotonic_after, monotonic_s
from pipelines_client.config import Settings
from pipelines_client.delivery import metrics, processes
from pipelines_client.delivery.admission import FULL, Bounds
from pipelines_client.delivery.adoption import Turn
from pipelines_client.delivery.announcements import say_adopted, say_started
from pipelines_client.delivery.callbacks import Callbacks
from pipelines_client.delivery.lane import Lane, Steady
from pipelines_client.delivery.opening import MAX_ADOPTED, LaneOpener
from pipelines_client.delivery.refusing import RefusedCalls
from pipelines_client.delivery.sending.context import Hooks
from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.delivery.sending.tokens import TokenSource
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import PipelinesError, SpoolLostError, SpoolReenteredError
from pipelines_client.message.build import Message
from pipelines_client.routing.plan import Plan
from pipelines_client.routing.watch import StageWatch
from pipelines_client.signals import let_through, suppressing
from pipelines_client.state.layout import StateDir
from pipelines_client.state.runfile import LegReport

ON_STOPPED_JOIN_S = 30.0
_FLUSH_STEP_S = 0.1
_START_AGAIN_S = 1.0
PATIENCE_S = 3.0
"""Seconds a flush waits for a failing leg that does not count: enough for one 429, not for a leg that is down."""


@dataclass(frozen=True, slots=True)
class FlushResult:
    """What is left after a flush: messages that still wait, by leg. True if none wait."""

    pending: Mapping[str, int]

    @property
    def left(self) -> int:
        """Messages that wait on the leg with the most."""
        return max(self.pending.values(), default=0)

    def __bool__(self) -> bool:
        return self.left == 0


class Pipeline:
    """The delivery of one client. Safe for threads and forks."""

    def __init__(
        self,
        settings: Settings,
        destinations: Sequence[Destination],
        stages: StageWatch,
        *,
        on_delivery: Callable[[Delivery, Callbacks], None],
        wants_records: bool,
        oauth: TokenSource | None,
    ) -> None:
        self._settings = settings
        self._legs = tuple(destination.name for destination in destinations)
        self._stages = stages
        most = settings.spool_max_bytes, settings.max_queue_size, settings.max_message_bytes
        self._bounds = Bounds(*most, len(self._legs), settings.on_full == "drop_oldest")
        hooks = Hooks(
            lambda delivery: on_delivery(delivery, self._callbacks),
            on_progress=self._progressed,
            on_tick=self._look_around,
            wants_records=wants_records,
        )
        self._opener = LaneOpener(settings, destinations, stages, hooks=hooks, oauth=oauth)
        self._reset()
        processes.LIVE.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._progress_lock = threading.RLock()  # taken directly, as in `Sender`
        self._progress = threading.Condition(self._progress_lock)
        self._callbacks = Callbacks()
        self._pid = os.getpid()
        self._lanes: list[Lane] = []  # the first is ours, the others are adopted
        self._is_closing = self._is_ending = False
        self._turn = Turn(lambda: self._opener.state)
        self._start_again_s = 0.0
        self._refused = RefusedCalls()

    # What the client calls

    def take(self, message: Message, skips: Mapping[str, str], plan: Plan) -> str | None:
        """Put a message into the spool; return None once it is there, else the reason why it is not.

        Args:
            message: Built and checked.
            skips: Why a leg skips it, by leg.
            plan: The plan that routed it; the message keeps its stage, even if the stage has changed when it is sent.
        """
        try:
            try:
                return self._append(self._opened(), message, skips, plan)
            except SpoolLostError:
                return self._append(self._renewed(), message, skips, plan)
            except SpoolReenteredError:
                return self._append_apart(message, skips, plan)
        except (OSError, PipelinesError) as error:
            return self._refused.not_taken(error)

    def _append(self, lane: Lane, message: Message, skips: Mapping[str, str], plan: Plan) -> str | None:
        reason = self._bounds.refusal(message, skips, lane.spool, plan.authoritative)
        if reason in FULL and self._settings.on_full == "block":
            reason = self._wait_for_room(lane, message, skips, plan.authoritative)
        if reason is not None:
            stamp = self._opener.stamp(message, plan.name)
            self._refused.note(lane, Entry(0, 0, stamp, message.body, skips, message), reason, self._legs)
            return reason
        if not lane.append(message, self._opener.stamp(message, plan.name), skips):
            self._start(lane)  # only now: the message is on disk, whether or not a thread can be had
        return None

    def steady(self) -> Steady:
        """Return what stays the same from call to call."""
        return Steady(self._pid, self._lanes, self._bounds, self._opener.keeps_facts, self._start)

    def nothing_left(self) -> FlushResult:
        """Return the result of a flush that has nothing to deliver."""
        return FlushResult(dict.fromkeys(self._legs, 0))

    def flush(self, timeout_s: float | None = None) -> FlushResult:
        """Deliver what is there; return when it is delivered, when no leg can deliver, or when time is up."""
        until = monotonic_after(self._settings.flush_timeout_s if timeout_s is None else timeout_s)
        if (not self._lanes or self._pid != os.getpid()) and not self._has_leftovers():
            return self.nothing_left()
        lane = self._opened()
        if any(lane.pending.values()):
            self._start(lane)
        self.hurry()
        self._look_around(is_asked=True)
        while self._is_waiting_useful(until) and (seconds := until - monotonic_s()) > 0:
            with self._progress_lock:
                self._progress.wait(min(seconds, _FLUSH_STEP_S))
            self._look_around(is_asked=True)
        self._callbacks.wait_idle(until)
        for lane in list(self._lanes):
            lane.publish(force=True)
        left = self.pending()
        self._close_adopted()
        return FlushResult(left)

    def stop(self, timeout_s: float | None = None) -> bool:
        """Stop after the requests in flight; what is left stays. The next message starts the senders again."""
        until = monotonic_after(ON_STOPPED_JOIN_S if timeout_s is None else timeout_s)
        stopped = [lane.stop(until) for lane in list(self._lanes)]
        return all(stopped)

    def retire(self) -> None:
        """Deliver what is left in the background, then close: the client was garbage-collected.

        The garbage collector may run in any thread and inside any of our locks, so this takes no lock.
        """
        if not self._lanes:
            processes.LIVE.discard(self)
            return
        with suppressing(RuntimeError):  # no thread to be had: the end of the process closes it
            threading.Thread(target=self._close_when_settled, name="pipelines-client-retire", daemon=True).start()

    @property
    def exit_timeout_s(self) -> float:
        """Seconds the end of the process may take for this pipeline."""
        return self._settings.exit_timeout_s

    def hurry(self) -> None:
        """Send what is there, without waiting for full batches."""
        for lane in list(self._lanes):
            lane.hurry()

    def close(self, until_s: float) -> None:
        """End of the process: deliver what can be delivered until then, begin nothing later, leave the rest on disk."""
        self._is_ending = True
        try:
            if (left_s := until_s - monotonic_s()) > 0 and (any(self.pending().values()) or self._callbacks.is_busy):
                self.flush(left_s)
        finally:
            self._close_lanes(until_s)

    def pending(self) -> dict[str, int]:
        """Return the messages that wait, by leg, adopted ones included."""
        totals = Counter(dict.fromkeys(self._legs, 0))
        for lane in list(self._lanes):
            totals.update(lane.pending)
        return dict(totals)

    def leg_reports(self) -> list[tuple[str, LegReport]]:
        """Return counts and health of each leg of each lane, ours and adopted."""
        return [leg for lane in list(self._lanes) for leg in lane.report().legs.items()]

    @property
    def is_running(self) -> bool:
        """Whether a sender's thread runs."""
        return any(sender.is_alive for lane in list(self._lanes) for sender in lane.senders.values())

    # Starting

    def _opened(self) -> Lane:
        """Return our lane, opened at the first call; its senders may not run yet."""
        if self._pid != os.getpid():
            self.forget()  # forked without Python's hooks, as uWSGI does without threads
        lanes = self._lanes
        if len(lanes) > 1:
            self._close_adopted()
        if lanes:
            return self._renewed() if lanes[0].spool.is_lost else lanes[0]
        with self._lock:
            if not self._lanes:
                processes.watch_exit()
                metrics.register()
                self._lanes = [self._opener.open_own()]
                self._turn = Turn(lambda: self._opener.state)
                state = self._opener.state
                say_started(self._lanes[0], stage=self._stages.plan().name, state_dir=state.place if state else None)
            return self._lanes[0]

    def _start(self, lane: Lane) -> None:
        """Start the senders of a lane; after a failure, not again for a second."""
        if monotonic_s() < self._start_again_s:
            return
        with self._lock:
            if not lane.start():
                self._start_again_s = monotonic_s() + _START_AGAIN_S

    def _renewed(self) -> Lane:
        """Go on with a new lane after another process took over the spool; it delivers what waits there."""
        with self._lock:
            if self._lanes[0].spool.is_lost:
                self._lanes[0].stop(monotonic_s())
                self._lanes.insert(0, self._opener.open_own())
            return self._lanes[0]

    def _append_apart(self, message: Message, skips: Mapping[str, str], plan: Plan) -> str | None:
        """Take a signal handler's message into another lane: the call that it interrupts is writing into ours."""
        with self._lock:
            spare = self._opener.open_own()
            reason = self._append(spare, message, skips, plan)
            spare.retire()
            self._lanes.append(spare)
        return reason

    def _look_around(self, *, is_asked: bool = False) -> None:
        """Adopt what dead processes left; called now and again by senders, and by `flush` (`is_asked`)."""
        if len(self._lanes) > 1:
            self._close_adopted()
        if not (is_asked or self._is_ending):
            self._stages.save_people()
        if self._is_ending or not self._turn.is_due(is_asked=is_asked) or not self._lock.acquire(blocking=False):
            return
        try:
            self._try_disk_again()
            free = MAX_ADOPTED + 1 - len(self._lanes)
            if not self._lanes or free <= 0 or self._is_closing:
                return
            with self._turn.taken(is_asked=is_asked) as is_ours:
                if is_ours:
                    adopted = self._opener.adopt_dead(held=self._lanes, most=free)
                    self._lanes += adopted
                    say_adopted(adopted)
                    self._turn.note(may_be_more=len(adopted) >= free, leased_until=self._opener.leased_until)
        finally:
            self._lock.release()

    def _try_disk_again(self) -> None:
        """Go back to the disk once the state directory can be used and nothing waits in memory, so that order holds."""
        if self._lanes and self._opener.state is None and not self._is_closing and self._lanes[0].spool.is_settled:
            lane = self._opener.open_again()
            if lane is not None:
                self._lanes[0].retire()
                self._lanes.insert(0, lane)

    def _has_leftovers(self) -> bool:
        if self._opener.state is None:
            return False
        try:
            with os.scandir(StateDir(self._opener.state.place).spool) as files:
                return next(files, None) is not None
        except OSError as error:
            let_through(error)
            return False

    def _close_adopted(self) -> None:
        """Close the adopted lanes whose senders are done, unless another thread does."""
        if self._lock.acquire(blocking=False):
            try:
                for lane in [lane for lane in self._lanes[1:] if lane.is_done]:
                    if lane in self._lanes:  # else a signal's handler has closed it in between
                        self._lanes.remove(lane)
                        lane.close()
            finally:
                self._lock.release()

    # Refusing

    def _wait_for_room(self, lane: Lane, message: Message, skips: Mapping[str, str], leg: str) -> str | None:
        """Wait for room for a message, up to `block_timeout_s`; return why there still is no room, else None."""
        until, bounds = monotonic_s() + self._settings.block_timeout_s, self._bounds
        self._start(lane)
        lane.hurry()
        with self._progress_lock:
            while (reason := bounds.refusal(message, skips, lane.spool, leg)) and (left := until - monotonic_s()) > 0:
                self._progress.wait(min(left, 0.1))
        return reason

    # Waiting and ending

    def _progressed(self) -> None:
        with self._progress_lock:
            self._progress.notify_all()

    def _is_waiting_useful(self, until_s: float) -> bool:
        """Whether a leg has messages that could still go.

        A flush waits for the leg that counts; for the other leg until it has failed for `PATIENCE_S`; and for the
        spools of dead processes, of which `MAX_ADOPTED` are drained at a time, also if a lease on them ends in time.
        """
        lanes, plan = list(self._lanes), self._stages.plan()
        if self._turn.may_be_more and sum(not lane.is_done for lane in lanes[1:]) < MAX_ADOPTED:
            return True
        lease_s = self._turn.leased_for_s
        if lease_s is not None and lease_s < until_s - monotonic_s() and not self._is_ending:
            return True
        for lane in lanes:
            for leg, sender in lane.senders.items():
                if not lane.spool.pending(leg) or not sender.is_trying:
                    continue
                if leg == plan.authoritative or sender.health.failing_for_s < PATIENCE_S:
                    return True
        return False

    def _close_when_settled(self) -> None:
        """Deliver what is left, then close; what cannot go in time stays on disk for the next process."""
        with self._lock:
            if self._is_closing:
                return
            lanes = list(self._lanes)
            is_in_memory = self._opener.state is None
            is_wanted = is_in_memory or any(lane.is_running for lane in lanes)  # else it was stopped on purpose
            for lane in lanes if is_wanted else ():
                if any(lane.pending.values()):
                    lane.start()
                lane.retire()
        until = math.inf if is_in_memory else monotonic_s() + self._settings.flush_timeout_s
        for sender in [sender for lane in lanes if is_wanted for sender in lane.senders.values()]:
            sender.join(None if is_in_memory else max(0.0, until - monotonic_s()))
        with self._lock:
            if self._lanes and not self._is_closing:
                self._close_lanes(monotonic_s())

    def _close_lanes(self, until_s: float) -> None:
        with self._lock:
            self._is_closing = True
        self.stop(max(0.0, until_s - monotonic_s()))
        with self._lock:
            for lane in self._lanes:
                lane.close()
            self._lanes = []
            self._is_closing = False
            self._callbacks.close()
        processes.LIVE.discard(self)

    # Fork

    def hold(self) -> None:
        """Before a fork: take the locks, so that the child inherits none that another thread holds."""
        self._lock.acquire()
        for lane in self._lanes:
            lane.hold()

    def release(self) -> None:
        """After a fork, in the parent."""
        for lane in self._lanes:
            lane.release()
        self._lock.release()

    def forget(self) -> None:
        """After a fork, in the child: forget the parent's files and sockets without closing them."""
        for lane in self._lanes:
            lane.spool.leak()
        self._reset()
