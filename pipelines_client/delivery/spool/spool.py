"""The durable log of messages that wait: append, read, settle.

A log with an increasing `seq` and one cursor per leg, not a state per message: appending is one line, settling a batch
one update. All messages are in the log for all legs; one that a leg skips says so in `skips`. So for each leg

    recorded = last seq + refused   and   pending = last seq - cursor

while outcomes are counted on their own as the cursor moves: `recorded = pending + outcomes` is a check, not a
definition.

The messages are in plain files (`logfiles`), the cursors in SQLite (`cursors`), whose lock makes both exclusive to
their process (docs/adr/0007). A kill loses nothing that `append` returned for; the loss of power may lose what the
operating system had not written yet, by default up to half a minute.
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

from pipelines_client.delivery.spool import cursors
from pipelines_client.delivery.spool.cursors import Cursors, Tally
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.logfiles import LogFiles, Piece, spools_of_logs
from pipelines_client.errors import SpoolClosedError, SpoolError, SpoolReenteredError
from pipelines_client.message.build import Message
from pipelines_client.signals import is_from_signal
from pipelines_client.state.ledger import Outcome

MAX_TAIL_BYTES = 16 << 20  # kept in memory for the senders, so that a leg that keeps up never reads the disk
LOOK_EVERY_BYTES = 64 << 10  # others may fill the disk as well: no more than this is written without a look
LEDGER_SHARE = 3
"""Bytes that the ledger may take for each byte that waits: the records of both legs outweigh a small message."""
DAMAGED = "damaged"
"""Why a message is on no leg: its line in the log was damaged."""

_seq, _end = attrgetter("seq"), attrgetter("end")


class Spool:
    """One log, safe for threads; `path=None` keeps the contract in memory."""

    def __init__(self, path: Path | None, *, legs: Mapping[str, str], writer: str) -> None:
        """Open or create a log.

        Args:
            path: The file of its cursors; its folder exists, and the log is beside it. None: in memory.
            legs: For each leg that a new log serves, a fingerprint of its destination. An existing one keeps its own.
                Empty: only look into a log that exists.
            writer: Who makes it; an existing log keeps its own.

        Raises:
            SpoolBusyError: A living process owns it.
            SpoolEmptyError: `legs` is empty, and the file holds no spool.
            SpoolError: The file is no spool of this version.
            sqlite3.Error: The file of the cursors cannot be opened or is damaged.
            OSError: The log cannot be read.
        """
        self.path = path
        # Both let a thread in again: a signal's handler may call while the call that it interrupts holds one.
        self._lock = threading.RLock()  # of the log: held for a moment by whoever appends
        self._cursor_lock = threading.RLock()  # of the cursors, whose writing nobody who appends should wait for
        self._is_closed = self._is_appending = False
        self._cursors = Cursors(path, legs=legs, writer=writer)
        self._places = self._cursors.places
        try:
            self._log = LogFiles(path, header=_header(self._cursors)) if path is not None else None
            last_seq, end = self._log.newest() if self._log is not None else (0, 0)
        except BaseException:
            self._cursors.close()
            raise
        # What was cut off the log by a loss of power may have been settled before.
        self.last_seq = max([last_seq, *(seq for seq, _ in self._places.values())])
        """The `seq` of the newest message; 0 before the first. Never used again, whatever is removed."""
        self.total_bytes = max([end, *(size for _, size in self._places.values())])
        """The bytes of all bodies since the log began."""
        self._look_at = self.total_bytes + LOOK_EVERY_BYTES
        self._tail: list[Entry] = []
        self._windows: dict[str, list[Entry]] = {}  # for a leg that is behind: what it reads from the disk

    @property
    def writer(self) -> str:
        """Who made the log."""
        return self._cursors.writer

    @property
    def legs(self) -> dict[str, str]:
        """The fingerprint of each leg's destination."""
        return self._cursors.legs

    @property
    def paused(self) -> frozenset[str]:
        """The legs that stand still because of a wrong key or host, as `set_paused` was told."""
        return self._cursors.paused

    def append(self, stamp: bytes, body: bytes, skips: Mapping[str, str], message: Message | None = None) -> int:
        """Write one message (see `Entry`) and return its `seq` once a kill can no longer lose it.

        Raises:
            SpoolClosedError: After `close`.
            SpoolReenteredError: Called by a signal's handler that interrupts another call of it, in the same thread.
            OSError: It could not be written, and is not there.
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
        tail.append(entry)  # first of all, so that its number is taken whatever a signal's handler raises from here on
        if self._log is not None:
            try:
                if entry.end >= self._look_at:
                    self._look_for_room(entry.end)
                self._log.append(entry)
            except OSError as error:
                if not is_from_signal(error):  # else nobody knows how far it came, and its number stays taken
                    tail.remove(entry)
                raise
            if entry.end - tail[0].end > MAX_TAIL_BYTES:
                del tail[: len(tail) // 2]
        self.last_seq, self.total_bytes = entry.seq, entry.end
        return entry.seq

    def _note_newest(self) -> None:
        """Count the newest message, which an exception between two steps of `append` may have kept from counting."""
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
            Messages in the order they were appended; empty if the leg is level.

        Raises:
            SpoolClosedError: After `close`.
            OSError: The log cannot be read.
        """
        seq, passed = self._places[leg]
        found: list[Entry] = []
        while True:
            with self._lock:
                if self._is_closed:
                    raise SpoolClosedError("the spool is closed")
                self._note_newest()
                if seq >= self.last_seq or len(found) >= max_count:
                    return found
                block = self._block(leg, seq + 1)
                if block:
                    start = seq + 1 - block[0].seq
                    stop = bisect_right(block, passed + max_bytes, lo=start, key=_end)
                    if not found:
                        stop = max(stop, start + 1)
                    stop = min(stop, start + max_count - len(found))
                    found += block[start:stop]
                    if stop < len(block):
                        return found
                    seq = block[-1].seq
                    continue
                assert self._log is not None  # noqa: S101 - in memory, the tail holds everything
                piece, last_seq = self._log.locate(seq + 1), self.last_seq
            # Not under the lock: a leg that is behind reads for long, and nobody who appends should wait for that.
            end = found[-1].end if found else passed
            self._windows[leg] = self._read_piece(piece, seq + 1, end, last_seq)

    def settle(self, leg: str, entries: Sequence[Entry], tally: Tally) -> None:
        """Move the leg's cursor past `entries`, which are the next ones it has, and count what became of them.

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
        """Remember, beyond the process, that a leg stands still because its key or host is wrong.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written.
        """
        with self._cursor_lock:
            self._cursors.set_paused(leg, is_paused=is_paused)

    def renew_cursors(self) -> None:
        """Go on with a new file of cursors: what is in memory is right, and the old one is damaged and set aside.

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
        """Return, of one moment, how many messages were recorded for the leg, how many wait, what became of others."""
        with self._cursor_lock:
            last_seq = self.last_seq
            recorded, pending = last_seq + self._cursors.refused[leg], last_seq - self._places[leg][0]
            return recorded, pending, Counter(self._cursors.outcomes[leg])

    @property
    def is_level(self) -> bool:
        """Whether no leg has anything left to settle."""
        return all(self.pending(leg) == 0 for leg in self.legs)

    def close(self, *, remove_if_level: bool = False) -> bool:
        """Close the files; remove them if every leg is level and the caller wants that. True if they were removed."""
        with self._cursor_lock, self._lock:
            if self._is_closed:
                return False
            self._is_closed = True
            is_removed = remove_if_level and self.is_level and self.path is not None
            # The log goes before the cursors: what is left by a kill in between is a spool without messages.
            if self._log is not None:
                self._log.remove() if is_removed else self._log.close()
            self._cursors.close()
            if is_removed:
                self._cursors.remove()
            return is_removed

    def leak(self) -> sqlite3.Connection | None:
        """Give up the files without closing those that are the parent's: what a forked child must do."""
        self._is_closed = True
        if self._log is not None:
            self._log.close()
        return self._cursors.leak()

    def hold(self) -> None:
        """Take the locks, so that no other thread is inside while the process forks."""
        self._cursor_lock.acquire()
        self._lock.acquire()

    def release(self) -> None:
        """Give the locks back."""
        self._lock.release()
        self._cursor_lock.release()

    def _look_for_room(self, end: int) -> None:
        """Refuse what fills the disk up: what waits can only be settled, and go, while the ledger has room for it."""
        assert self.path is not None  # noqa: S101 - in memory, no disk is filled
        waiting = end - min(passed for _, passed in self._places.values())
        if shutil.disk_usage(self.path.parent).free < LEDGER_SHARE * waiting:
            raise OSError(errno.ENOSPC, "no room left for the ledger of what waits")
        self._look_at = end + LOOK_EVERY_BYTES

    def _block(self, leg: str, seq: int) -> list[Entry] | None:
        """Return entries without a gap, `seq` among them, if they are in memory: the tail, or what a leg has read."""
        if self._tail and self._tail[0].seq <= seq:
            self._windows.pop(leg, None)
            return self._tail
        window = self._windows.get(leg)
        return window if window and window[0].seq <= seq <= window[-1].seq else None

    def _read_piece(self, piece: Piece | None, seq: int, end: int, last_seq: int) -> list[Entry]:
        """Read a piece of the log from `seq` on. A line that cannot be read is an entry that is lost."""
        entries: list[Entry] = []
        if piece is not None and self._log is not None:
            entries = sorted(self._log.read(piece), key=_seq)  # as they are, unless somebody mended the file
            last_seq = last_seq if piece.last_seq is None else piece.last_seq
        skips = dict.fromkeys(self.legs, DAMAGED)
        window: list[Entry] = []
        for entry in (*(entry for entry in entries if seq <= entry.seq <= last_seq), None):
            until = entry.seq if entry is not None else last_seq + 1
            if until < seq + len(window):
                continue  # a line that stands twice
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
    """Return the paths of all spools in a folder: a log whose file of cursors is gone is one, too."""
    return sorted({*folder.glob("*.db"), *spools_of_logs(folder)})


def has_log(path: Path) -> bool:
    """Say whether a spool has files of messages."""
    return path in spools_of_logs(path.parent)


def recover(path: Path) -> Spool | None:
    """Open a dead writer's log whose cursors are gone or damaged, from its first line on; None if there is no log.

    What a leg had settled and what is still in the log's files goes again, with the same ids.

    Raises:
        SpoolBusyError, SpoolError, sqlite3.Error, OSError: As `Spool`.
    """
    cursors.set_aside(path)
    log = LogFiles(path)
    header = log.header()
    if header is None:
        log.set_aside()  # nobody can say where it was meant to go; without files, nothing
        return None
    Cursors(path, legs=header["legs"], writer=header["writer"], start=log.oldest()).close()
    return Spool(path, legs={}, writer="")


def _header(made: Cursors) -> bytes:
    return orjson.dumps({"writer": made.writer, "legs": made.legs})[:-1]
