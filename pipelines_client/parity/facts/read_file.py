"""One file of evidence, read line by line into a collector. What cannot be read is noted, and never ends the run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipelines_client.evidence.columns import ColumnsSeen
from pipelines_client.evidence.files.base import Ending
from pipelines_client.evidence.files.open import is_gzip, open_raw
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.lines import LineRejectedError, wrapped
from pipelines_client.evidence.recognise import refuse_other_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.parity.facts.collect import CountCollector, FactCollector
    from pipelines_client.parity.facts.packs import Reading

_MAX_REJECTED_IN_A_ROW = 100_000


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
        read, add, ending = kind.read, collector.add, Ending()
        reject = partial(self._reading.reject, name)
        is_known, is_first, in_a_row = False, True, 0
        count, rejected = collector.count, self._reading.rejected_lines
        for line, offset, data in read_rows(location, reject, advance=advance, columns=kind.columns, ending=ending):
            if is_first:
                refuse_other_kind(kind, location, line, data)
                is_first = False
            if seen.lacking:
                seen.look(data)
            try:
                add(*read(data, name, line, offset))
            except Exception as error:  # noqa: BLE001 - a line that we did not foresee must not end the report
                is_misnamed = not is_known and name.endswith(".gz") and _is_unpacked(location)
                why, is_gap = self._why(error, data, ending, is_misnamed=is_misnamed)
                reject(line, why, incomplete=is_gap)
                in_a_row += 1
                if in_a_row >= _MAX_REJECTED_IN_A_ROW:
                    why = f"{_MAX_REJECTED_IN_A_ROW:,} lines in a row could not be read; the rest is not read"
                    reject(line, why, incomplete=True)
                    break
            else:
                is_known, in_a_row = True, 0
                if collector.is_full:
                    collector.write()
        if collector.count == count and self._reading.rejected_lines == rejected:
            self._note_empty(name, location)

    def finish(self) -> None:
        """Note what all files had in common."""
        self._reading.rows = self._collector.count
        self._reading.notes += self._collector.notes
        self._reading.unreadable = self._collector.unreadable
        self._reading.columns, self._reading.found = list(self._seen.names), self._seen.found

    def _why(self, error: Exception, data: bytes, ending: Ending, *, is_misnamed: bool) -> tuple[str, bool]:
        """Return why a line is rejected, and whether an unknown number of rows is lost with it."""
        reason = wrapped(_rejection(error), data)
        why, is_gap = f"{reason}, and not gzip either" if is_misnamed else str(reason), reason.hides_more
        if self._kind.is_growing:  # a killed process leaves such a line, and the next one writes another file
            return why, is_gap
        return ending.judge(why, hides_more=is_gap)

    def _note_empty(self, name: str, location: str) -> None:
        """Note a file without rows. One that is named as gzip and has no bytes is a copy that failed."""
        if name.endswith(".gz") and _is_nothing(location):
            why = "the file has 0 bytes, and gzip has at least 18; copy it again"
            self._reading.reject(name, 0, why, incomplete=True)
        else:
            self._reading.notes.append(f"{name} is empty")


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
