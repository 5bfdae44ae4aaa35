"""What of a ledger cannot be read, and what that may hide: one rule for all that count what was sent.

A kill or a full disk may tear a line, between an answer and its record. Its message is sent again and recorded again
(docs/adr/0014), so such a line hides something only as long as no later line is about that message:

- **Made good**: a later record is about the same message; or the line ends before it names one, and a record of its
  writer follows it, because a writer repeats first what it could not write. It hides nothing.
- **Under way**: the last of its file. The message waits in the spool of its writer, which a living process may be
  writing just now. The run file of the writer says how many records there must be. Without that, the file may as well
  be a copy that broke off, and counts as cut.
- **Damaged**: any other, and any line that is not a record. It may be about the messages that it names, or about any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.state.daily import read_lines
from pipelines_client.state.layout import StateDir
from pipelines_client.wording import plural

Record = dict[str, Any]
_ID = re.compile(rb'"message_id":("(?:[^"\\]|\\.)*")')
_LEG = re.compile(rb'"leg":"(\w+)"')
_BEGINNING = b'{"message_id":"'


@dataclass(slots=True)
class Unreadable:
    """What of ledgers could not be read.

    Attributes:
        files: Files that are cut, damaged, or not readable by this user.
        lines: Damaged lines that do not say which message they are about.
        records: Acceptances that writers counted in their run files, and that no record shows.
        message_ids: The messages that other damaged lines are about.
        unfinished: The messages of lines that are under way.
    """

    files: list[Path] = field(default_factory=list)
    lines: int = 0
    records: int = 0
    message_ids: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)

    @property
    def hides_any(self) -> bool:
        """Whether what was not read may be about any message."""
        return bool(self.files or self.lines or self.records)

    @property
    def places(self) -> int:
        """How many files, and lines of others, could not be read."""
        return len(self.files) + self.lines + len(self.message_ids)

    def __str__(self) -> str:
        damaged = self.lines + len(self.message_ids)
        parts = [f"{path} is cut, damaged or not readable by this user" for path in self.files]
        parts += [plural(damaged, "line is damaged", "lines are damaged")] * bool(damaged)
        parts += [
            plural(self.records, "record that its run files count is gone", "records that its run files count are gone")
        ] * bool(self.records)
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class _Tear:
    """A line that ends early: the leg that it names, if it does, and its file if no record follows it there.

    `is_counted`: the run file of its writer says how many records there must be.
    """

    leg: str
    file: Path | None = None
    is_counted: bool = False


class LedgerReading:
    """One reading of ledgers. `unreadable` is complete after `finish`.

    Args:
        leg: Lines that name another leg do not matter; empty: all do.

    Example:
        ```python
        reading = LedgerReading("customerio")
        accepted = [record for record in reading.records(ledger) if record["outcome"] == "accepted"]
        assert not reading.finish().hides_any
        ```
    """

    def __init__(self, leg: str = "") -> None:
        self._leg = leg
        self.unreadable = Unreadable()
        self._tears: dict[str, _Tear] = {}
        self._nameless: dict[str, Path] = {}
        """By writer, files whose last line ends before it names a message."""
        self._file = Path()
        self._last: dict[str, str] = {}
        """Lines that end early at the end of a file so far: the message that each is about, if it says so; its leg."""

    def records(self, ledger: Path, *, since: str = "") -> Iterator[Record]:
        """Yield the records of a ledger, of each leg.

        Args:
            ledger: A ledger's folder, or a file of it.
            since: Read only the days from this one on, such as `2026-11-02`.
        """

        def begun(path: Path) -> None:
            self._end_file(ledger)
            self._file = path

        for line in read_lines(
            ledger, unreadable=self.unreadable.files.append, torn=self._note, begun=begun, since=since
        ):
            if _is_record(line):
                if self._last:
                    self._go_on()
                if self._tears:
                    self._make_good(line)
                if self._nameless:
                    self._nameless.pop(_writer_of(self._file), None)
                yield line
            elif line is not None:
                self.unreadable.lines += 1
        self._end_file(ledger)

    def finish(self) -> Unreadable:
        """Return what could not be read, once all ledgers were."""
        found = self.unreadable
        found.files += self._nameless.values()
        self._nameless.clear()
        for message_id, tear in self._tears.items():
            if tear.is_counted:
                found.unfinished.add(message_id)
            elif tear.file is None:
                found.message_ids.add(message_id)
            elif tear.file not in found.files:
                found.files.append(tear.file)
        self._tears.clear()
        return found

    def _note(self, line: bytes) -> None:
        """Note a line that is torn, or made of two."""
        if b"\0" in line:  # a lost block, which hides an unknown number of lines
            self.unreadable.lines += 1
            return
        try:
            ids = [str(orjson.loads(text)) for text in _ID.findall(line)]
        except orjson.JSONDecodeError:
            ids = []
        legs = {leg.decode() for leg in _LEG.findall(line)}
        if self._leg and legs and self._leg not in legs:
            return
        if _ends_early(line, ids):
            self._last["".join(ids)] = "".join(legs)
        elif ids:
            self.unreadable.message_ids.update(ids)
        else:
            self.unreadable.lines += 1

    def _go_on(self) -> None:
        """Note that a record follows in the file: what ended early there was not the end of it."""
        for message_id, leg in self._last.items():
            if message_id:
                self._tears[message_id] = _Tear(leg)
        self._last.clear()

    def _make_good(self, record: Record) -> None:
        tear = self._tears.get(record["message_id"])
        if tear is not None and tear.leg in ("", record["leg"]):
            del self._tears[record["message_id"]]

    def _end_file(self, ledger: Path) -> None:
        """Judge the lines that end early at the end of a file."""
        if not self._last:
            return
        is_counted = (StateDir(ledger.parent).run / f"{_writer_of(self._file)}.json").is_file()
        for message_id, leg in self._last.items():
            if message_id:
                self._tears[message_id] = _Tear(leg, self._file, is_counted)
            elif not is_counted:
                self._nameless[_writer_of(self._file)] = self._file
        self._last.clear()


def _ends_early(line: bytes, ids: list[str]) -> bool:
    """Return whether a line is the beginning of one record."""
    text = line.rstrip()
    return text.startswith(_BEGINNING[: len(text)]) and len(ids) <= 1 and not text.endswith(b"}")


def _writer_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_record(line: Any) -> bool:
    """Return whether a line says what became of a message."""
    return (
        isinstance(line, dict)
        and isinstance(line.get("message_id"), str)
        and isinstance(line.get("leg"), str)
        and isinstance(line.get("outcome"), str)
        and isinstance(line.get("reason", 0), (str, type(None)))
    )
