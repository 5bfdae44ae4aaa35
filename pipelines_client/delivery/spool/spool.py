"""The durable log of messages that wait: append, read, settle.

A log with an increasing `seq` and one cursor per leg, not a state per message: appending is one line, settling a batch
one update. All messages are in the log for all legs; a message that a leg skips says so in `skips`. So for each leg

    recorded = last seq + refused   and   pending = last seq - cursor

while outcomes are counted separately as the cursor moves: `recorded = pending + outcomes` is a check, not a
definition.

The messages are in plain files (`logfiles`), the cursors in one more (`cursors`), and a lock file makes all exclusive
to their process (`owning`, docs/adr/0013). A kill loses nothing for which `append` has returned; a loss of power may
lose what the operating system had not written yet, by default up to half a minute.
"""

from __future__ import annotations

import errno
import shutil
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path

from pipelines_client.delivery.spool.cursors import Cursors, Standing, Tally
from pipelines_client.delivery.spool.entry import Entry, without_gaps
from pipelines_client.delivery.spool.keeping import Folder, SpoolFiles, new_standing, open_files
from pipelines_client.delivery.spool.logfiles import LogFiles, Piece
from pipelines_client.errors import SpoolClosedError, SpoolError, SpoolLostError, SpoolReenteredError
from pipelines_client.files import DescriptorLostError, OpenFile
from pipelines_client.log import logger
from pipelines_client.message.build import Message
from pipelines_client.signals import is_from_signal, suppressing
from pipelines_client.state.ledger import Outcome

MAX_TAIL_BYTES = 16 << 20  # kept in memory for the senders, so that a leg that keeps up never reads the disk
LOOK_EVERY_BYTES = 64 << 10  # how much is written between two checks of the disk: other processes fill it as well
LEDGER_SHARE = 3  # bytes of the ledger for a byte that waits: the records of both legs outweigh a small message
DAMAGED = "damaged"  # why a message goes to no leg: its line in the log was damaged

_seq, _end = attrgetter("seq"), attrgetter("end")


class Spool:
    """One log, safe for threads; `path=None` keeps the contract in memory."""

    def __init__(
        self,
        path: Path | None,
        *,
        legs: Mapping[str, str],
        writer: str,
        lock_file: OpenFile | None = None,
        is_reading: bool = False,
        folder: Folder | None = None,
    ) -> None:
        """Open or create a log.

        Args:
            path: The file of its cursors; its folder exists, and the log is beside it. None: in memory.
            legs: For each leg that a new log serves, a fingerprint of its destination. An existing one keeps its own.
                Empty: only open a log that exists.
            writer: The name of its writer; an existing log keeps its own.
            lock_file: Its lock, if the caller has taken it.
            is_reading: Change nothing, and lock it only against adoption.
            folder: See `SpoolFiles`.

        Raises:
            SpoolBusyError: A living process owns it.
            SpoolEmptyError: `legs` is empty, and the file is not a spool yet.
            SpoolError: The file is a spool of another version.
            StateDamagedError: The file of the cursors is damaged.
            OSError: A file cannot be opened or read.
        """
        # Both are reentrant: a signal's handler may call while the call that it interrupts holds one.
        self._lock = threading.RLock()  # of the log: held for a moment by each append
        self._cursor_lock = threading.RLock()  # of the cursors: an append does not wait until they are written
        self._is_closed = self._is_appending = False
        self.is_lost = False  # to another process, after the application had closed our descriptors
        self._files: SpoolFiles | None = None
        last_seq = end = 0
        if path is None:
            self._cursors, self._log = Cursors(None, new_standing(legs, writer)), None
        else:
            files = open_files(path, legs, writer, lock_file=lock_file, is_reading=is_reading, folder=folder)
            self._files, self._cursors, self._log = files, files.cursors, files.log
            try:
                last_seq, end = files.log.newest(is_reading=is_reading)
            except BaseException:
                files.let_go()
                raise
        # A loss of power, or a cleaner, may cut off the log what was settled already, or what is known to have waited.
        standing = self._cursors.standing
        places = [standing.newest, *(cursor.place for cursor in standing.cursors.values())]
        self.last_seq = max(last_seq, *(seq for seq, _ in places))
        """The `seq` of the newest message; 0 before the first. A number is never used twice."""
        self.total_bytes = max(end, *(size for _, size in places))
        """The bytes of all bodies since the log began."""
        self._look_at = self.total_bytes + LOOK_EVERY_BYTES
        self._tail: list[Entry] = []
        self._windows: dict[str, list[Entry]] = {}  # for a leg that is behind: what it has read from the disk

    @property
    def path(self) -> Path | None:
        """The file of the cursors; None in memory."""
        return self._files.path if self._files is not None else None

    @property
    def writer(self) -> str:
        """The name of the log's writer."""
        return self._cursors.standing.writer

    @property
    def legs(self) -> dict[str, str]:
        """The fingerprint of each leg's destination."""
        return dict(self._cursors.standing.legs)

    @property
    def paused(self) -> frozenset[str]:
        """The legs that stand still because of a wrong key or host; see `set_paused`."""
        return self._cursors.standing.paused

    def append(self, stamp: bytes, body: bytes, skips: Mapping[str, str], message: Message | None = None) -> int:
        """Write one message (see `Entry`) and return its `seq` once a kill can no longer lose it.

        Raises:
            SpoolClosedError: After `close`.
            SpoolReenteredError: Called by a signal's handler inside another `append` of the same thread.
            SpoolLostError: Another process owns the spool now.
            OSError: It could not be written and is not in the log.
        """
        try:
            with self._lock:
                if self._is_closed:
                    raise SpoolClosedError("the spool is closed")
                if self._is_appending:
                    raise SpoolReenteredError("a signal's handler interrupted an append")
                try:
                    self._is_appending = True
                    tail, log = self._tail, self._log
                    if tail and tail[-1].seq != self.last_seq:
                        self._note_newest()
                    seq, end = self.last_seq + 1, self.total_bytes + len(body)
                    entry = Entry(seq, end, stamp, body, skips, message)
                    tail.append(entry)  # first, so that its number is taken whatever a signal's handler raises
                    if log is not None:
                        self._log_newest(entry, log, tail)
                    self.last_seq, self.total_bytes = seq, end
                    return seq
                finally:
                    self._is_appending = False
        except (DescriptorLostError, FileNotFoundError):  # closed by the application, or the folder was removed
            if not self.keep():
                raise
        return self.append(stamp, body, skips, message)

    def _log_newest(self, entry: Entry, log: LogFiles, tail: list[Entry]) -> None:
        try:
            if entry.end >= self._look_at:
                self._look_for_room(entry.end)
            log.append(entry)
        except OSError as error:
            if not is_from_signal(error):  # else it may be partly written, and its number stays taken
                tail.remove(entry)
            raise
        if entry.end - tail[0].end > MAX_TAIL_BYTES:
            del tail[: len(tail) // 2]

    def _note_newest(self) -> None:
        """Count the newest message, in case an exception between two steps of `append` has left it uncounted."""
        if self._tail:
            newest = self._tail[-1]
            self.last_seq, self.total_bytes = newest.seq, newest.end

    def read(self, leg: str, *, max_bytes: int, max_count: int) -> list[Entry]:
        """Return the oldest messages that `leg` has not settled, without taking them.

        Reading twice gives the same messages: only `settle` moves the leg's cursor.

        Args:
            leg: A leg of this spool.
            max_bytes: Most bytes of bodies; the first message is returned even if larger.
            max_count: Most messages, 1 or more.

        Returns:
            Messages in the order they were appended; empty if none wait.

        Raises:
            SpoolClosedError, OSError: After `close`; or the log cannot be read.
        """
        seq, passed = self.place(leg)
        entries: list[Entry] = []
        while True:
            with self._lock:
                if self._is_closed:
                    raise SpoolClosedError("the spool is closed")
                self._note_newest()
                if seq >= self.last_seq or len(entries) >= max_count:
                    return entries
                block = self._block(leg, seq + 1)
                if block:
                    start = seq + 1 - block[0].seq
                    stop = bisect_right(block, passed + max_bytes, lo=start, key=_end)
                    if not entries:
                        stop = max(stop, start + 1)
                    stop = min(stop, start + max_count - len(entries))
                    entries += block[start:stop]
                    if stop < len(block):
                        return entries
                    seq = block[-1].seq
                    continue
                assert self._log is not None  # noqa: S101 - in memory, the tail holds everything
                piece, last_seq = self._log.locate(seq + 1), self.last_seq
            # Not under the lock: a leg that is behind reads for long, and an append must not wait for that.
            end = entries[-1].end if entries else passed
            self._windows[leg] = self._read_piece(piece, seq + 1, end, last_seq)

    def settle(self, leg: str, entries: Sequence[Entry], tally: Tally) -> None:
        """Move the leg's cursor past `entries`, which are its next ones, and count their outcomes.

        Raises:
            SpoolClosedError: After `close`.
            SpoolError: They are not the next ones, or another process owns the spool now (`SpoolLostError`).
            OSError: It could not be written, and the cursor has not moved.
        """
        if not entries:
            return
        with self._cursor_lock:
            before = self.place(leg)[0]
            if entries[0].seq != before + 1 or entries[-1].seq != before + len(entries):
                raise SpoolError(f"leg {leg} is at {before}; cannot settle {entries[0].seq} to {entries[-1].seq}")
            self.keep()
            self._cursors.settle(leg, (entries[-1].seq, entries[-1].end), tally)
        with self._lock:
            self._forget_passed()

    def refuse(self, outcomes: Mapping[str, tuple[Outcome, str]], count: int = 1) -> None:
        """Count messages that never entered the log, with their outcome on each leg; raises as `set_paused`."""
        with self._cursor_lock:
            self._cursors.refuse(outcomes, count)

    @contextmanager
    def changing(self) -> Iterator[Cursors]:
        """Yield the cursors while no other thread changes them, with the files in place; raises as `keep`."""
        with self._cursor_lock:
            self.keep()
            yield self._cursors

    @property
    def standing(self) -> Standing:
        """How far each leg has come."""
        return self._cursors.standing

    def set_paused(self, leg: str, *, is_paused: bool) -> None:
        """Store that a leg stands still because its key or host is wrong; the next process reads it.

        Raises:
            SpoolClosedError: After `close`.
            OSError: It could not be written.
        """
        with self._cursor_lock:
            self._cursors.set(paused=self.paused | {leg} if is_paused else self.paused - {leg})

    def keep(self) -> bool:
        """Make sure that the files are on disk and ours; return whether some had been removed or closed from outside.

        Those are written anew from memory. What it no longer holds is lost, and is counted when a leg comes to it.

        Raises:
            SpoolLostError, OSError: Another process owns the spool now, or they cannot be written.
        """
        files = self._files
        with self._cursor_lock:
            if files is None or self._is_closed or files.is_in_place:
                return False
            with self._lock:
                if files.is_in_place:  # it was another thread, which began a file of the log
                    return False
                passed = self._passed()
                logger().error("spool_files_removed", pending=self.last_seq - passed, cure="do not remove them")
                try:
                    files.renew([entry for entry in self._tail if entry.seq > passed])
                except SpoolLostError:
                    self.is_lost = True
                    raise
                return True

    @property
    def newest(self) -> tuple[int, int]:
        """The `seq` of the newest message, and the bytes of all bodies."""
        return self.last_seq, self.total_bytes

    def note_newest(self) -> None:
        """Write down how far the log goes, so that what is cut off it later can be counted; raises as `settle`."""
        with self.changing() as cursors:
            if cursors.standing.newest < self.newest:
                cursors.set(newest=self.newest)

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""
        return self.last_seq - self._cursors.standing.places[leg][0]

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""
        return self.total_bytes - self._cursors.standing.places[leg][1]

    def place(self, leg: str) -> tuple[int, int]:
        """Return the `seq` up to which the leg has settled everything, and the bytes of all bodies up to there."""
        return self._cursors.standing.places[leg]

    def _passed(self) -> int:
        """Return the `seq` that every leg has passed."""
        return min(cursor.seq for cursor in self._cursors.standing.cursors.values())

    def oldest_pending_at(self, leg: str) -> str | None:
        """Return when the leg's oldest unsettled message was appended, as ISO-8601 UTC."""
        oldest = self.read(leg, max_bytes=0, max_count=1)
        return oldest[0].stamped().get("appended_at") if oldest else None

    def counts(self, leg: str) -> tuple[int, int, Tally]:
        """Return how many messages were recorded for the leg, how many wait, and the outcomes, all at one moment."""
        with self._cursor_lock:
            last_seq, cursor = self.last_seq, self._cursors.standing.cursors[leg]
            return last_seq + cursor.refused, last_seq - cursor.seq, Counter(cursor.outcomes)

    @property
    def is_settled(self) -> bool:
        """Whether every leg has settled all its messages."""
        return all(self.pending(leg) == 0 for leg in self.legs)

    def close(self, *, remove_if_settled: bool = False) -> bool:
        """Close the files; remove them if no message waits and the caller wants that. True if they were removed."""
        with self._cursor_lock, self._lock:
            if self._is_closed:
                return False
            self._is_closed = True
            is_removed = remove_if_settled and self._files is not None and self.is_settled and self.is_ours
            self._cursors.close()
            if self._files is not None:
                self._files.remove() if is_removed else self._files.let_go()
            return is_removed

    @property
    def is_ours(self) -> bool:
        """Whether all files are in place and ours; False as well if the disk does not say."""
        with suppressing(OSError):
            return self._files is None or self._files.is_in_place
        return False

    def leak(self) -> None:
        """Give up what is the parent's: for a forked child, whose copies of the locked files are closed already."""
        self._is_closed = True

    def hold(self) -> None:
        """Take the locks, so that no other thread holds one while the process forks."""
        self._cursor_lock.acquire()
        self._lock.acquire()

    def release(self) -> None:
        """Give the locks back."""
        self._lock.release()
        self._cursor_lock.release()

    def _look_for_room(self, end: int) -> None:
        """Refuse a message that would fill the disk: what waits can be settled only while the ledger has room."""
        assert self.path is not None  # noqa: S101 - in memory, no disk is filled
        waiting = end - min(cursor.size for cursor in self._cursors.standing.cursors.values())
        if shutil.disk_usage(self.path.parent).free < LEDGER_SHARE * waiting:
            raise OSError(
                errno.ENOSPC, "not enough disk space for the ledger records of waiting messages; free some space"
            )
        self._look_at = end + LOOK_EVERY_BYTES

    def _block(self, leg: str, seq: int) -> list[Entry] | None:
        """Return entries without a gap that include `seq`, if they are in memory: the tail, or what a leg has read."""
        if self._tail and self._tail[0].seq <= seq:
            self._windows.pop(leg, None)
            return self._tail
        window = self._windows.get(leg)
        return window if window and window[0].seq <= seq <= window[-1].seq else None

    def _read_piece(self, piece: Piece | None, seq: int, end: int, last_seq: int) -> list[Entry]:
        """Read a piece of the log from `seq` on; a line that cannot be read gives a lost entry."""
        entries: list[Entry] = []
        if piece is not None and self._files is not None:
            self.keep()
            entries = sorted(self._files.read(piece), key=_seq)  # sorted, unless the file was edited
            last_seq = last_seq if piece.last_seq is None else piece.last_seq
        found = [entry for entry in entries if seq <= entry.seq <= last_seq]
        return without_gaps(found, seq, end, last_seq, skips=dict.fromkeys(self.legs, DAMAGED))

    def _forget_passed(self) -> None:
        passed = self._passed()
        if self._tail and self._tail[0].seq <= passed:
            del self._tail[: passed + 1 - self._tail[0].seq]
        if self._log is not None:
            self._log.trim(passed)
