"""What was sent of the events that are sent once: a bounded window on disk, shared by processes.

A claim is an open transaction: it holds the file until it is settled, right after the message was put on disk. So of
processes that send the same event at the same time exactly one has it. A process that is killed before its message is
on disk leaves no note, and the next one sends the event; killed between message and note, the event may be sent once
more. Where the file cannot be used the event is sent: a repeat is possible, a loss is not.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Final

from pipelines_client.clock import utc_now_ms
from pipelines_client.files import give_to_owner, make_folder
from pipelines_client.signals import let_through, suppressing

MOST_MARKS: Final = 100_000
MOST_AGE_MS: Final = 30 * 86_400_000
_WAIT_S: Final = 1.0
_AT_ONCE: Final = 100
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS sent (place INTEGER PRIMARY KEY AUTOINCREMENT, mark TEXT UNIQUE, at_ms INTEGER)
"""
_OLD: Final = """
    DELETE FROM sent WHERE place <= ? OR (place IN (SELECT place FROM sent ORDER BY place LIMIT ?) AND at_ms < ?)
"""
_DAMAGED: Final = ("malformed", "not a database", "disk image", "disk I/O")


class _Turn:
    """One claim or fork at a time in a process: SQLite in a child would take another thread's claim for its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_held_for_fork = False

    def take(self) -> bool:
        """Wait for the turn, at most a second; a signal's handler that interrupts a claim does not get it."""
        return self._lock.acquire(timeout=_WAIT_S)

    def end(self) -> None:
        """Give the turn back."""
        self._lock.release()

    def before_fork(self) -> None:
        """Let the claim of another thread end first."""
        self._is_held_for_fork = self.take()

    def after_fork(self) -> None:
        """Go on, in the parent and in the child."""
        if self._is_held_for_fork:
            self._is_held_for_fork = False
            self.end()

    def after_fork_in_child(self) -> None:
        """Go on in the child, where the thread that had the turn is not."""
        self._is_held_for_fork = False
        self._lock = threading.Lock()


_turn = _Turn()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_turn.before_fork, after_in_parent=_turn.after_fork, after_in_child=_turn.after_fork_in_child
    )


class OnceClaim:
    """What is known of one event: it was sent, or this process may send it now.

    Attributes:
        was_sent: It was sent; then there is nothing to settle.
        failed_by: Type of the error for which it is not known; then it is sent.
    """

    def __init__(
        self, connection: sqlite3.Connection | None = None, *, was_sent: bool = False, failed_by: str | None = None
    ) -> None:
        self._connection, self.was_sent, self.failed_by = connection, was_sent, failed_by

    def settle(self, *, is_taken: bool) -> None:
        """Note the event if its message was taken, and let go of the file; raises nothing."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            with suppressing(sqlite3.Error):  # the message is on its way: at worst it is sent once more
                connection.execute("COMMIT" if is_taken else "ROLLBACK")
        finally:
            _let_go(connection)

    def __del__(self) -> None:
        """Let go of the file where a signal's handler has ended the call in between."""
        self.settle(is_taken=False)


class OnceWindow:
    """The window of one state directory: the last 100,000 events of the last 30 days.

    Args:
        folder: The state directory; it is made if it is missing.

    Example:
        ```python
        claim = OnceWindow(settings.state_dir).claim(mark)
        if not claim.was_sent:
            claim.settle(is_taken=send())
        ```
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "once.sqlite3"

    def claim(self, mark: str) -> OnceClaim:
        """Return whether an event was sent, or a claim on it, which must be settled; raises nothing.

        Args:
            mark: The event's mark, in which no value can be read.
        """
        if not _turn.take():
            return OnceClaim(failed_by="TimeoutError")
        connection: sqlite3.Connection | None = None
        try:
            connection = self._open()
            if connection.execute("SELECT 1 FROM sent WHERE mark = ?", (mark,)).fetchone():
                _let_go(connection)
                return OnceClaim(was_sent=True)
            now = utc_now_ms()
            place = connection.execute("INSERT INTO sent (mark, at_ms) VALUES (?, ?)", (mark, now)).lastrowid or 0
            connection.execute(_OLD, (place - MOST_MARKS, _AT_ONCE, now - MOST_AGE_MS))
        except BaseException as error:
            _let_go(connection)
            if not isinstance(error, Exception):
                raise
            let_through(error)
            self._start_anew(error)
            return OnceClaim(failed_by=type(error).__name__)
        return OnceClaim(connection)

    def _open(self) -> sqlite3.Connection:
        """Return a connection for one claim: neither a descriptor nor a lock is left after it."""
        if not self._path.exists():
            make_folder(self._path.parent)
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            give_to_owner(self._path)
        connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing; a lost file costs repeats
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _start_anew(self, error: Exception) -> None:
        """Remove a file that is damaged: events are sent, and noted in a new one."""
        if isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in _DAMAGED):
            for path in (self._path, self._path.with_name(f"{self._path.name}-journal")):
                with suppressing(OSError):
                    path.unlink()


def _let_go(connection: sqlite3.Connection | None) -> None:
    try:
        if connection is not None:
            with suppressing(sqlite3.Error):
                connection.close()
    finally:
        _turn.end()
