"""CSV rows, each as the JSON object that a JSON export would have.

Empty cells are null; nested values stay text. A stray quote turns many rows into one, so a rejected row that may be
several is passed as *incomplete*. It is never split by guess: a quoted cell may hold lines that look like rows.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Literal

import orjson

from pipelines_client.evidence.files.base import MAX_ROW_BYTES, ZEROS, Ending, Format, line_end
from pipelines_client.evidence.files.last_cell import LastCells, LastRow
from pipelines_client.evidence.files.names import TABLE_ENDINGS
from pipelines_client.evidence.files.open import BOM, CutError, read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.evidence.files.base import RawLine, Reject, Take

_DELIMITERS = ",;\t|"
_NULLS = ("", "\\N")  # the second is null as PostgreSQL, MySQL and Snowflake export it
_NO_HEADER = "the header is not CSV in UTF-8"
_ONE_COLUMN = "the header has one column: no comma, semicolon, tab or | separates columns"
_ZEROS = f"not CSV: {ZEROS}"
_MARK = "\ufeff"
_ROWS_IN_CELL = "a cell seems to hold several rows; a quote may not be closed"
_SEP = re.compile(rb"sep=(.)")  # the first line that Excel writes
_VALUE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{10,}|[{\[].*", re.DOTALL)
_NAME = re.compile(r"[\w .$#-]*")
_COLUMNS_TO_TELL = 3  # with fewer, prose in a quoted cell may have as many commas as a row

csv.field_size_limit(MAX_ROW_BYTES)


def read_csv(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
    ending: Ending | None = None,
    take: Take | None = None,
) -> Iterator[RawLine]:
    """Yield the rows of a CSV file as JSON objects; the first row is the header, and so is each repeat of it."""
    del columns, take
    ending = ending or Ending()
    records = _records(read_chunks(location, advance=advance), reject, ending)
    line, _, first = next(records, (0, 0, b""))
    given = _SEP.fullmatch(first)
    if given:
        line, _, first = next(records, (0, 0, b""))
    if not first:
        return
    delimiter, header, why = _header(first, given[1].decode("latin-1") if given else None)
    if why:
        reject(line, f"{why}, so no row can be read", incomplete=True)
        return
    firsts, count, last = (header[0], _MARK + header[0]), 0, LastCells()
    for line, offset, record in records:
        count += 1
        cells, why = _row(record, delimiter, len(header))
        ending.last_row = last.judge(cells[-1]) if ending.is_open and not why else LastRow.CLOSED
        if ending.last_row is LastRow.CUT:
            why = "the last cell is not whole"
        if why:
            is_short = ending.is_open and len(cells) < len(header)
            hides_more = why == _ZEROS or (not is_short and _is_several(record, delimiter, len(header)))
            why, is_gap = ending.judge(why, hides_more=hides_more)
            reject(line, why, incomplete=is_gap)
        elif cells[0] not in firsts or cells[1:] != header[1:]:  # the header again, where files were joined
            last.see(cells[-1])
            yield line, offset, orjson.dumps(_object(header, cells))
    if not count and any(map(_VALUE.fullmatch, header)):
        reject(line, "the header holds values and no row follows; its line end may be lost", incomplete=True)


def _row(record: bytes, delimiter: str, columns: int) -> tuple[list[str], str]:
    """Return the cells of a record, and what is wrong with them, or an empty text."""
    if b"\0\0" in record:
        return [], _ZEROS
    try:
        cells = _cells(record.decode("utf-8"), delimiter)
    except UnicodeDecodeError:
        return [], "the text is not UTF-8"
    except csv.Error:
        return [], "not CSV"
    if len(cells) != columns:
        return cells, f"{len(cells)} cells where the header has {columns}"
    is_rows = b"\n" in record and _is_rows(record, delimiter, columns)
    return cells, _ROWS_IN_CELL if is_rows else ""


def reopen_csv(
    location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
) -> Iterator[bytes | None]:
    """Yield the rows at places that `read_csv` gave, as `(offset, length)` with ascending offsets.

    Raises:
        CutError: The file has changed.
    """
    del columns
    rows = read_csv(location, lambda *_, **__: None)
    for offset, _ in spans:
        at, data = next(((at, data) for _, at, data in rows if at >= offset), (-1, b""))
        if at != offset:
            raise CutError("the file has changed")
        yield data


CSV = Format(TABLE_ENDINGS["csv"], is_table=True, read=read_csv, reopen=reopen_csv)


def _object(header: list[str], cells: list[str]) -> dict[str, str | None]:
    return {key: None if cell in _NULLS else cell for key, cell in zip(header, cells, strict=True)}


def _header(record: bytes, given: str | None) -> tuple[str, list[str], str]:
    """Return the delimiter (by default the one that gives most columns), the columns, and what is wrong with them."""
    if b"\0\0" in record:
        return ",", [], _ZEROS
    if record.lstrip().startswith((b"{", b"[")):
        return ",", [], "this is JSON in a file named as CSV; name it .json"
    delimiter = given or max(_DELIMITERS, key=lambda each: _count(record, each, csv.QUOTE_MINIMAL, is_strict=True) or 0)
    try:
        header = _cells(record.decode("utf-8"), delimiter)
    except (UnicodeDecodeError, csv.Error):
        return ",", [], _NO_HEADER
    why = ""
    if len(header) == 1 and not _NAME.fullmatch(header[0]):
        is_apart = any(each.encode() in record for each in _DELIMITERS)
        why = _NO_HEADER if is_apart else _ONE_COLUMN
    elif any(name and count > 1 for name, count in Counter(header).items()):
        why = "the header has two columns of one name; rename one"
    elif _is_rows(record, delimiter, len(header)):
        why = "the header seems to hold several rows; a quote may not be closed"
    return delimiter, header, why


def _is_several(record: bytes, delimiter: str, columns: int) -> bool:
    """Return whether a broken record may hold more than one row.

    Either a quote is not closed, or a line end is lost, of a row or of the header, which joins two cells.
    """
    if b"\n" in record or b"\r" in record:
        return True
    count = _count(record, delimiter, csv.QUOTE_MINIMAL)
    return count is None or count >= 2 * columns - 1 or columns == 2 * count - 1


def _is_rows(record: bytes, delimiter: str, columns: int) -> bool:
    """Return whether each line of a record would be a row, as between two stray quotes."""
    lines, fewest = record.split(b"\n"), columns - 1
    if columns < _COLUMNS_TO_TELL or any(line.count(delimiter.encode()) < fewest for line in lines):
        return False
    return len(lines) > 1 and all(
        columns in (_count(line, delimiter, csv.QUOTE_MINIMAL), _count(line, delimiter, csv.QUOTE_NONE))
        for line in lines
    )


def _count(line: bytes, delimiter: str, quoting: Literal[0, 3], *, is_strict: bool = False) -> int | None:
    """Return the number of cells in a line, or None if it cannot be parsed; broken quotes are accepted by default."""
    text = line.decode("utf-8", "replace")
    try:
        return len(next(csv.reader([text], delimiter=delimiter, quoting=quoting, strict=is_strict)))
    except csv.Error:
        return None


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True))


def _records(chunks: Iterator[bytes], reject: Reject, ending: Ending) -> Iterator[RawLine]:
    """Yield the records of a CSV file with their places; a quoted cell may hold line ends."""
    number, offset, quotes = 1, 0, 0
    held = bytearray()
    is_skipping = False
    try:
        head = next(chunks, b"")
        end = line_end(head)
        offset = len(BOM) if head.startswith(BOM) else 0
        for line in _whole_lines(chain((head[offset:],), chunks), end):
            quotes += line.count(b'"')
            if held or quotes % 2:
                held += line
            size = len(held) or len(line)
            if quotes % 2 and size <= MAX_ROW_BYTES and not is_skipping:
                continue
            record = bytes(held) or line
            if not is_skipping and size > MAX_ROW_BYTES:
                is_skipping = True
                why = f"the row is longer than {MAX_ROW_BYTES:,} bytes; a quote may not be closed"
                reject(number, why, incomplete=True)
            elif not is_skipping and (content := record.rstrip(b"\r\n")):
                ending.is_open = not record.endswith(end)
                yield number, offset, content
            is_skipping = is_skipping and not record.endswith(end)
            number += record.count(end)
            offset += size
            quotes = 0
            held.clear()
    except CutError as cut:
        reject(number, str(cut), incomplete=True)
        return
    if held:
        reject(number, "a quote is open to the end of the file", incomplete=True)


def _whole_lines(chunks: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    """Yield lines with their ends; a line that is too long comes in pieces."""
    tail = b""
    for chunk in chunks:
        *lines, tail = (tail + chunk).split(end)
        for line in lines:
            yield line + end
        if len(tail) > MAX_ROW_BYTES:
            yield tail
            tail = b""
    if tail:
        yield tail
