"""One spool with its senders, its ledger file and its run file: what one writer has under way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.delivery.sending.http import Http
from pipelines_client.delivery.sending.pace import Pace
from pipelines_client.delivery.sending.sender import TICK_S, Sender
from pipelines_client.delivery.sending.tokens import Tokens, TokenSource
from pipelines_client.delivery.spool.birth_lock import births_held
from pipelines_client.delivery.spool.entry import ShowIdentity
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import SpoolClosedError
from pipelines_client.files import replace_file
from pipelines_client.message.build import Message
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.daily import DailyFile
from pipelines_client.state.dead_letters import letters_of
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import LedgerWriter, Outcome

_REMOVE_TIMEOUT_S = 1.0
_is_running = attrgetter("is_running")
MakeHttp = Callable[[Destination], Http]


class Lane:
    """A spool, the senders of the legs that we have keys for, and what is said about them."""

    def __init__(
        self,
        spool: Spool,
        destinations: Mapping[str, Destination],
        *,
        state: StateDir | None,
        ledger: LedgerWriter,
        make_http: MakeHttp,
        stages: StageWatch,
        pace: Pace,
        tell: Callable[[Delivery], None],
        oauth: TokenSource | None,
        show: ShowIdentity,
        on_progress: Callable[[], None],
        on_tick: Callable[[], None],
    ) -> None:
        self.spool = spool
        self.ledger = ledger
        self._stages = stages
        self._dead_letters = DailyFile(state.dead_letters, spool.writer) if state else None
        self._run_file = state.run / f"{spool.writer}.json" if state else None
        self._on_progress = on_progress
        self._on_tick = on_tick
        self._published_at = 0.0
        self._publishing = (
            threading.RLock()
        )  # a signal's handler may flush while the flush that it interrupts publishes
        self._started_at = iso_utc(utc_now())
        self.taken_over = {leg: spool.pending(leg) for leg in spool.legs}
        """Messages that waited when the lane was opened, by leg."""
        self.senders = {
            leg: Sender(
                spool,
                destination,
                make_http(destination),
                self._write_down,
                pace,
                stages,
                show,
                tell,
                self._tick,
                self._progressed,
                Tokens(oauth if destination.takes_oauth else None),
            )
            for leg, destination in destinations.items()
        }

        self._senders = tuple(self.senders.values())

    def append(self, message: Message, stamp: bytes, skips: Mapping[str, str]) -> None:
        """Put a message into the spool and tell the senders; see `Spool.append`."""
        self.spool.append(stamp, message.body, skips, message if stamp else None)
        for sender in self._senders:
            sender.appended()

    @property
    def pending(self) -> dict[str, int]:
        """Messages that wait, by leg we can serve."""
        return {leg: self.spool.pending(leg) for leg in self.senders}

    @property
    def is_damaged(self) -> bool:
        """Whether a sender found the spool's file damaged."""
        return any(sender.is_spool_damaged for sender in self.senders.values())

    @property
    def is_running(self) -> bool:
        """Whether every sender runs."""
        return all(map(_is_running, self._senders))

    @property
    def is_done(self) -> bool:
        """Whether no sender runs."""
        return not any(sender.is_alive for sender in self.senders.values())

    def start(self) -> None:
        """Start the senders that do not run."""
        self.publish()
        for sender in self.senders.values():
            if not sender.is_running:
                sender.start()

    def hurry(self) -> None:
        """Send what is there without waiting for company."""
        for sender in self.senders.values():
            sender.hurry()

    def retire(self) -> None:
        """Have the senders end once they are level."""
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
        self.publish(force=True)
        return all(ended)

    def close(self) -> None:
        """Close the files; a spool that is level is removed once its counts are published, any other waits."""
        is_published = self.publish(force=True, state="closed")
        for sender in self.senders.values():
            sender.http.close()
        self.ledger.close()
        if self._dead_letters is not None:
            self._dead_letters.close()
        if self.spool.path is None:
            self.spool.close()
            return
        # Nobody may open the file while it goes: whoever did would meet half of it.
        with births_held(self.spool.path.parent, timeout_s=_REMOVE_TIMEOUT_S) as is_ours:
            self.spool.close(remove_if_level=is_published and is_ours)

    def publish(self, *, force: bool = False, state: str = "running") -> bool:
        """Write the run file, at most once a second unless forced; False if that failed, which is not worth raising."""
        if self._run_file is None or not self._publishing.acquire(blocking=force):
            return True
        try:
            now = monotonic_s()
            if force or now - self._published_at >= TICK_S:
                self._published_at = now
                replace_file(self._run_file, orjson.dumps({**self.status(), "state": state}))
        except OSError:
            return False  # the disk is full
        except SpoolClosedError:
            pass  # another thread has closed the lane, and published last
        finally:
            self._publishing.release()
        return True

    def status(self) -> dict[str, Any]:
        """Return counts and health of each leg, as the run file has them."""
        return {
            "writer": self.spool.writer,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "updated_at": iso_utc(utc_now()),
            "stage": self._stages.plan().name,
            "stage_file_error": self._stages.error,
            "legs": {leg: self._leg_status(leg) for leg in self.spool.legs},
        }

    def _leg_status(self, leg: str) -> dict[str, Any]:
        sender = self.senders.get(leg)
        return {**leg_counts(self.spool, leg), **(sender.health_as_dict() if sender else {})}

    def hold(self) -> None:
        """Before a fork: let no thread be inside a lock that the child would inherit."""
        self.spool.hold()
        self.ledger.hold()
        if self._dead_letters is not None:
            self._dead_letters.lock.acquire()

    def release(self) -> None:
        """After a fork, in the parent."""
        if self._dead_letters is not None:
            self._dead_letters.lock.release()
        self.ledger.release()
        self.spool.release()

    def _write_down(self, delivery: Delivery, now: datetime) -> None:
        """Write what became of messages into the ledger, and keep those that were refused.

        Raises:
            OSError: It cannot be written.
        """
        if self._dead_letters is not None:
            refused = delivery.records(Outcome.REJECTED)
            if refused:
                self._dead_letters.append(letters_of(refused), now=now)
        self.ledger.append(delivery.lines, now=now)

    def _tick(self) -> None:
        self.publish()
        self._on_tick()

    def _progressed(self) -> None:
        self._on_progress()
        self._tick()


def leg_counts(spool: Spool, leg: str) -> dict[str, Any]:
    """Return a leg's counts; `recorded` is counted apart from the others, so that their sum can be checked."""
    recorded, pending, tally = spool.counts(leg)
    by_outcome: dict[str, dict[str, int]] = {outcome.value: {} for outcome in Outcome}
    for (outcome, reason), count in sorted(tally.items()):
        by_outcome[outcome.value][reason] = count
    return {
        "recorded": recorded,
        "pending": pending,
        "accepted": sum(by_outcome["accepted"].values()),
        **{name: by_outcome[name] for name in ("rejected", "dropped", "skipped")},
        "oldest_pending_at": spool.oldest_pending_at(leg),
    }
