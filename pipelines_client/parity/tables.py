"""CSV and Parquet as lines with their places: each row becomes the JSON object that a JSON export would have had.

Nested values stay the text that such files hold; empty cells of CSV are null. A row's place is its bytes in a CSV file,
and its number in a Parquet file, where bytes mean nothing.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import orjson

from pipelines_client.parity.files import BOM, CutError, read_chunks, read_spans
from pipelines_client.parity.lines import read_lines
from pipelines_client.parity.parquet_rows import read_parquet, reopen_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.parity.lines import Place, Reject

_MAX_ROW_BYTES = 16 << 20
_DELIMITERS = ",;\t|"
_NULLS = ("", "\\N")  # the second is how PostgreSQL, MySQL and Snowflake copy a null
_CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")

csv.field_size_limit(_MAX_ROW_BYTES)


def read_rows(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
) -> Iterator[Place]:
    """Yield what a file holds as JSON objects with their places, whatever its format.

    Args:
        location: Path or address; its ending tells CSV and Parquet, all else is JSON.
        reject: Takes note of what could not be read.
        advance: Told of each read how many stored bytes it was.
        columns: Of a Parquet file, those to read, in lower case; None for all.
    """
    if _is_parquet(location):
        return read_parquet(location, reject, advance, columns)
    chunks = read_chunks(location, advance=advance)
    return _read_csv(chunks, reject) if _is_csv(location) else read_lines(chunks, reject)


def reopen_rows(
    location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
) -> Iterator[bytes | None]:
    """Yield the rows at places that `read_rows` gave, as `(offset, length)` with ascending offsets.

    A row of Parquet that cannot be read any more is None; `columns` are those that `read_rows` was given.

    Raises:
        CutError: The file is not what it was.
    """
    if _is_parquet(location):
        return reopen_parquet(location, [offset for offset, _ in spans], columns)
    if _is_csv(location):
        return _reopen_csv(location, spans)
    return read_spans(location, spans)


def _is_parquet(location: str) -> bool:
    return location.lower().endswith(_PARQUET_ENDINGS)


def _is_csv(location: str) -> bool:
    return location.lower().endswith(_CSV_ENDINGS)


def _read_csv(chunks: Iterator[bytes], reject: Reject) -> Iterator[Place]:
    header: list[str] = []
    delimiter = ","
    for line, offset, record in _records(chunks, reject):
        try:
            text = record.decode("utf-8")
            if not header:
                delimiter = max(_DELIMITERS, key=text.count)
                header = _cells(text, delimiter)
                continue
            cells = _cells(text, delimiter)
        except UnicodeDecodeError:
            reject(line, "no UTF-8 text")
        except csv.Error:
            reject(line, "no CSV")
        else:
            if len(cells) == len(header):
                yield line, offset, orjson.dumps(_object(header, cells))
            else:
                reject(line, f"{len(cells)} cells where the header has {len(header)}")


def _object(header: list[str], cells: list[str]) -> dict[str, str | None]:
    return {key: None if cell in _NULLS else cell for key, cell in zip(header, cells, strict=True)}


def _records(chunks: Iterator[bytes], reject: Reject) -> Iterator[Place]:
    """Yield the records of a CSV file with their places; a quoted cell may hold line ends."""
    number, offset = 1, 0
    held = bytearray()
    quotes = 0
    lines = _whole_lines(chunks)
    while True:
        try:
            line = next(lines, None)
        except CutError as cut:
            reject(number, str(cut), incomplete=True)
            return
        if line is None:
            break
        held += line
        quotes += line.count(b'"')
        if quotes % 2 and len(held) <= _MAX_ROW_BYTES:
            continue
        record = bytes(held)
        mark = len(BOM) if offset == 0 and record.startswith(BOM) else 0
        content = record[mark:].rstrip(b"\r\n")
        if len(record) > _MAX_ROW_BYTES:
            reject(number, f"the row is longer than {_MAX_ROW_BYTES:,} bytes; a quote may be open")
        elif content:
            yield number, offset + mark, content
        number += record.count(b"\n")
        offset += len(record)
        quotes = 0
        held.clear()
    if held:
        reject(number, "a quote is open to the end of the file", incomplete=True)


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends; one that is too long comes in pieces."""
    tail = b""
    for chunk in chunks:
        lines = (tail + chunk).splitlines(keepends=True)
        tail = b""
        if lines and not lines[-1].endswith(b"\n") and len(lines[-1]) <= _MAX_ROW_BYTES:
            tail = lines.pop()
        yield from lines
    if tail:
        yield tail


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True))


def _reopen_csv(location: str, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    found = {offset: data for _, offset, data in _wanted_rows(location, {offset for offset, _ in spans})}
    for offset, _ in spans:
        if offset not in found:
            raise CutError("the file is not what it was")
        yield found[offset]


def _wanted_rows(location: str, offsets: set[int]) -> Iterator[Place]:
    for place in _read_csv(read_chunks(location), lambda *_, **__: None):
        if place[1] in offsets:
            yield place
