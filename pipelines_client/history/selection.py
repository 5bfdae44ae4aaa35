"""What a run has chosen to send, on disk: each messageId once, in the order of events.

One SQLite file, created by each run and removed at its end. The only SQL of this room.
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

from pipelines_client import clock
from pipelines_client.evidence.instants import unix_ms
from pipelines_client.history.messages import DEDUP_WINDOW, YOUNG, PastMessage
from pipelines_client.routing.plan import MEANT_REASONS

STAGES = ("replay", "backfill")
"""The `stage` in the ledger of messages that a run sent."""

_AT_ONCE = 500

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


class ChosenTotals(NamedTuple):
    """What was chosen: how many, from when to when (Unix ms), and how many need a warning.

    `young` happened less than 72 hours ago. `within_window` and `beyond_window` may have arrived before: less, and
    more, than 24 hours ago.
    """

    chosen: int
    first_ms: int | None
    last_ms: int | None
    young: int
    within_window: int
    beyond_window: int


class Selection:
    """What a run has chosen so far. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Start empty at a path; what a killed run left there is removed.

        Raises:
            OSError, sqlite3.Error: The file cannot be written.
        """
        self._path = path
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def want(self, message_id: str, hint: Mapping[str, Any]) -> None:
        """Ask for a message whose body is elsewhere; `hint` holds what is known about it."""
        self._connection.execute(_WANT, (message_id, 0, 1, orjson.dumps(hint)))

    def want_lacking(self, records: Iterable[Record], leg: str) -> None:
        """Ask for what a leg lacks, according to the last record of each message: rejected, dropped, or left out."""
        rows = (_lacking(record) for record in records if record.get("leg") == leg)
        while chunk := list(islice(rows, _AT_ONCE)):
            self._connection.executemany(_WANT, chunk)
        self._connection.execute("DELETE FROM wanted WHERE NOT is_lacking")

    def hint(self, message_id: str) -> dict[str, Any] | None:
        """Return what is known about a message that is still asked for; None if it is not."""
        row = self._connection.execute("SELECT hint FROM wanted WHERE id = ?", (message_id,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def settle(self, message_id: str) -> None:
        """Stop asking for a message."""
        self._connection.execute("DELETE FROM wanted WHERE id = ?", (message_id,))

    def wanted(self) -> Iterator[str]:
        """Yield the ids that are still asked for."""
        for (message_id,) in self._connection.execute("SELECT id FROM wanted ORDER BY id"):
            yield message_id

    def add(self, past: PastMessage) -> bool:
        """Choose a message; return False if its id is chosen already."""
        row = (past.message_id, past.at_ms, past.type, past.event, past.identity, past.payload_hash, past.body)
        changed = self._connection.execute("INSERT OR IGNORE INTO message VALUES (?,?,?,?,?,?,?,NULL,NULL,NULL)", row)
        return changed.rowcount == 1

    def note(self, records: Iterable[Record], leg: str) -> None:
        """Note the last ledger record of each chosen message."""
        rows = (
            (_finished_ms(record), record.get("outcome"), record.get("stage"), record["message_id"])
            for record in records
            if record.get("leg") == leg
        )
        while chunk := list(islice(rows, _AT_ONCE)):
            self._connection.executemany(_NOTE, chunk)

    def leave_sent(self, *, is_absence_known: bool) -> list[str]:
        """Remove what was accepted according to the ledger, and return the ids.

        `is_absence_known` means that the source lists messages that were accepted and are absent nevertheless: then
        only what an earlier run has sent is removed.
        """
        where = _ACCEPTED + (_BY_A_RUN if is_absence_known else "")
        ids = [row[0] for row in self._connection.execute(f"SELECT id FROM message WHERE {where}")]  # noqa: S608 - ours
        self._connection.execute(f"DELETE FROM message WHERE {where}")  # noqa: S608 - as above
        return ids

    def totals(self, *, now: datetime, unknown_was_sent: bool) -> ChosenTotals:
        """Add up what is chosen; `unknown_was_sent` assumes that messages in no ledger were sent when they happened."""
        unknown = "accepted" if unknown_was_sent else ""
        values = {"young": clock.unix_ms(now - YOUNG), "window": clock.unix_ms(now - DEDUP_WINDOW), "unknown": unknown}
        return ChosenTotals(*self._connection.execute(_TOTALS, values).fetchone())

    def events(self, most: int) -> dict[str, int]:
        """Count what is chosen by event, or by type if it has no event; return the most frequent."""
        asked = "SELECT coalesce(event, type), count(*) FROM message GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
        return dict(self._connection.execute(asked, (most,)).fetchall())

    def in_order(self) -> Iterator[PastMessage]:
        """Yield what is chosen in the order of events; of the same instant, in the order of the source."""
        self._connection.execute("CREATE INDEX IF NOT EXISTS by_time ON message (at)")
        order = "SELECT id, type, event, identity, at, body, hash FROM message ORDER BY at, rowid"
        for row in self._connection.execute(order):
            yield PastMessage(*row)

    def close(self) -> None:
        """Remove the file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._path.unlink(missing_ok=True)


def _finished_ms(record: Record) -> int:
    return unix_ms(record.get("finished_at")) or 0


def _lacking(record: Record) -> tuple[str, int, bool, bytes]:
    outcome, reason = record.get("outcome"), record.get("reason")
    is_lacking = outcome != "accepted" and reason not in MEANT_REASONS
    hint = {name: record.get(name) for name in ("outcome", "reason", "event", "occurred_at")}
    return record["message_id"], _finished_ms(record), is_lacking, orjson.dumps(hint)
