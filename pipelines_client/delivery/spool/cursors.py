"""How far each leg has come in a log, and the outcomes of the messages up to there.

One file of lines; the last line that is whole holds everything, and each change appends one:

    <crc32 of what follows>  <JSON>

A kill may tear the last line: what it said is then done again, in the order ledger before cursor. The file is replaced
by its last line now and again. With `path=None` everything is in memory.
"""

from __future__ import annotations

import os
from binascii import crc32
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.errors import SpoolClosedError, SpoolEmptyError, SpoolError, StateDamagedError
from pipelines_client.files import OpenFile, read_regular, replace_file
from pipelines_client.signals import suppressing
from pipelines_client.state.guarded import guarded
from pipelines_client.state.ledger import Outcome

SCHEMA_VERSION = 5
MAX_FILE_BYTES = 64 << 10
_SQLITE = b"SQLite format 3\0"
_SQLITE_VERSION = 4
_MAX_DOUBLINGS = 6

Tally = Counter[tuple[Outcome, str]]
"""How many messages met which outcome, for which reason code."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Requests whose answer is not settled: what may have arrived (docs/adr/0014).

    Attributes:
        seq: The last message of the request under way; 0: none is.
        until: Unix seconds until which no other process sends these messages again; 0: another may.
        count: How many processes in a row died during such a lease.
        once: The last message that a process had under way when it died.
        twice: The last message of which this is true for two processes.
    """

    seq: int = 0
    until: float = 0.0
    count: int = 0
    once: int = 0
    twice: int = 0

    def begun(self, seq: int, *, now: float, lease_s: float) -> Attempt:
        """Return it when a request with the messages up to `seq` goes out."""
        until = now + lease_s * 2 ** min(self.count, _MAX_DOUBLINGS) if lease_s else 0.0
        return replace(self, seq=max(self.seq, seq), until=until)

    def unanswered(self) -> Attempt:
        """Return it when no answer came: the messages may have arrived, and the lease is over."""
        return replace(self, until=0.0, count=0)

    def answered(self) -> Attempt:
        """Return it when no request is under way."""
        return Attempt(once=self.once, twice=self.twice)

    def inherited(self) -> Attempt:
        """Return it as the next process finds it: what was under way has outlived its process."""
        if not self.seq:
            return self
        count = self.count + 1 if self.until else self.count
        twice = max(self.twice, min(self.seq, self.once))
        return Attempt(0, self.until, count, max(self.once, self.seq), twice)


@dataclass(frozen=True, slots=True)
class Cursor:
    """One leg's place is (`seq`, `size`): the last entry it has settled, and the bytes of all bodies up to there."""

    seq: int = 0
    size: int = 0
    refused: int = 0
    resent: int = 0
    attempt: Attempt = field(default_factory=Attempt)
    outcomes: Tally = field(default_factory=Counter)

    @property
    def place(self) -> tuple[int, int]:
        """`seq` and `size`."""
        return self.seq, self.size

    @property
    def leased_until(self) -> float:
        """Unix seconds until which no other process sends what waits; 0 if one may."""
        return self.attempt.until if max(self.attempt.seq, self.attempt.once) > self.seq else 0.0

    @property
    def is_in_doubt(self) -> bool:
        """Whether two processes died with the next message under way."""
        return self.attempt.twice > self.seq


@dataclass(frozen=True, slots=True)
class Standing:
    """What a file of cursors says. `newest` is the last entry that is known to be in the log: its `seq` and `end`."""

    writer: str
    legs: Mapping[str, str]
    cursors: Mapping[str, Cursor]
    paused: frozenset[str] = frozenset()
    newest: tuple[int, int] = (0, 0)
    places: Mapping[str, tuple[int, int]] = field(init=False, compare=False, repr=False)
    """The place of each cursor: each call asks for one."""

    def __post_init__(self) -> None:
        """Work out once what each call asks for."""
        object.__setattr__(self, "places", {leg: cursor.place for leg, cursor in self.cursors.items()})

    def pending(self, leg: str) -> int:
        """Return how many messages the leg had not settled, as far as is known."""
        return max(0, self.newest[0] - self.cursors[leg].seq)

    @property
    def is_settled(self) -> bool:
        """Whether no message is known to wait."""
        return not any(map(self.pending, self.cursors))

    def inherited(self) -> Standing:
        """Return it as the next process finds it."""
        cursors = {leg: replace(cursor, attempt=cursor.attempt.inherited()) for leg, cursor in self.cursors.items()}
        return replace(self, cursors=cursors)

    def line(self) -> bytes:
        """Return it as a line of the file."""
        rows = {
            leg: [
                cursor.seq,
                cursor.size,
                cursor.refused,
                cursor.resent,
                astuple(cursor.attempt),
                [[outcome, reason, count] for (outcome, reason), count in cursor.outcomes.items()],
            ]
            for leg, cursor in self.cursors.items()
        }
        content = orjson.dumps(
            {
                "version": SCHEMA_VERSION,
                "writer": self.writer,
                "legs": self.legs,
                "paused": sorted(self.paused),
                "newest": self.newest,
                "cursors": rows,
            }
        )
        return b"%08x\t%b\n" % (crc32(content), content)


class Cursors:
    """The cursors of one spool. Not safe for threads: the spool's lock protects them."""

    def __init__(self, path: Path | None, standing: Standing) -> None:
        """Keep `standing`, which the file has already; nothing is opened before the first change."""
        self._path = path
        self._is_closed = False
        self._file: OpenFile | None = None
        self._size = 0
        self.standing = standing
        """What the file says."""

    @classmethod
    def create(cls, path: Path | None, standing: Standing) -> Cursors:
        """Write a new file.

        Raises:
            OSError: It cannot be written.
        """
        cursors = cls(path, standing)
        cursors.rewrite()
        return cursors

    def set(self, **values: Any) -> None:
        """Change anything.

        Raises:
            SpoolClosedError: After `close`.
            OSError: It could not be written, and has not changed.
        """
        if self._is_closed:
            raise SpoolClosedError("the spool is closed")
        standing = replace(self.standing, **values)
        line = standing.line()
        if self._path is not None:
            self._append(self._path, line)
        self.standing = standing

    def _append(self, path: Path, line: bytes) -> None:
        file = self._file
        if file is None or self._size + len(line) > MAX_FILE_BYTES:
            self._replace(path, line)  # also the first time: an earlier process may have left a torn line
            return
        try:
            file.write(line)
            self._size += len(line)
        except OSError:
            self.close_file()
            raise

    def _replace(self, path: Path, line: bytes) -> None:
        self.close_file()
        replace_file(path, line)
        with suppressing(OSError):  # no descriptor to be had: the file is replaced again next time
            self._file, self._size = OpenFile(path, os.O_WRONLY | os.O_APPEND), len(line)

    def settle(self, leg: str, place: tuple[int, int], tally: Tally) -> None:
        """Move a leg's cursor, and count the outcomes of the messages that it passes; raises as `set`."""
        outcomes = self.standing.cursors[leg].outcomes + tally
        attempt = self.standing.cursors[leg].attempt.answered()
        self._change(leg, seq=place[0], size=place[1], outcomes=outcomes, attempt=attempt)

    def refuse(self, outcomes: Mapping[str, tuple[Outcome, str]], count: int) -> None:
        """Count messages that never entered the log, with their outcome on each leg; raises as `set`."""
        cursors = dict(self.standing.cursors)
        for leg, fate in outcomes.items():
            tally = cursors[leg].outcomes + Counter({fate: count})
            cursors[leg] = replace(cursors[leg], refused=cursors[leg].refused + count, outcomes=tally)
        self.set(cursors=cursors)

    def attempt(self, leg: str, seq: int, *, newest: tuple[int, int], now: float, lease_s: float) -> None:
        """Note that a request with a leg's messages up to `seq` goes out; raises as `set`."""
        attempt = self.standing.cursors[leg].attempt.begun(seq, now=now, lease_s=lease_s)
        self._change(leg, attempt=attempt, newest=newest)

    def end_attempt(self, leg: str, *, is_answered: bool) -> None:
        """Note that a request has ended and settled nothing, by an answer or without one; raises as `set`."""
        before = self.standing.cursors[leg].attempt
        attempt = before.answered() if is_answered else before.unanswered()
        if attempt != before:
            self._change(leg, attempt=attempt)

    def count_resent(self, leg: str, count: int) -> None:
        """Count messages that a process which died has sent already; raises as `set`."""
        self._change(leg, resent=self.standing.cursors[leg].resent + count)

    def _change(self, leg: str, *, newest: tuple[int, int] | None = None, **values: Any) -> None:
        cursor = replace(self.standing.cursors[leg], **values)
        self.set(cursors={**self.standing.cursors, leg: cursor}, newest=newest or self.standing.newest)

    def rewrite(self, path: Path | None = None) -> None:
        """Replace the file, at `path` if it has moved, with one that says what we know.

        Raises:
            OSError: It cannot be written.
        """
        self._path = path or self._path
        if self._path is not None:
            self._replace(self._path, self.standing.line())

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still there, and its descriptor still ours."""
        if self._path is None or self._is_closed:
            return True
        return self._path.exists() if self._file is None else self._file.is_at(self._path) and self._file.is_ours

    def close_file(self) -> None:
        """Close the descriptor; the next change opens the file again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Close the file."""
        self._is_closed = True
        self.close_file()

    def remove(self) -> None:
        """Remove the file, once it is closed."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def read_standing(path: Path) -> Standing:
    """Return what a file of cursors says.

    Raises:
        FileNotFoundError: It does not exist.
        SpoolEmptyError: It is not a spool yet.
        SpoolError: It is of another version.
        StateDamagedError: Its last line is damaged.
        OSError: It cannot be read.
    """
    data = read_regular(path)
    if not data:
        raise SpoolEmptyError("the file is not a spool yet")
    if data.startswith(_SQLITE):
        raise _other_version(path, _SQLITE_VERSION)
    *lines, torn = data.split(b"\n")
    if b"\0" in torn or not lines:
        raise StateDamagedError(f"{path.name} is damaged")
    return _standing_of(lines[-1], path)


def newest_whole(path: Path) -> Standing | None:
    """Return what the last undamaged line of a damaged file says; None if there is none.

    Raises:
        OSError: It cannot be read.
    """
    for line in reversed(read_regular(path).split(b"\n")):
        try:
            return _standing_of(line, path)
        except (StateDamagedError, SpoolError):
            continue
    return None


def _standing_of(line: bytes, path: Path) -> Standing:
    content = guarded(_content_of, line, path=path)
    if content["version"] != SCHEMA_VERSION:
        raise _other_version(path, content["version"])
    return guarded(_parsed, content, path=path)


def _content_of(line: bytes) -> dict[str, Any]:
    checksum, _, content = line.partition(b"\t")
    if int(checksum, 16) != crc32(content):
        raise ValueError("checksum")
    known: dict[str, Any] = orjson.loads(content)
    return {"version": known.pop("version"), **known}


def _parsed(content: dict[str, Any]) -> Standing:
    cursors = {
        str(leg): Cursor(
            seq, size, refused, resent, Attempt(*attempt), Counter({(Outcome(o), reason): n for o, reason, n in rows})
        )
        for leg, (seq, size, refused, resent, attempt, rows) in content["cursors"].items()
    }
    legs = {leg: str(content["legs"][leg]) for leg in cursors}
    if len(legs) != len(content["legs"]):
        raise ValueError("legs")
    newest, size = content["newest"]
    return Standing(str(content["writer"]), legs, cursors, frozenset(content["paused"]), (newest, size))


def _other_version(path: Path, version: object) -> SpoolError:
    return SpoolError(
        f"{path} has schema {version}, this version reads {SCHEMA_VERSION}; deliver it with the version that wrote it"
        " (pipelines-client drain)"
    )


def set_aside(path: Path) -> None:
    """Rename a damaged file as evidence: `….db` becomes `….db.damaged`; does nothing if it is gone."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}.damaged"))
