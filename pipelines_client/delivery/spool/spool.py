"""The durable log of messages that wait: append, read, settle.

A log with an increasing `seq` and one cursor per leg, not a state per message: appending is one line, settling a batch
one update. All messages are in the log for all legs; a message that a leg skips says so in `skips`. So for each leg

    recorded = last seq + refused   and   pending = last seq - cursor

while outcomes are counted separately as the cursor moves: `recorded = pending + outcomes` is a check, not a
definition.

The messages are in plain files (`logfiles`), the cursors in SQLite (`cursors`), whose lock makes both exclusive to
their process (docs/adr/0007). A kill loses nothing for which `append` has returned; a loss of power may lose what
the operating system had not written yet, by default up to half a minute.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path

import orjson

from pipelines_client.delivery.spool.cursors import Cursors, Tally, set_aside
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.logfiles import LogFiles, Piece, spools_of_logs
from pipelines_client.errors import SpoolClosedError, SpoolError, SpoolReenteredError
from pipelines_client.message.build import Message
from pipelines_client.signals import is_from_signal
from pipelines_client.state.ledger import Outcome

MAX_TAIL_BYTES = 16 << 20  # kept in memory for the senders, so that a leg that keeps up never reads the disk
LOOK_EVERY_BYTES = 64 << 10  # how much is written between two checks of the disk: other processes fill it as well
LEDGER_SHARE = 3
"""Bytes that the ledger may take for each byte that waits: the records of both legs outweigh a small message."""
DAMAGED = "damaged"
"""Why a message goes to no leg: its line in the log was damaged."""

_seq, _end = attrgetter("seq"), attrgetter("end")


class Spool:
    """One log, safe for threads; `path=None` keeps the contract in memory."""

    def __init__(self, path: Path | None, *, legs: Mapping[str, str], writer: str) -> None:
        """Open or create a log.

        Args:
            path: The file of its cursors; its folder exists, and the log is beside it. None: in memory.
            legs: For each leg that a new log serves, a fingerprint of its destination. An existing one keeps its own.
                Empty: only open a log that exists.
            writer: The name of its writer; an existing log keeps its own.

        Raises:
            SpoolBusyError: A living process owns it.
            SpoolEmptyError: `legs` is empty, and the file is not a spool yet.
            SpoolError: The file is a spool of another version.
            sqlite3.Error: The file of the cursors cannot be opened or is damaged.
            OSError: The log cannot be read.
        """
        self.path = path
        # Both are reentrant: a signal's handler may call while the call that it interrupts holds one.
        self._lock = threading.RLock()  # of the log: held for a moment by each append
        self._cursor_lock = threading.RLock()  # of the cursors: an append does not wait until they are written
        self._is_closed = self._is_appending = False
        self._cursors = Cursors(path, legs=legs, writer=writer)
        self._places = self._cursors.places
        try:
            self._log = LogFiles(path, header=_header(self._cursors)) if path is not None else None
            last_seq, end = self._log.newest() if self._log is not None else (0, 0)
        except BaseException:
            self._cursors.close()
            raise
        # A loss of power may cut off the log what was settled already.
        self.last_seq = max([last_seq, *(seq for seq, _ in self._places.values())])
        """The `seq` of the newest message; 0 before the first. A number is never used twice."""
        self.total_bytes = max([end, *(size for _, size in self._places.values())])
        """The bytes of all bodies since the log began."""
        self._look_at = self.total_bytes + LOOK_EVERY_BYTES
        self._tail: list[Entry] = []
        self._windows: dict[str, list[Entry]] = {}  # for a leg that is behind: what it has read from the disk

    @property
    def writer(self) -> str:
        """The name of the log's writer."""
        return self._cursors.writer

    @property
    def legs(self) -> dict[str, str]:
        """The fingerprint of each leg's destination."""
        return self._cursors.legs

    @property
    def paused(self) -> frozenset[str]:
        """The legs that stand still because of a wrong key or host; see `set_paused`."""
        return self._cursors.paused

    def append(self, stamp: bytes, body: bytes, skips: Mapping[str, str], message: Message | None = None) -> int:
        """Write one message (see `Entry`) and return its `seq` once a kill can no longer lose it.

        Raises:
            SpoolClosedError: After `close`.
            SpoolReenteredError: Called by a signal's handler inside another `append` of the same thread.
            OSError: It could not be written and is not in the log.
        """
        with self._lock:
            if self._is_closed:
                raise SpoolClosedError("the spool is closed")
            if self._is_appending:
                raise SpoolReenteredError("a signal's handler interrupted an append")
            try:
                self._is_appending = True
                tail = self._tail
                if tail and tail[-1].seq != self.last_seq:
                    self._note_newest()
                entry = Entry(self.last_seq + 1, self.total_bytes + len(body), stamp, body, skips, message)
                return self._append(entry, tail)
            finally:
                self._is_appending = False

    def _append(self, entry: Entry, tail: list[Entry]) -> int:
        tail.append(entry)  # first, so that its number is taken whatever a signal's handler raises from here on
        if self._log is not None:
            try:
                if entry.end >= self._look_at:
                    self._look_for_room(entry.end)
                self._log.append(entry)
            except OSError as error:
                if not is_from_signal(error):  # else it may be partly written, and its number stays taken
                    tail.remove(entry)
                raise
            if entry.end - tail[0].end > MAX_TAIL_BYTES:
                del tail[: len(tail) // 2]
        self.last_seq, self.total_bytes = entry.seq, entry.end
        return entry.seq

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
            max_bytes: Most bytes of message bodies; the first message is returned even if larger.
            max_count: Most messages, 1 or more.

        Returns:
            Messages in the order they were appended; empty if none wait.

        Raises:
            SpoolClosedError: After `close`.
            OSError: The log cannot be read.
        """
        seq, passed = self._places[leg]
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
            SpoolError: They are not the next ones.
            sqlite3.Error: It could not be written, and the cursor has not moved.
        """
        if not entries:
            return
        with self._cursor_lock:
            before = self._places[leg][0]
            if entries[0].seq != before + 1 or entries[-1].seq != before + len(entries):
                raise SpoolError(f"leg {leg} is at {before}; cannot settle {entries[0].seq} to {entries[-1].seq}")
            self._cursors.move(leg, (entries[-1].seq, entries[-1].end), tally)
        with self._lock:
            self._forget_passed()

    def refuse(self, outcomes: Mapping[str, tuple[Outcome, str]]) -> None:
        """Count a message that never entered the log, with its outcome on each leg.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be counted.
        """
        with self._cursor_lock:
            self._cursors.refuse(outcomes)

    def set_paused(self, leg: str, *, is_paused: bool) -> None:
        """Store that a leg stands still because its key or host is wrong; the next process reads it.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written.
        """
        with self._cursor_lock:
            self._cursors.set_paused(leg, is_paused=is_paused)

    def renew_cursors(self) -> None:
        """Go on with a new file of cursors from memory; the old one is damaged and set aside.

        Raises:
            OSError, sqlite3.Error, SpoolError: It cannot be written.
        """
        with self._cursor_lock:
            self._cursors.renew()

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""
        return self.last_seq - self._places[leg][0]

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""
        return self.total_bytes - self._places[leg][1]

    def place(self, leg: str) -> tuple[int, int]:
        """Return the `seq` up to which the leg has settled everything, and the bytes of all bodies up to there."""
        return self._places[leg]

    def oldest_pending_at(self, leg: str) -> str | None:
        """Return when the leg's oldest unsettled message was appended, as ISO-8601 UTC."""
        oldest = self.read(leg, max_bytes=0, max_count=1)
        return oldest[0].stamped().get("appended_at") if oldest else None

    def counts(self, leg: str) -> tuple[int, int, Tally]:
        """Return how many messages were recorded for the leg, how many wait, and the outcomes, all at one moment."""
        with self._cursor_lock:
            last_seq = self.last_seq
            recorded, pending = last_seq + self._cursors.refused[leg], last_seq - self._places[leg][0]
            return recorded, pending, Counter(self._cursors.outcomes[leg])

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
            is_removed = remove_if_settled and self.is_settled and self.path is not None
            # The log goes before the cursors: a kill in between leaves a spool without messages.
            if self._log is not None:
                self._log.remove() if is_removed else self._log.close()
            self._cursors.close()
            if is_removed:
                self._cursors.remove()
            return is_removed

    def leak(self) -> sqlite3.Connection | None:
        """Give up the files without closing the parent's: what a forked child must do."""
        self._is_closed = True
        if self._log is not None:
            self._log.close()
        return self._cursors.leak()

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
        waiting = end - min(passed for _, passed in self._places.values())
        if shutil.disk_usage(self.path.parent).free < LEDGER_SHARE * waiting:
            raise OSError(errno.ENOSPC, "no room left for the ledger of what waits")
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
        if piece is not None and self._log is not None:
            entries = sorted(self._log.read(piece), key=_seq)  # sorted already, unless the file was edited
            last_seq = last_seq if piece.last_seq is None else piece.last_seq
        skips = dict.fromkeys(self.legs, DAMAGED)
        window: list[Entry] = []
        for entry in (*(entry for entry in entries if seq <= entry.seq <= last_seq), None):
            until = entry.seq if entry is not None else last_seq + 1
            if until < seq + len(window):
                continue  # a line that is there twice
            window += [Entry(lost, end, b"", b"", skips) for lost in range(seq + len(window), until)]
            if entry is not None:
                window.append(entry)
                end = entry.end
        return window

    def _forget_passed(self) -> None:
        passed = min(seq for seq, _ in self._places.values())
        if self._tail and self._tail[0].seq <= passed:
            del self._tail[: passed + 1 - self._tail[0].seq]
        if self._log is not None:
            self._log.trim(passed)


def spools_in(folder: Path) -> list[Path]:
    """Return the paths of all spools in a folder, including logs whose file of cursors is gone."""
    return sorted({*folder.glob("*.db"), *spools_of_logs(folder)})


def has_log(path: Path) -> bool:
    """Say whether a spool has files of messages."""
    return path in spools_of_logs(path.parent)


def recover(path: Path) -> Spool | None:
    """Open a dead writer's log whose cursors are gone or damaged, from its first line on; None if there is no log.

    Messages that a leg had settled and that are still in the log's files are sent again, with the same ids.

    Raises:
        SpoolBusyError, SpoolError, sqlite3.Error, OSError: As `Spool`.
    """
    set_aside(path)
    log = LogFiles(path)
    header = log.header()
    if header is None:
        log.set_aside()  # where it was meant to go is unknown; does nothing without files
        return None
    Cursors(path, legs=header["legs"], writer=header["writer"], start=log.oldest()).close()
    return Spool(path, legs={}, writer="")


def _header(cursors: Cursors) -> bytes:
    return orjson.dumps({"writer": cursors.writer, "legs": cursors.legs})[:-1]
