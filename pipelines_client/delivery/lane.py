"""One spool with its senders, its ledger file and its run file: what one writer has under way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.delivery.admission import Bounds
from pipelines_client.delivery.sending.context import LaneContext
from pipelines_client.delivery.sending.fates import Delivery, Fate
from pipelines_client.delivery.sending.sender import TICK_S, Sender
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.reports import leg_report
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import SpoolClosedError, SpoolLostError
from pipelines_client.files import NO_SPACE
from pipelines_client.log import Throttle, logger
from pipelines_client.message.build import Message
from pipelines_client.signals import let_through
from pipelines_client.state.daily import DailyFile
from pipelines_client.state.dead_letters import DeadLetter, letters_of
from pipelines_client.state.ledger import LedgerWriter, Outcome
from pipelines_client.state.runfile import NO_STAGE_FILE, LegReport, RunFile

_RUNNING, _STOPPED, _CLOSED = "running", "stopped", "closed"
"""States in the run file; a client that was shut down is stopped until its next call."""
_REPEAT_S = 20.0  # `status` takes a process for silent after 30 s
_is_running = attrgetter("is_running")


class Lane:
    """A spool, a sender for each leg that we have a key for, and the files about them."""

    def __init__(
        self, spool: Spool, destinations: Mapping[str, Destination], context: LaneContext, *, lease_s: float = 0.0
    ) -> None:
        """Make a lane whose senders do not run yet. `destinations` are the legs to serve; `lease_s`: see `Sender`."""
        self.spool = spool
        self._stages, self._hooks, self._show = context.stages, context.hooks, context.show
        state = self._state = context.state
        self.ledger = LedgerWriter((lambda: state.ledger) if state else None, spool.writer)
        self._dead_letters = DailyFile((lambda: state.dead_letters) if state else None, spool.writer)
        self._troubles = Throttle()
        self._published_at = 0.0
        self._published: RunFile | None = None
        self._publishing = threading.RLock()  # a signal's handler may flush inside the flush that it interrupts
        self._started_at = iso_utc(utc_now())
        self._state_word = _RUNNING
        self.taken_over = {leg: spool.pending(leg) for leg in spool.legs}
        """Messages that waited when the lane was opened, by leg."""
        hooks = replace(context.hooks, on_progress=self._progressed, on_tick=self._tick)
        ours = replace(context, hooks=hooks)
        self.senders = {
            leg: Sender(spool, destination, ours, record=self._record, lease_s=lease_s)
            for leg, destination in destinations.items()
        }
        self._senders = tuple(self.senders.values())

    def append(self, message: Message, stamp: bytes, skips: Mapping[str, str]) -> bool:
        """Put a message into the spool and tell the senders; return whether all run. See `Spool.append`."""
        self.spool.append(stamp, message.body, skips, message if stamp else None)
        are_running = True
        for sender in self._senders:
            sender.appended()
            are_running &= sender.is_running
        return are_running

    @property
    def pending(self) -> dict[str, int]:
        """Messages that wait, by leg that is served."""
        return {leg: self.spool.pending(leg) for leg in self.senders}

    @property
    def is_running(self) -> bool:
        """Whether every sender runs."""
        return all(map(_is_running, self._senders))

    @property
    def is_done(self) -> bool:
        """Whether no sender runs."""
        return not any(sender.is_alive for sender in self.senders.values())

    def start(self) -> bool:
        """Start the senders that do not run; False if no thread could be started: what was taken waits on disk."""
        was_stopped, self._state_word = self._state_word != _RUNNING, _RUNNING
        self.publish(force=was_stopped)
        try:
            for sender in self.senders.values():
                if not sender.is_running:
                    sender.start()
        except Exception as error:  # noqa: BLE001 - a limit of threads, the end of the interpreter, an interrupted start
            let_through(error)
            self._say("sender_not_started", error)
            return False
        return True

    def hurry(self) -> None:
        """Send what is there, without waiting for full batches."""
        for sender in self.senders.values():
            sender.hurry()

    def retire(self) -> None:
        """Stop each sender once its queue is empty."""
        for sender in self.senders.values():
            sender.retire()

    def stop(self, until_s: float | None = None) -> bool:
        """Stop the senders after the request in flight; True if all have ended before the clock passes `until_s`."""
        for sender in self.senders.values():
            sender.stop()
        ended = [
            sender.join(None if until_s is None else max(0.0, until_s - monotonic_s()))
            for sender in self.senders.values()
        ]
        if all(ended):
            self._state_word = _STOPPED
        self.publish(force=True)
        return all(ended)

    def close(self) -> None:
        """Close the files. A spool with nothing left is removed once its counts are published; any other stays."""
        self._state_word = _CLOSED
        is_published = self.publish(force=True)
        for sender in self.senders.values():
            sender.http.close()
        self.ledger.close()
        self._dead_letters.close()
        self.spool.close(remove_if_settled=is_published)

    def publish(self, *, force: bool = False) -> bool:
        """Write the run file; return False if that failed, which is not worth raising.

        Unless forced, at most once a second, and one that says the same as the last only now and again.
        """
        if self._state is None or not self._publishing.acquire(blocking=force):
            return True
        try:
            now = monotonic_s()
            if force or now - self._published_at >= TICK_S:
                self.spool.note_newest()
                report = self.report()
                if force or now - self._published_at >= _REPEAT_S or not report.says_same(self._published):
                    self._published_at = now
                    report.write(self._state.made(self._state.run) / f"{self.spool.writer}.json")
                    self._published = report  # only now: one that could not be written is written a second later
        except OSError as error:  # the disk is full, or the folder cannot be used
            let_through(error)
            self._say("run_file_not_written", error)
            return False
        except (SpoolClosedError, SpoolLostError):
            pass  # another thread has closed the lane, and published last; or it is another process's now
        finally:
            self._publishing.release()
        return True

    def report(self) -> RunFile:
        """Return counts and health of each leg, as the run file has them."""
        return RunFile(
            {leg: self._leg_report(leg) for leg in self.spool.legs},
            writer=self.spool.writer,
            pid=os.getpid(),
            started_at=self._started_at,
            updated_at=iso_utc(utc_now()),
            stage=self._stages.plan().name,
            stage_file_error=self._stages.error,
            stage_file_mark=self._stages.mark if self._stages.has_file else NO_STAGE_FILE,
            state=self._state_word,
        )

    def _leg_report(self, leg: str) -> LegReport:
        counts, sender = leg_report(self.spool, leg), self.senders.get(leg)
        return sender.report(counts) if sender else counts

    def hold(self) -> None:
        """Before a fork: take the locks, so that the child inherits none that another thread holds."""
        self.spool.hold()
        self.ledger.hold()
        self._dead_letters.hold()

    def release(self) -> None:
        """After a fork, in the parent."""
        self._dead_letters.release()
        self.ledger.release()
        self.spool.release()

    def record(self, leg: str, entries: Sequence[Entry], fate: Fate) -> None:
        """Write one fate of messages that are not sent into the ledger.

        Raises:
            OSError: It cannot be written.
        """
        now = utc_now()
        fates = [fate] * len(entries)
        mark = self.spool.legs[leg]
        delivery = Delivery(leg, self.spool.writer, mark, iso_utc(now), entries, fates, self._show)
        self.ledger.append(delivery.lines, now=now)

    def _record(self, delivery: Delivery, now: datetime) -> None:
        """Keep refused messages as dead letters, then write all fates into the ledger.

        Raises:
            OSError: It cannot be written.
        """
        refused = delivery.records(Outcome.REJECTED) if self._state is not None else []
        if refused:
            destination = self.senders[delivery.leg].destination.fingerprint
            self._keep_letters(letters_of(refused, destination=destination), now)
        self.ledger.append(delivery.lines, now=now)

    def _keep_letters(self, letters: Sequence[DeadLetter], now: datetime) -> None:
        """Write dead letters; go on without them if only their folder cannot be used."""
        try:
            self._dead_letters.append_rows(letters, now=now)
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
            let_through(error)
            self._say("dead_letters_not_written", error)

    def _say(self, event: str, error: Exception) -> None:
        count = self._troubles.due(event)
        if count:
            logger().error(event, error=type(error).__name__, count=count)

    def _tick(self) -> None:
        self.publish()
        self._hooks.on_tick()

    def _progressed(self) -> None:
        self._hooks.on_progress()
        self._tick()


class Steady(NamedTuple):
    """What the express way of a call goes through while the process is `pid` and `lanes` has one, of an open spool."""

    pid: int
    lanes: list[Lane]
    bounds: Bounds
    keeps_facts: bool
    start: Callable[[Lane], None]
