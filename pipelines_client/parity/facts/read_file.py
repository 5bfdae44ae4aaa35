"""One file of evidence, read line by line into a collector. What cannot be read is noted, and never ends the run."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pipelines_client.evidence.columns import ColumnsSeen
from pipelines_client.evidence.fact import BAD_PAYLOAD, NOTHING_SHOWN, Fact
from pipelines_client.evidence.files.base import Ending, Rejected
from pipelines_client.evidence.files.last_cell import LastRow
from pipelines_client.evidence.files.open import is_gzip, open_raw
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.lines import LineRejectedError, wrapped
from pipelines_client.evidence.recognise import refuse_other_kind
from pipelines_client.evidence.swallowed import Neighbours

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client.evidence.files.base import RawLine
    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.parity.facts.collect import CountCollector, FactCollector
    from pipelines_client.parity.facts.packs import Reading

_MIXED = "it begins as one row and ends as another, and rows between them are lost; copy the file again"
_MAX_REJECTED_IN_A_ROW = 100_000
_ROUND = re.compile("[125]0{3,}")
_SHEETS = frozenset((2**16 - 1, 2**20 - 1))  # rows of a spreadsheet below its header


class FileReader:
    """Reads files of one kind into a collector, and notes in a reading what could not be read."""

    def __init__(self, kind: Kind, collector: FactCollector | CountCollector, reading: Reading) -> None:
        self._kind, self._collector, self._reading = kind, collector, reading
        self._seen = ColumnsSeen(kind.mapped.values())

    def read(self, name: str, location: str, advance: Callable[[int], object]) -> None:
        """Read a file.

        Raises:
            SourceError: It looks like another kind than the one that was named.
        """
        kind, collector, seen = self._kind, self._collector, self._seen
        ending, beside = Ending(), Neighbours()
        reject = partial(self._reject, name, beside)
        is_first, in_a_row, line = True, 0, 0
        count, rejected = collector.count, self._reading.rejected_lines
        read, take = count, collector.taking(name, beside)
        rows = read_rows(location, reject, advance=advance, columns=kind.columns, ending=ending, take=take)
        for line, offset, data in rows:
            if is_first:
                refuse_other_kind(kind, location, line, data)
                is_first = False
            if seen.lacking:
                seen.look(data)
            try:
                self._take(name, (line, offset, data), ending, beside)
            except Exception as error:  # noqa: BLE001 - a line that we did not foresee must not end the report
                is_misnamed = collector.count == count and name.endswith(".gz") and _is_unpacked(location)
                why, is_gap = self._why(error, data, ending, beside, is_misnamed=is_misnamed)
                reject(line, why, incomplete=is_gap)
                in_a_row = in_a_row + 1 if collector.count == read else 1
                read = collector.count
                if in_a_row >= _MAX_REJECTED_IN_A_ROW:
                    why = f"{_MAX_REJECTED_IN_A_ROW:,} lines in a row could not be read; the rest is not read"
                    reject(line, why, incomplete=True)
                    break
            else:
                in_a_row = 0
        if collector.count == count and self._reading.rejected_lines == rejected:
            self._note_empty(name, location)

        self._note_ending(name, line, ending)
        self._note_round_end(name, line, collector.count - count + self._reading.rejected_lines - rejected)
        for odd, why in beside.lost():
            self._reading.lose(Rejected(name, odd, why))

    def _take(self, name: str, raw: RawLine, ending: Ending, beside: Neighbours) -> None:
        """Add a line to what was collected; what its time of receipt says of the lines before it comes first."""
        line, offset, data = raw
        fact, payload = self._kind.read(data, name, line, offset)
        if beside.is_jump(fact.received_at_ms) and not self._kind.is_growing:
            self._look_at_jump(name, line, data, beside)
        if self._collector.is_full:
            self._collector.write()  # not before: a row that is written cannot be taken back
        self._collector.add(fact if ending.last_row is not LastRow.UNKNOWN else _unsure(fact), payload)
        beside.see(data, fact.received_at_ms)
        if fact.is_reduced & BAD_PAYLOAD:
            beside.note(line, "its payload is not JSON")

    def finish(self) -> None:
        """Note what all files had in common."""
        self._reading.rows = self._collector.count
        self._reading.notes += self._collector.notes
        self._reading.unreadable = self._collector.unreadable
        self._reading.columns, self._reading.found = list(self._seen.names), self._seen.found

    def _why(
        self, error: Exception, data: bytes, ending: Ending, beside: Neighbours, *, is_misnamed: bool
    ) -> tuple[str, bool]:
        """Return why a line is rejected, and whether an unknown number of rows is lost with it."""
        reason = wrapped(_rejection(error), data)
        why, is_gap = f"{reason}, and not gzip either" if is_misnamed else str(reason), reason.hides_more
        if not is_gap and beside.is_joined(data):
            return f"{why}; it begins as one row and ends as another: those between are lost", True
        if self._kind.is_growing:  # a killed process leaves a cut line, and the next one writes another file
            return why, is_gap
        return ending.judge(why, hides_more=is_gap)

    def _reject(self, name: str, beside: Neighbours, line: int, reason: str, *, incomplete: bool = False) -> None:
        if not incomplete:
            beside.note(line, reason)
        self._reading.reject(name, line, reason, incomplete=incomplete)

    def _look_at_jump(self, name: str, line: int, data: bytes, beside: Neighbours) -> None:
        """Take a row back that mixes two, where the time of receipt jumps after it.

        Raises:
            LineRejectedError: The next row is such a row.
        """
        if beside.is_mixed(data):
            raise LineRejectedError(_MIXED, hides_more=True)
        if beside.was_mixed() and self._collector.take_back():
            self._reading.reject(name, line - 1, _MIXED, incomplete=True)

    def _note_ending(self, name: str, line: int, ending: Ending) -> None:
        """Note whether a file of rows ends with a line end: one that does not, beside others that do, is cut."""
        self._reading.closed += ending.last_row is LastRow.CLOSED
        if ending.last_row is LastRow.UNKNOWN:
            why = "the file ends without a line end, unlike others of this source; it may be cut off; copy it again"
            self._reading.open_ends.append(Rejected(name, line, why))

    def _note_round_end(self, name: str, line: int, rows: int) -> None:
        """Note a result of a query that has as many rows as tools let through."""
        if self._kind.is_queried and (rows in _SHEETS or _ROUND.fullmatch(str(rows))):
            why = (
                f"the file has exactly {rows:,} rows, at which tools cut the result of a query; export all rows, and if"
                " these are all, in two files"
            )
            self._reading.round_ends.append(Rejected(name, line, why))

    def _note_empty(self, name: str, location: str) -> None:
        """Note a file without rows. One that is named as gzip and has no bytes is a copy that failed."""
        if name.endswith(".gz") and _is_nothing(location):
            why = "the file has 0 bytes, and gzip has at least 18; copy it again"
            self._reading.reject(name, 0, why, incomplete=True)
        else:
            self._reading.notes.append(f"{name} is empty")


def _unsure(fact: Fact) -> Fact:
    """Return the fact of a row that may be cut in its last cell: that the message arrived, and nothing of it."""
    return fact._replace(is_reduced=fact.is_reduced | NOTHING_SHOWN)


def _rejection(error: Exception) -> LineRejectedError:
    """Return why a line was rejected. The message of a library's error is not shown: it may quote the line."""
    if isinstance(error, LineRejectedError):
        return error
    if isinstance(error, MemoryError):
        raise error
    return LineRejectedError(f"could not be read ({type(error).__name__})")


def _is_nothing(location: str) -> bool:
    try:
        with open_raw(location) as raw:
            return not raw.read(1)
    except OSError:
        return False


def _is_unpacked(location: str) -> bool:
    try:
        return not is_gzip(location)
    except OSError:
        return False
