"""Which messages wait, and how many, in the spools of living and dead processes. Only reads files, without a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipelines_client.delivery.spool.cursors import Tally, newest_whole, read_standing
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.leftovers import spools_in
from pipelines_client.delivery.spool.logfiles import LogFiles
from pipelines_client.errors import PipelinesError, SpoolEmptyError, StateDamagedError
from pipelines_client.signals import let_through

_TRIES = 3


class Waiting(NamedTuple):
    """A message that waits, and the fingerprint of the destination that it was taken for."""

    message_id: str
    destination: str


def waiting_for(folder: Path, leg: str, *, unreadable: Callable[[Path], object]) -> Iterator[Waiting]:
    """Yield what waits for a leg in the spools of a folder.

    A message that its owner settles meanwhile may be left out. The ledger has it by then: so read that afterwards.

    Args:
        folder: Where the spools are.
        leg: The leg.
        unreadable: Called with each spool that cannot be read.
    """
    for path in spools_in(folder):
        try:
            place = _place(path, leg)
            if place is None:
                continue
            seq, destination = place
            for entry in LogFiles(path).after(seq):
                message_id = None if leg in entry.skips else _id_of(entry)
                if message_id is not None:
                    yield Waiting(message_id, destination)
        except (PipelinesError, OSError) as error:
            let_through(error)
            unreadable(path)


class SpoolCounts(NamedTuple):
    """A leg's counts as the files of a spool have them: of messages, and how many met which outcome."""

    recorded: int
    pending: int
    resent: int
    tally: Tally


def look_into(path: Path) -> dict[str, SpoolCounts]:
    """Return the counts of a spool's legs, while its owner may write to it; empty if it cannot be read.

    They are newer than those of the run file, which its owner replaces about once a second.
    """
    for _ in range(_TRIES):  # its owner may have removed a file just now
        try:
            standing = read_standing(path)
            newest, _ = LogFiles(path).newest(is_reading=True)
        except (PipelinesError, OSError) as error:
            let_through(error)
            continue
        cursors = standing.cursors
        newest = max(newest, standing.newest[0], *(cursor.seq for cursor in cursors.values()))
        return {
            leg: SpoolCounts(newest + cursor.refused, newest - cursor.seq, cursor.resent, cursor.outcomes)
            for leg, cursor in cursors.items()
        }
    return {}


def count_waiting(path: Path) -> dict[str, int]:
    """Return how many messages wait in a spool, by leg, while its owner may write to it; empty if it cannot be read."""
    return {leg: seen.pending for leg, seen in look_into(path).items() if seen.pending}


def _place(path: Path, leg: str) -> tuple[int, str] | None:
    """Return the number of the last message that a leg has settled, and its destination; None if it has no such leg."""
    try:
        standing = read_standing(path)
    except (FileNotFoundError, SpoolEmptyError):
        standing = None
    except StateDamagedError:
        standing = newest_whole(path)
    if standing is not None:
        return (standing.cursors[leg].seq, standing.legs[leg]) if leg in standing.cursors else None
    try:
        legs = (LogFiles(path).header() or {}).get("legs", {})
    except FileNotFoundError:  # its owner has just removed it
        return None
    return (0, str(legs[leg])) if leg in legs else None


def _id_of(entry: Entry) -> str | None:
    """Return the messageId of an entry; None if it has none."""
    known: dict[str, Any] = entry.stamped()
    try:
        found = known.get("message_id") or orjson.loads(entry.body).get("messageId")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return found if isinstance(found, str) else None
