"""What every file format offers: its rows as JSON objects with their places, and how damage is reported. Pure."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipelines_client.evidence.files.last_cell import LastRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ZEROS = "it contains zero bytes, as UTF-16 or a lost disk block does"

MAX_ROW_BYTES = 16 << 20  # a call is at most 32 kB (FACTS C6, S3): no export holds a longer row

RawLine = tuple[int, int, bytes]
"""Line number from 1, offset in the unpacked bytes, and the line without its end."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that could not be read, and why; line 0 is the whole file."""

    file: str
    line: int
    reason: str


class Reject(Protocol):
    """Takes note of a line that could not be read."""

    def __call__(self, line: int, reason: str, *, incomplete: bool = False) -> None:
        """Note the line; `incomplete` means that an unknown number of other lines is lost with it."""


@dataclass(slots=True)
class Ending:
    """Whether the last row that was read runs to the end of the file: a copy of the file may have been cut there.

    `last_row` says what the format knows of it; None of a format whose rows show it themselves, as JSON does.
    """

    is_open: bool = False
    last_row: LastRow | None = None

    def judge(self, reason: str, *, hides_more: bool) -> tuple[str, bool]:
        """Return why a row is rejected, and whether an unknown number of rows is lost with it."""
        if self.is_open and not hides_more:
            return f"{reason}; the file is cut off here; copy it again", True
        return reason, hides_more


Take = Callable[[int, int, bytes, int], Generator[RawLine, None, int]]
"""Takes the whole lines in so many first bytes, yields those that it leaves, and returns how many there are in all.

It is called with the number and the offset of the first of them.
"""


class ReadRows(Protocol):
    """Reads a file of one format."""

    def __call__(
        self,
        location: str,
        reject: Reject,
        *,
        advance: Callable[[int], object] | None = None,
        columns: Collection[str] | None = None,
        ending: Ending | None = None,
        take: Take | None = None,
    ) -> Iterator[RawLine]:
        """Yield the rows of a file with their places, as `rows.read_rows` does."""
        ...


class ReopenRows(Protocol):
    """Reads a few rows of a file of one format again."""

    def __call__(
        self, location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
    ) -> Iterator[bytes | None]:
        """Yield the rows at places that `ReadRows` gave, as `rows.reopen_rows` does."""
        ...


class Format(NamedTuple):
    """A file format.

    Attributes:
        endings: How its files' names end, as `names.plain_name` returns them; empty for the format of all other files.
        is_table: Whether its rows are bare columns, whose meaning a map must explain.
        read: Reads all rows.
        reopen: Reads a few rows again.
    """

    endings: tuple[str, ...]
    is_table: bool
    read: ReadRows
    reopen: ReopenRows


def line_end(head: bytes) -> bytes:
    """Return what ends the lines of a file that begins so: a newline, else a carriage return."""
    return b"\r" if b"\n" not in head and head.find(b"\r", 0, -1) >= 0 else b"\n"
