"""The durable log of messages that wait: append, read, settle. The only delivery SQL.

A log with an increasing `seq` and one cursor per leg, not a state per message: appending is one insert, settling a
batch one update. All messages are in the log for all legs; one that a leg skips says so in `skips`. So for each leg

    recorded = last seq + refused   and   pending = last seq - cursor

while outcomes are counted on their own as the cursor moves: `recorded = pending + outcomes` is a check, not a
definition.

The file is exclusive to its process. `seq` is ours and never reused: SQLite would hand out a plain primary key again
once the table is empty, and send a cursor into the past. A kill loses nothing that `append` returned for; the loss of
power may lose the last moment (`synchronous=NORMAL`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.delivery.entry import Entry, SpooledMessage
from pipelines_client.errors import SpoolBusyError, SpoolClosedError, SpoolEmptyError, SpoolError
from pipelines_client.ledger import Outcome

SCHEMA_VERSION = 1
TRIM_EVERY = 20_000  # rows that every leg has passed go this many at a time: deleting after each batch is dear
MAX_TAIL_BYTES = 16 << 20  # kept in memory for the senders, so that a leg that keeps up never reads the disk

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE message (
    seq INTEGER PRIMARY KEY, message_id TEXT NOT NULL, type TEXT NOT NULL, event TEXT, identity TEXT,
    occurred_at TEXT NOT NULL, appended_at TEXT NOT NULL, payload_hash TEXT NOT NULL, stage TEXT NOT NULL,
    skips BLOB, body BLOB NOT NULL);
CREATE TABLE cursor (leg TEXT PRIMARY KEY, seq INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outcome (
    leg TEXT, outcome TEXT, reason TEXT, count INTEGER NOT NULL, PRIMARY KEY (leg, outcome, reason)) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ENTRY_FIELDS = tuple(field.name for field in fields_of(Entry))
_READ = "SELECT * FROM message WHERE seq > ? ORDER BY seq LIMIT ?"


Tally = Counter[tuple[Outcome, str]]
"""How many messages met which outcome, for which reason code."""


class Spool:
    """One log, one file, safe for threads; `path=None` keeps the contract in memory."""

    def __init__(self, path: Path | None, *, legs: Mapping[str, str], writer: str) -> None:
        """Open or create a log.

        Args:
            path: The file; its folder exists. None: in memory.
            legs: For each leg that a new file serves, a fingerprint of its destination. An existing file keeps its own.
                Empty: only look into a file that exists.
            writer: Who makes it; an existing file keeps its own.

        Raises:
            SpoolBusyError: A living process owns the file.
            SpoolEmptyError: `legs` is empty, and the file holds no spool.
            SpoolError: The file is no spool of this version.
            sqlite3.Error: The file cannot be opened or is damaged.
        """
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = _open(path)
        try:
            self._load(legs, writer)
        except BaseException:
            self._connection.close()
            raise

    def _load(self, legs: Mapping[str, str], writer: str) -> None:
        run = self._run
        is_new = not run("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        if is_new and not legs:
            raise SpoolEmptyError("the file holds no spool")
        if is_new:
            meta = {"schema_version": str(SCHEMA_VERSION), "writer": writer}
            meta["legs"] = orjson.dumps(dict(legs)).decode()
            run("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";"):
                run(statement)
            for pair in meta.items():
                run("INSERT INTO meta VALUES (?, ?)", pair)
            for leg in legs:
                run("INSERT INTO cursor VALUES (?, 0, 0)", (leg,))
            run("COMMIT")
        meta = dict(run("SELECT name, value FROM meta").fetchall())
        if meta["schema_version"] != str(SCHEMA_VERSION):
            raise SpoolError(f"{self.path} is of schema {meta['schema_version']}, this version reads {SCHEMA_VERSION}")
        self.writer = meta["writer"]
        self.legs: dict[str, str] = orjson.loads(meta["legs"])
        self.paused = frozenset(filter(None, meta.get("paused", "").split(",")))
        self._cursor: dict[str, tuple[int, int]] = {
            leg: (seq, size) for leg, seq, size in run("SELECT leg, seq, bytes FROM cursor").fetchall()
        }
        self._outcomes: dict[str, Tally] = {leg: Counter() for leg in self.legs}
        self._refused: Counter[str] = Counter()
        for leg, outcome, reason, count in run("SELECT leg, outcome, reason, count FROM outcome").fetchall():
            if outcome == "refused":
                self._refused[leg] = count
            else:
                self._outcomes[leg][Outcome(outcome), reason] = count
        row = run("SELECT max(seq), sum(length(body)) FROM message").fetchone()
        self._last_seq: int = max([row[0] or 0, *(seq for seq, _ in self._cursor.values())])
        self._trimmed_to = (run("SELECT min(seq) FROM message").fetchone()[0] or self._last_seq + 1) - 1
        # Bytes are counted from the start of the log; what is no longer there counts as the slowest cursor says.
        base = min((size for _, size in self._cursor.values()), default=0)
        first = min((seq for seq, _ in self._cursor.values()), default=0)
        self._total_bytes: int = (
            base + run("SELECT coalesce(sum(length(body)), 0) FROM message WHERE seq > ?", (first,)).fetchone()[0]
        )
        self._tail: list[SpooledMessage] = []
        self._tail_bytes = 0

    def append(self, entry: Entry) -> int:
        """Write one message and return its `seq`, after the commit.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written, and is not there.
        """
        skips = orjson.dumps(dict(entry.skips)) if entry.skips else None
        with self._lock:
            seq = self._last_seq + 1
            self._run(
                _INSERT,
                (
                    seq,
                    entry.message_id,
                    entry.type,
                    entry.event,
                    entry.identity,
                    entry.occurred_at,
                    entry.appended_at,
                    entry.payload_hash,
                    entry.stage,
                    skips,
                    entry.body,
                ),
            )
            self._last_seq = seq
            self._total_bytes += len(entry.body)
            self._tail.append(SpooledMessage(seq, entry))
            self._tail_bytes += len(entry.body)
            if self._tail_bytes > MAX_TAIL_BYTES:
                self._drop_from_tail(len(self._tail) // 2)
            return seq

    def read(self, leg: str, *, max_bytes: int, max_count: int) -> list[SpooledMessage]:
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
        """
        with self._lock:
            after = self._cursor[leg][0]
            found: list[SpooledMessage] = []
            size = 0
            for message in self._from(after, max_count):
                size += len(message.entry.body)
                if found and size > max_bytes:
                    break
                found.append(message)
            return found

    def settle(self, leg: str, messages: Sequence[SpooledMessage], tally: Tally) -> None:
        """Move the leg's cursor past `messages`, which are the next ones it has, and count what became of them.

        Raises:
            SpoolClosedError: After `close`.
            SpoolError: They are not the next ones.
        """
        if not messages:
            return
        with self._lock:
            before, passed = self._cursor[leg]
            if messages[0].seq != before + 1 or messages[-1].seq != before + len(messages):
                raise SpoolError(f"leg {leg} is at {before}; cannot settle {messages[0].seq} to {messages[-1].seq}")
            cursor = (messages[-1].seq, passed + sum(len(message.entry.body) for message in messages))
            with self._transaction():
                self._run("UPDATE cursor SET seq = ?, bytes = ? WHERE leg = ?", (*cursor, leg))
                for (outcome, reason), count in tally.items():
                    self._count(leg, outcome.value, reason, count)
            self._cursor[leg] = cursor
            self._outcomes[leg].update(tally)
            self._forget_passed()

    def refuse(self, outcomes: Mapping[str, tuple[Outcome, str]]) -> None:
        """Count a message that never entered the log, with its outcome on each leg.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be counted.
        """
        with self._lock:
            with self._transaction():
                for leg, (outcome, reason) in outcomes.items():
                    self._count(leg, outcome.value, reason, 1)
                    self._count(leg, "refused", "", 1)
            for leg, fate in outcomes.items():
                self._refused[leg] += 1
                self._outcomes[leg][fate] += 1

    def set_paused(self, leg: str, *, is_paused: bool) -> None:
        """Remember, beyond the process, that a leg stands still because its key or host is wrong.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written.
        """
        with self._lock:
            self.paused = self.paused | {leg} if is_paused else self.paused - {leg}
            self._run("INSERT OR REPLACE INTO meta VALUES ('paused', ?)", (",".join(sorted(self.paused)),))

    def pending(self, leg: str) -> int:
        """Return how many messages the leg has not settled."""
        return self._last_seq - self._cursor[leg][0]

    def pending_bytes(self, leg: str) -> int:
        """Return the bytes of their bodies."""
        return self._total_bytes - self._cursor[leg][1]

    def cursor(self, leg: str) -> int:
        """Return the `seq` up to which the leg has settled everything."""
        return self._cursor[leg][0]

    @property
    def last_seq(self) -> int:
        """The `seq` of the newest message; 0 before the first."""
        return self._last_seq

    def oldest_pending_at(self, leg: str) -> str | None:
        """Return when the leg's oldest unsettled message was appended, as ISO-8601 UTC."""
        oldest = self.read(leg, max_bytes=0, max_count=1)
        return oldest[0].entry.appended_at if oldest else None

    def counts(self, leg: str) -> tuple[int, Tally]:
        """Return how many messages were recorded for the leg, and what became of those it has settled."""
        with self._lock:
            return self._last_seq + self._refused[leg], Counter(self._outcomes[leg])

    @property
    def is_level(self) -> bool:
        """Whether no leg has anything left to settle."""
        return all(self.pending(leg) == 0 for leg in self.legs)

    def close(self, *, remove_if_level: bool = False) -> bool:
        """Close the file; remove it if every leg is level and the caller wants that. True if it was removed."""
        with self._lock:
            if self._connection is None:
                return False
            level = self.is_level
            self._connection.close()
            self._connection = None
            if not (remove_if_level and level and self.path):
                return False
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            return True

    def leak(self) -> sqlite3.Connection | None:
        """Give up the connection without closing it: what a forked child must do.

        Closing it there, even by exiting, would checkpoint and delete the parent's log (docs/adr/0001).
        """
        connection, self._connection = self._connection, None
        return connection

    def hold(self) -> None:
        """Take the lock, so that no other thread is inside while the process forks."""
        self._lock.acquire()

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def _from(self, after: int, count: int) -> list[SpooledMessage]:
        if after >= self._last_seq:
            if self._connection is None:
                raise SpoolClosedError("the spool is closed")
            return []
        if self._tail and self._tail[0].seq <= after + 1:
            start = after + 1 - self._tail[0].seq
            return self._tail[start : start + count]
        return [_spooled(*row) for row in self._run(_READ, (after, count))]

    def _forget_passed(self) -> None:
        passed = min(seq for seq, _ in self._cursor.values())
        if self._tail and self._tail[0].seq <= passed:
            self._drop_from_tail(passed + 1 - self._tail[0].seq)
        if passed - self._trimmed_to >= TRIM_EVERY:
            self._run("DELETE FROM message WHERE seq <= ?", (passed,))
            self._trimmed_to = passed

    def _drop_from_tail(self, count: int) -> None:
        self._tail_bytes -= sum(len(message.entry.body) for message in self._tail[:count])
        del self._tail[:count]

    def _count(self, leg: str, outcome: str, reason: str, count: int) -> None:
        self._run(
            "INSERT INTO outcome VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            (leg, outcome, reason, count),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if self._connection is None:
            raise SpoolClosedError("the spool is closed")
        return self._connection.execute(statement, values)


def set_aside(path: Path) -> None:
    """Rename a damaged file and its log, as evidence: `….db` becomes `….db.damaged`."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.damaged{suffix}"))


def is_damage(error: Exception) -> bool:
    """Say whether an error means that the file is no longer a database, rather than busy, full or read-only."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
    )


def _spooled(seq: int, *columns: Any) -> SpooledMessage:
    fields = dict(zip(_ENTRY_FIELDS, columns, strict=True))
    fields["skips"] = orjson.loads(fields["skips"]) if fields["skips"] else {}
    return SpooledMessage(seq, Entry(**fields))


def _open(path: Path | None) -> sqlite3.Connection:
    """Open the file for this process alone.

    Raises:
        SpoolBusyError: A living process owns it.
        SpoolError: Its file system cannot hold it.
    """
    if path is not None:
        path.touch(mode=0o600)
    name = str(path) if path else ":memory:"
    connection = sqlite3.connect(name, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute("PRAGMA synchronous=NORMAL")
        # An exclusive lock is taken at the first write and then kept: take it now.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise SpoolBusyError("the spool file belongs to a living process") from None
        raise
    except sqlite3.Error:
        connection.close()
        raise
    if mode not in ("wal", "memory"):
        connection.close()
        raise SpoolError(
            "its file system does not support SQLite's log (a network share?): move state_dir to a local disk"
        )
    return connection
