"""Named steps from each older schema of a spool to the next one. A file of a newer version is refused, and kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import orjson

from pipelines_client.delivery.spool.entry import Entry, facts_of
from pipelines_client.delivery.spool.logfiles import LogFiles
from pipelines_client.errors import SpoolError

SCHEMA_VERSION = 4


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a spool's file to `SCHEMA_VERSION`, a step and a transaction at a time; a kill in between repeats a step.

    Raises:
        SpoolError: The file is of a version that has no step.
    """
    while (version := _version(connection)) != SCHEMA_VERSION:
        step = _STEPS.get(version)
        if step is None:
            raise SpoolError(f"{path} is of schema {version}, this version reads {SCHEMA_VERSION}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            step(connection, path)
            connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (str(version + 1),))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()[0])


def move_messages_to_log_files(connection: sqlite3.Connection, path: Path) -> None:
    """Schema 1 kept the messages in the database; schema 2 keeps them in files of lines beside it."""
    log = LogFiles(path)
    log.remove()  # what a kill has left of an earlier try
    passed, end = connection.execute("SELECT seq, bytes FROM cursor ORDER BY seq LIMIT 1").fetchone() or (0, 0)
    rows = connection.execute(
        "SELECT seq, message_id, type, event, identity, occurred_at, appended_at, payload_hash, stage, skips, body "
        "FROM message WHERE seq > ? ORDER BY seq",
        (passed,),
    )
    for seq, message_id, kind, event, identity, occurred_at, appended_at, payload_hash, stage, skips, body in rows:
        end += len(body)
        facts = facts_of(message_id, kind, event, identity, occurred_at, appended_at, payload_hash, len(body), stage)
        log.append(Entry(seq, end, facts, body, orjson.loads(skips) if skips else {}))
    log.close()
    connection.execute("DROP TABLE message")


def count_outcomes_beside_cursors(connection: sqlite3.Connection, _: Path) -> None:
    """Schema 2 kept the counts of outcomes in a table; schema 3 keeps them in the cursor's row: one update a batch."""
    outcomes: dict[str, list[list[object]]] = {}
    refused: dict[str, int] = {}
    for leg, outcome, reason, count in connection.execute("SELECT leg, outcome, reason, count FROM outcome"):
        if outcome == "refused":
            refused[leg] = count
        else:
            outcomes.setdefault(leg, []).append([outcome, reason, count])
    connection.execute("ALTER TABLE cursor ADD COLUMN refused INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE cursor ADD COLUMN outcomes TEXT NOT NULL DEFAULT '[]'")
    for (leg,) in connection.execute("SELECT leg FROM cursor").fetchall():
        text = orjson.dumps(outcomes.get(leg, [])).decode()
        connection.execute(
            "UPDATE cursor SET refused = ?, outcomes = ? WHERE leg = ?", (refused.get(leg, 0), text, leg)
        )
    connection.execute("DROP TABLE outcome")


def let_bodies_speak(_: sqlite3.Connection, __: Path) -> None:
    """Schema 3 kept with each message all that the ledger says of it; schema 4 what its body does not, and reads both.

    Nothing changes but the number: it keeps older versions from files that they would only half understand.
    """


_STEPS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {
    1: move_messages_to_log_files,
    2: count_outcomes_beside_cursors,
    3: let_bodies_speak,
}
