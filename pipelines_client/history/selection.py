"""What a run will send, on disk while it is chosen: each messageId once, in the order in which it happened.

One SQLite file, made anew by each run and removed at its end: nothing in it outlives a run. The only SQL of this room.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipelines_client.evidence.instants import unix_ms
from pipelines_client.history.messages import DEDUP_WINDOW, YOUNG, Past

STAGES = ("replay", "backfill")
"""What the ledger shows as stage of a message that was sent by a run."""

_AT_ONCE = 500
_MEANT = ("reserved_name", "empty_event", "before_send", "denied")  # why a leg may lack a message for good

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32000;
CREATE TABLE wanted (id TEXT PRIMARY KEY, finished_ms INTEGER, is_lacking INTEGER, hint BLOB) WITHOUT ROWID;
CREATE TABLE message (
    id TEXT UNIQUE, at INTEGER, type TEXT, event TEXT, identity TEXT, hash TEXT, body BLOB,
    finished_ms INTEGER, outcome TEXT, stage TEXT
);
"""
_WANT = """
INSERT INTO wanted VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
SET finished_ms = excluded.finished_ms, is_lacking = excluded.is_lacking, hint = excluded.hint
WHERE excluded.finished_ms >= wanted.finished_ms
"""
_NOTE = """
UPDATE message SET finished_ms = ?1, outcome = ?2, stage = ?3 WHERE id = ?4 AND coalesce(finished_ms, ?1) <= ?1
"""
_ACCEPTED, _BY_A_RUN = "outcome = 'accepted'", f" AND stage IN {STAGES}"
_TOTALS = """
SELECT count(*), min(at), max(at), coalesce(sum(at > :young), 0),
    coalesce(sum(coalesce(outcome, :unknown) = 'accepted' AND coalesce(finished_ms, at) > :window), 0),
    coalesce(sum(coalesce(outcome, :unknown) = 'accepted' AND coalesce(finished_ms, at) <= :window), 0)
FROM message
"""

Record = Mapping[str, Any]


class Totals(NamedTuple):
    """What was chosen: how many, from when to when (Unix ms), and how many of them need a word of warning.

    `young` happened less than 72 hours ago. The last two may have been there before: less and more than 24 hours ago.
    """

    chosen: int
    first_ms: int | None
    last_ms: int | None
    young: int
    within_window: int
    beyond_window: int


class Selection:
    """What was chosen so far. For one thread."""

    def __init__(self, path: Path) -> None:
        """Begin anew at a path, whatever a run that was killed has left there.

        Raises:
            OSError, sqlite3.Error: It cannot be written.
        """
        self._path = path
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def want(self, message_id: str, hint: Mapping[str, Any]) -> None:
        """Ask for a message whose body is elsewhere; `hint` is what is known of it."""
        self._connection.execute(_WANT, (message_id, 0, 1, orjson.dumps(hint)))

    def want_lacking(self, records: Iterable[Record], leg: str) -> None:
        """Ask for what a leg never had, as the last record of each message says: rejected, dropped, or left out."""
        rows = (_lacking(record) for record in records if record.get("leg") == leg)
        while chunk := list(islice(rows, _AT_ONCE)):
            self._connection.executemany(_WANT, chunk)
        self._connection.execute("DELETE FROM wanted WHERE NOT is_lacking")

    def hint(self, message_id: str) -> dict[str, Any] | None:
        """Return what is known of a message that is asked for and not found yet; None if it is not asked for."""
        row = self._connection.execute("SELECT hint FROM wanted WHERE id = ?", (message_id,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def found(self, message_id: str) -> None:
        """Ask for a message no longer."""
        self._connection.execute("DELETE FROM wanted WHERE id = ?", (message_id,))

    def wanted(self) -> Iterator[str]:
        """Yield the ids of what is asked for and was not found."""
        for (message_id,) in self._connection.execute("SELECT id FROM wanted ORDER BY id"):
            yield message_id

    def add(self, past: Past) -> bool:
        """Choose a message; False if one of its id is chosen already."""
        row = (past.message_id, past.at_ms, past.type, past.event, past.identity, past.payload_hash, past.body)
        changed = self._connection.execute("INSERT OR IGNORE INTO message VALUES (?,?,?,?,?,?,?,NULL,NULL,NULL)", row)
        return changed.rowcount == 1

    def note(self, records: Iterable[Record], leg: str) -> None:
        """Note what the ledger last said of the messages that are chosen."""
        rows = (
            (unix_ms(record.get("finished_at")) or 0, record.get("outcome"), record.get("stage"), record["message_id"])
            for record in records
            if record.get("leg") == leg
        )
        while chunk := list(islice(rows, _AT_ONCE)):
            self._connection.executemany(_NOTE, chunk)

    def leave_sent(self, *, is_absence_known: bool) -> list[str]:
        """Give up what the ledger says was accepted, and return the ids.

        Args:
            is_absence_known: The source says that what was accepted is absent all the same: then only what an earlier
                run has sent since is given up.
        """
        where = _ACCEPTED + (_BY_A_RUN if is_absence_known else "")
        ids = [row[0] for row in self._connection.execute(f"SELECT id FROM message WHERE {where}")]  # noqa: S608 - ours
        self._connection.execute(f"DELETE FROM message WHERE {where}")  # noqa: S608 - as above
        return ids

    def totals(self, *, now: datetime, unknown_was_sent: bool) -> Totals:
        """Add up what is chosen; `unknown_was_sent` takes what no ledger knows for sent when it happened."""
        values = {
            "young": _ms(now - YOUNG),
            "window": _ms(now - DEDUP_WINDOW),
            "unknown": "accepted" if unknown_was_sent else "",
        }
        return Totals(*self._connection.execute(_TOTALS, values).fetchone())

    def events(self, most: int) -> dict[str, int]:
        """Count what is chosen by event, or where there is none by type: the most frequent ones."""
        asked = "SELECT coalesce(event, type), count(*) FROM message GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
        return dict(self._connection.execute(asked, (most,)).fetchall())

    def in_order(self) -> Iterator[Past]:
        """Yield what is chosen in the order in which it happened; what happened at once, in the order of the source."""
        self._connection.execute("CREATE INDEX IF NOT EXISTS by_time ON message (at)")
        order = "SELECT id, type, event, identity, at, body, hash FROM message ORDER BY at, rowid"
        for row in self._connection.execute(order):
            yield Past(*row)

    def close(self) -> None:
        """Remove it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._path.unlink(missing_ok=True)


def _lacking(record: Record) -> tuple[str, int, bool, bytes]:
    outcome, reason = record.get("outcome"), record.get("reason")
    is_lacking = outcome != "accepted" and reason not in _MEANT
    hint = {name: record.get(name) for name in ("outcome", "reason", "event", "occurred_at")}
    return record["message_id"], unix_ms(record.get("finished_at")) or 0, is_lacking, orjson.dumps(hint)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
