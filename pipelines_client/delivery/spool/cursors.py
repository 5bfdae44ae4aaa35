"""How far each leg has come in a log, and the outcomes of the messages up to there. The only delivery SQL.

One SQLite file, exclusive to its process: that lock says which process owns the log. With `path=None` everything is in
memory.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from pipelines_client.errors import SpoolBusyError, SpoolClosedError, SpoolEmptyError, SpoolError
from pipelines_client.state.ledger import Outcome

SCHEMA_VERSION = 4
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cursor (
    leg TEXT PRIMARY KEY, seq INTEGER NOT NULL, bytes INTEGER NOT NULL, refused INTEGER NOT NULL, outcomes TEXT NOT NULL
) WITHOUT ROWID;
"""
_MOVE = "UPDATE cursor SET seq = ?, bytes = ?, refused = ?, outcomes = ? WHERE leg = ?"

Tally = Counter[tuple[Outcome, str]]
"""How many messages met which outcome, for which reason code."""


class Cursors:
    """One leg's place is (`seq`, bytes): the last entry it has settled, and the bytes of all bodies up to there."""

    def __init__(
        self, path: Path | None, *, legs: Mapping[str, str], writer: str, start: tuple[int, int] = (0, 0)
    ) -> None:
        """Open or create the file; see `Spool` for arguments and errors.

        A new one begins at `start`; messages before that are not counted.
        """
        self._path = path
        self._is_closed = False
        self._connection = _open(path, is_new=bool(legs)) if path is not None else None
        self.legs = dict(legs)
        self.writer = writer
        self.paused: frozenset[str] = frozenset()
        self.places: dict[str, tuple[int, int]] = dict.fromkeys(legs, start)
        self.refused: Counter[str] = Counter(dict.fromkeys(legs, -start[0]))
        self.outcomes: dict[str, Tally] = {leg: Counter() for leg in legs}
        try:
            if self._connection is not None and path is not None:
                self._load(self._connection, path)
        except (KeyError, ValueError) as error:  # SQLite reads it, and the content is damaged
            self.close()
            raise sqlite3.DatabaseError(type(error).__name__) from None
        except BaseException:
            self.close()
            raise

    def _load(self, connection: sqlite3.Connection, path: Path) -> None:
        run = connection.execute
        if not run("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            if not self.legs:
                raise SpoolEmptyError("the file is not a spool yet")
            self._create()
        meta = dict(run("SELECT name, value FROM meta").fetchall())
        if int(meta["schema_version"]) != SCHEMA_VERSION:
            raise SpoolError(
                f"{path} has schema {meta['schema_version']}, this version reads {SCHEMA_VERSION}; deliver it with the"
                " version that wrote it (pipelines-client drain)"
            )
        self.writer = meta["writer"]
        self.legs = orjson.loads(meta["legs"])
        self.paused = frozenset(filter(None, meta.get("paused", "").split(",")))
        for leg, seq, size, refused, outcomes in run("SELECT * FROM cursor").fetchall():
            self.places[leg] = (seq, size)
            self.refused[leg] = refused
            self.outcomes[leg] = Counter({(Outcome(o), reason): n for o, reason, n in orjson.loads(outcomes)})

    def _create(self) -> None:
        meta = {"schema_version": str(SCHEMA_VERSION), "writer": self.writer, "legs": orjson.dumps(self.legs).decode()}
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._run(statement)
            for pair in meta.items():
                self._run("INSERT INTO meta VALUES (?, ?)", pair)
            for leg, place in self.places.items():
                counted = (self.refused[leg], _as_text(self.outcomes[leg]))
                self._run("INSERT INTO cursor VALUES (?, ?, ?, ?, ?)", (leg, *place, *counted))

    def move(self, leg: str, place: tuple[int, int], tally: Tally) -> None:
        """Move a leg's cursor and count the outcomes of the messages that it passes.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written, and has not moved.
        """
        outcomes = self.outcomes[leg] + tally
        self._run(_MOVE, (*place, self.refused[leg], _as_text(outcomes), leg))
        self.places[leg] = place
        self.outcomes[leg] = outcomes

    def refuse(self, outcomes: Mapping[str, tuple[Outcome, str]]) -> None:
        """Count a message that never entered the log, with its outcome on each leg.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be counted.
        """
        after = {leg: self.outcomes[leg] + Counter([fate]) for leg, fate in outcomes.items()}
        with self._transaction():
            for leg, tally in after.items():
                self._run(_MOVE, (*self.places[leg], self.refused[leg] + 1, _as_text(tally), leg))
        self.outcomes.update(after)
        self.refused.update(after.keys())

    def set_paused(self, leg: str, *, is_paused: bool) -> None:
        """Store that a leg stands still because its key or host is wrong.

        Raises:
            SpoolClosedError: After `close`.
            sqlite3.Error: It could not be written.
        """
        paused = self.paused | {leg} if is_paused else self.paused - {leg}
        self._run("INSERT OR REPLACE INTO meta VALUES ('paused', ?)", (",".join(sorted(paused)),))
        self.paused = paused

    def renew(self) -> None:
        """Set the damaged file aside, as evidence, and write a new one from memory.

        Raises:
            OSError, sqlite3.Error, SpoolError: It cannot be written.
        """
        if self._path is None or self._connection is None:
            return
        self._connection.close()
        set_aside(self._path)
        self._connection = _open(self._path, is_new=True)
        self._create()
        for leg in self.paused:
            self.set_paused(leg, is_paused=True)

    def close(self) -> None:
        """Close the file."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def remove(self) -> None:
        """Remove the file, once it is closed."""
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def leak(self) -> sqlite3.Connection | None:
        """Give up the connection without closing it: what a forked child must do.

        Closing it there, even by exiting, would checkpoint and delete the parent's write-ahead log (docs/adr/0001).
        """
        connection, self._connection = self._connection, None
        self._is_closed = True
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement; do nothing if the cursors are in memory only."""
        if self._is_closed:
            raise SpoolClosedError("the spool is closed")
        if self._connection is not None:
            self._connection.execute(statement, values)


def _as_text(outcomes: Tally) -> str:
    return orjson.dumps([[outcome, reason, count] for (outcome, reason), count in outcomes.items()]).decode()


def set_aside(path: Path) -> None:
    """Rename a damaged file and its write-ahead log as evidence: `….db` becomes `….db.damaged`."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.damaged{suffix}"))


def is_damage(error: Exception) -> bool:
    """Say whether an error means that the file is no longer a database, rather than busy, full or read-only."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
    )


def _open(path: Path, *, is_new: bool) -> sqlite3.Connection:
    """Open the file for this process only; create it if `is_new`.

    Raises:
        SpoolBusyError: A living process owns it.
        SpoolError: Its file system cannot hold it.
    """
    if is_new:
        path.touch(mode=0o600)
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
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
    if mode != "wal":
        connection.close()
        raise SpoolError(
            "its file system does not support SQLite's log (a network share?): move state_dir to a local disk"
        )
    return connection
