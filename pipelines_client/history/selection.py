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
from pipelines_client.history.calls import INTEGRATIONS
from pipelines_client.history.messages import DEDUP_WINDOW, YOUNG, PastMessage
from pipelines_client.history.rowmap import key_in
from pipelines_client.state.book import is_here
from pipelines_client.state.ledger import Outcome, is_meant
from pipelines_client.state.tears import Record

_AT_ONCE = 500
BACKFILL = "backfill"
"""What the ledger has as stage of a row that was sent."""

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32000;
CREATE TABLE wanted (
    id TEXT PRIMARY KEY, finished_ms INTEGER, hint BLOB, accepted_here INTEGER, lacks_here INTEGER, meant_here INTEGER,
    accepted_elsewhere INTEGER, lacks_elsewhere INTEGER
) WITHOUT ROWID;
CREATE TABLE newest (identity TEXT PRIMARY KEY, at INTEGER) WITHOUT ROWID;
CREATE TABLE absent (id TEXT PRIMARY KEY, until_ms INTEGER) WITHOUT ROWID;
CREATE TABLE message (
    id TEXT UNIQUE, at INTEGER, type TEXT, event TEXT, identity TEXT, hash TEXT, body BLOB, key TEXT UNIQUE, place TEXT,
    accepted_ms INTEGER, is_recorded INTEGER, is_unplaced INTEGER, differs INTEGER, had_other_time INTEGER
);
"""
_WANT = """
INSERT INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
SET hint = CASE WHEN excluded.finished_ms >= wanted.finished_ms THEN excluded.hint ELSE wanted.hint END,
    finished_ms = max(excluded.finished_ms, wanted.finished_ms),
    accepted_here = accepted_here OR excluded.accepted_here, lacks_here = lacks_here OR excluded.lacks_here,
    meant_here = meant_here OR excluded.meant_here,
    accepted_elsewhere = accepted_elsewhere OR excluded.accepted_elsewhere,
    lacks_elsewhere = lacks_elsewhere OR excluded.lacks_elsewhere
"""
_ELSEWHERE_ONLY = "accepted_elsewhere AND NOT (accepted_here OR lacks_here OR meant_here)"
_LACKING = "lacks_here OR (lacks_elsewhere AND NOT accepted_elsewhere AND NOT meant_here)"
_ABSENT = """
INSERT INTO absent VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)
"""
_IS_OTHER_PERSON = """
:identity IS NOT NULL AND identity IS NOT :identity
AND (instr(coalesce(identity, ''), ':') > 0) = (instr(:identity, ':') > 0)
"""
"""Unless one of the two is a hash and the other one is not, which says nothing."""
_NOTE = f"""
UPDATE message SET is_recorded = 1,
    accepted_ms = CASE WHEN :accepted THEN max(coalesce(accepted_ms, :at), :at) ELSE accepted_ms END,
    is_unplaced = CASE WHEN :accepted THEN min(coalesce(is_unplaced, 1), :unplaced) ELSE is_unplaced END,
    differs = CASE WHEN :is_row
        THEN min(coalesce(differs, 1), (:hash IS NOT NULL AND hash IS NOT :hash) OR ({_IS_OTHER_PERSON}))
        ELSE differs END
WHERE id = :id
"""  # noqa: S608 - only constants are put in
_NOTE_OTHER_TIME = "UPDATE message SET had_other_time = 1 WHERE key = :key AND id != :id"
_SENT = """
SELECT id, is_unplaced, differs, place FROM message LEFT JOIN absent USING (id)
WHERE accepted_ms IS NOT NULL AND (until_ms IS NULL OR accepted_ms > until_ms) ORDER BY message.rowid
"""
_WITH_OTHER_TIME = "SELECT place FROM message WHERE had_other_time ORDER BY rowid"
_ARRIVED = "CASE WHEN is_recorded IS NULL THEN CASE WHEN :unknown THEN at END ELSE accepted_ms END"
_TOTALS = f"""
SELECT count(*), min(at), max(at), coalesce(sum(at > :young), 0),
    coalesce(sum({_ARRIVED} > :window), 0), coalesce(sum({_ARRIVED} <= :window), 0)
FROM message
"""  # noqa: S608 - only constants are put in

_NEWEST = "INSERT INTO newest VALUES (?, ?) ON CONFLICT (identity) DO UPDATE SET at = max(at, excluded.at)"
_STALE = """
SELECT id, place, body FROM message JOIN newest USING (identity)
WHERE type = 'identify' AND message.at < newest.at ORDER BY message.at, id
"""
_ADD = "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL)"
_TWIN = "SELECT place, body FROM message WHERE id = ? OR key = ? LIMIT 1"


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


class Twin(NamedTuple):
    """A message that was chosen before, with the same id or the same key: its place, and whether it is the same."""

    place: str
    has_same_content: bool


class Sent(NamedTuple):
    """What a destination has accepted of the chosen.

    Attributes:
        ids: Their ids.
        unplaced: How many were accepted only by records that do not say where.
        corrected: Where those are that a backfill has sent with other content only.
    """

    ids: list[str]
    unplaced: int
    corrected: list[str]


class StaleCall(NamedTuple):
    """An identify call that is older than what its person has: its id and place, and how many traits it sets."""

    message_id: str
    place: str
    traits: int


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

    def want(self, message_id: str, hint: Mapping[str, Any], *, absent_until_ms: int | None = None) -> None:
        """Ask for a message whose body is elsewhere.

        Args:
            message_id: Its id.
            hint: What is known about it.
            absent_until_ms: The side was looked at until then and lacked it: what it accepted earlier has not arrived.
        """
        self._connection.execute(_WANT, (message_id, 0, orjson.dumps(hint), 0, 1, 0, 0, 0))
        if absent_until_ms is not None:
            self._connection.execute(_ABSENT, (message_id, absent_until_ms))

    def want_lacking(self, records: Iterable[Record], destination: str, *, also_elsewhere: bool) -> int:
        """Ask for what a destination lacks, as the records of its leg say: rejected, dropped, or left out.

        What it has accepted once stays accepted. What only other destinations have accepted is
        asked for if `also_elsewhere`; else it is left out, and the return value is how many that are.
        """
        rows = (_lacking(record, destination) for record in records)
        while chunk := list(islice(rows, _AT_ONCE)):
            self._connection.executemany(_WANT, chunk)
        lacking = f"{_LACKING} OR {_ELSEWHERE_ONLY}" if also_elsewhere else _LACKING
        where = "" if also_elsewhere else f" WHERE {_ELSEWHERE_ONLY}"
        (elsewhere,) = self._connection.execute(f"SELECT count(*) FROM wanted{where}").fetchone()  # noqa: S608 - only constants are put in
        self._connection.execute(f"DELETE FROM wanted WHERE accepted_here OR NOT ({lacking})")  # noqa: S608 - only constants are put in
        return 0 if also_elsewhere else int(elsewhere)

    def complete(self, records: Iterable[Record]) -> None:
        """Add what a ledger knows of the messages that are asked for: their `integrations`, or that there are none."""
        for record in records:
            hint = self.hint(record["message_id"])
            if hint is not None and not hint.get(INTEGRATIONS):
                hint[INTEGRATIONS] = record.get(INTEGRATIONS)
                self._connection.execute(
                    "UPDATE wanted SET hint = ? WHERE id = ?", (orjson.dumps(hint), record["message_id"])
                )

    def hint(self, message_id: str) -> dict[str, Any] | None:
        """Return what is known about a message that is still asked for; None if it is not."""
        row = self._connection.execute("SELECT hint FROM wanted WHERE id = ?", (message_id,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def settle(self, message_id: str) -> bool:
        """Stop asking for a message; return whether it was asked for."""
        return self._connection.execute("DELETE FROM wanted WHERE id = ?", (message_id,)).rowcount == 1

    @property
    def wants_any(self) -> bool:
        """Whether any message is still asked for."""
        return self._connection.execute("SELECT 1 FROM wanted LIMIT 1").fetchone() is not None

    def wanted(self) -> Iterator[str]:
        """Yield the ids that are still asked for."""
        for (message_id,) in self._connection.execute("SELECT id FROM wanted ORDER BY id"):
            yield message_id

    def add(self, past: PastMessage, place: str, key: str = "") -> Twin | None:
        """Choose a message, unless one with its id, or with the key that names it, is chosen already: return that."""
        row = (past.message_id, past.at_ms, past.type, past.event, past.identity, past.payload_hash, past.body)
        if self._connection.execute(_ADD, (*row, key or None, place)).rowcount == 1:
            return None
        found = self._connection.execute(_TWIN, (past.message_id, key)).fetchone()
        return Twin(found[0], has_same_content=found[1] == past.body)

    def note(self, records: Iterable[Record], destination: str) -> None:
        """Note which chosen messages a destination has accepted, as the records of its leg say, and when last."""
        rest = iter(records)
        while chunk := list(islice(rest, _AT_ONCE)):
            self._connection.executemany(_NOTE, [_noted(record, destination) for record in chunk])
            self._connection.executemany(_NEWEST, [_newest(each) for each in chunk if _updates(each, destination)])
            self._connection.executemany(
                _NOTE_OTHER_TIME, [_row_of(each) for each in chunk if _is_row(each, destination)]
            )

    def stale(self) -> Iterator[StaleCall]:
        """Yield the chosen identify calls that are older than one that was accepted, in order."""
        for message_id, place, body in self._connection.execute(_STALE):
            traits = orjson.loads(body).get("traits")
            yield StaleCall(message_id, place, len(traits) if isinstance(traits, dict) else 0)

    def leave(self, message_ids: Iterable[str]) -> int:
        """Remove messages; return how many were chosen."""
        ids, count = ((message_id,) for message_id in message_ids), 0
        while chunk := list(islice(ids, _AT_ONCE)):
            count += self._connection.executemany("DELETE FROM message WHERE id = ?", chunk).rowcount
        return count

    def leave_sent(self) -> Sent:
        """Remove what was accepted, later than it was found to be absent."""
        rows = self._connection.execute(_SENT).fetchall()
        sent = Sent([row[0] for row in rows], sum(bool(row[1]) for row in rows), [row[3] for row in rows if row[2]])
        self.leave(sent.ids)
        return sent

    def sent_at_other_times(self) -> list[str]:
        """Return where the chosen are whose key names a row that was accepted with another time."""
        return [place for (place,) in self._connection.execute(_WITH_OTHER_TIME)]

    def count(self, among: Iterable[str] | None = None) -> int:
        """Return how many messages are chosen, or how many of some."""
        if among is None:
            return int(self._connection.execute("SELECT count(*) FROM message").fetchone()[0])
        asked = "SELECT count(*) FROM message WHERE id = ?"
        return sum(self._connection.execute(asked, (message_id,)).fetchone()[0] for message_id in among)

    def ids(self) -> Iterator[str]:
        """Yield the ids of what is chosen."""
        for (message_id,) in self._connection.execute("SELECT id FROM message"):
            yield message_id

    def totals(self, *, now: datetime, unknown_was_sent: bool) -> ChosenTotals:
        """Add up what is chosen; `unknown_was_sent` assumes that messages in no ledger were sent when they happened."""
        values = {
            "young": clock.unix_ms(now - YOUNG),
            "window": clock.unix_ms(now - DEDUP_WINDOW),
            "unknown": unknown_was_sent,
        }
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


def _lacking(record: Record, destination: str) -> tuple[str, int, bytes, bool, bool, bool, bool, bool]:
    is_accepted = record.get("outcome") == Outcome.ACCEPTED.value
    left_out = is_meant(record.get("outcome"), record.get("reason"))
    at_it, lacks = is_here(record, destination), not (is_accepted or left_out)
    names = ("outcome", "reason", "event", "occurred_at", INTEGRATIONS)
    hint = orjson.dumps({name: record.get(name) for name in names})
    here, elsewhere = (
        (at_it and is_accepted, at_it and lacks, at_it and left_out),
        (not at_it and is_accepted, not at_it and lacks),
    )
    return record["message_id"], _finished_ms(record), hint, *here, *elsewhere


def _updates(record: Record, destination: str) -> bool:
    """Return whether a record is about an identify call, of a known person, that a destination accepted."""
    is_identify = record.get("type") == "identify" and isinstance(record.get("identity"), str)
    return is_identify and record.get("outcome") == Outcome.ACCEPTED.value and is_here(record, destination)


def _newest(record: Record) -> tuple[str, int]:
    return record["identity"], unix_ms(record.get("occurred_at")) or 0


def _noted(record: Record, destination: str) -> dict[str, Any]:
    return {
        "id": record["message_id"],
        "accepted": record.get("outcome") == Outcome.ACCEPTED.value and is_here(record, destination),
        "at": _finished_ms(record),
        "unplaced": not record.get("destination"),
        "is_row": _is_row(record, destination),
        "hash": record.get("payload_hash"),
        "identity": record.get("identity"),
    }


def _is_row(record: Record, destination: str) -> bool:
    """Return whether a record says that a destination has accepted a row of a backfill."""
    is_accepted = record.get("outcome") == Outcome.ACCEPTED.value
    return is_accepted and record.get("stage") == BACKFILL and is_here(record, destination)


def _row_of(record: Record) -> dict[str, Any]:
    return {"id": record["message_id"], "key": key_in(record["message_id"])}
