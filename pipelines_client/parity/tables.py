"""CSV and Parquet as lines with their places: each row becomes the JSON object that a JSON export would have had.

Nested values stay the text that such files hold; empty cells of CSV are null. A row's place is its bytes in a CSV file,
and its number in a Parquet file, where bytes mean nothing.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines_client.parity.files import BOM, CutError, open_raw, read_chunks, read_spans, why_not_opened
from pipelines_client.parity.lines import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.parity.lines import Place, Reject

_MAX_ROW_BYTES = 16 << 20
_MAX_WHOLE = 2**63
_PARQUET_ROWS = 4096
_PARQUET_BUFFER_BYTES = 1 << 20
_MAX_GROUP_BYTES = 8 << 30
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
        return _read_parquet(location, reject, advance, columns)
    chunks = read_chunks(location, advance=advance)
    return _read_csv(chunks, reject) if _is_csv(location) else read_lines(chunks, reject)


def reopen_rows(location: str, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the rows at places that `read_rows` gave, as `(offset, length)` with ascending offsets.

    Raises:
        CutError: The file is not what it was.
    """
    if _is_parquet(location):
        return _reopen_parquet(location, [offset for offset, _ in spans])
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


def _read_parquet(
    location: str, reject: Reject, advance: Callable[[int], object] | None, columns: Collection[str] | None
) -> Iterator[Place]:
    """Yield the rows of a Parquet file, a few thousand at a time, so that memory stays bounded."""
    try:
        raw = open_raw(location)
    except Exception as error:  # noqa: BLE001 - each store's library has errors of its own
        reject(0, why_not_opened(error), incomplete=True)
        return
    number = 0
    with raw:
        try:
            file = pq.ParquetFile(raw, pre_buffer=False, buffer_size=_PARQUET_BUFFER_BYTES)
            for group in range(file.num_row_groups):
                if file.metadata.row_group(group).total_byte_size > _MAX_GROUP_BYTES:
                    reject(number, f"a row group of more than {_MAX_GROUP_BYTES:,} bytes is not read", incomplete=True)
                    return
            names = None if columns is None else [name for name in file.schema_arrow.names if name.lower() in columns]
            for batch in file.iter_batches(_PARQUET_ROWS, columns=names):
                for row in _python(batch):
                    number += 1
                    yield number, number - 1, _as_json(row)
        except (OSError, ValueError, pa.ArrowException) as error:
            why = f"the Parquet file is damaged here ({type(error).__name__}); copy it again"
            reject(number, why, incomplete=True)
            return
        if advance is not None:
            advance(raw.seek(0, 2))


def _python(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return rows as Python values; nanoseconds, of which Python knows none, are cut to microseconds."""
    for position, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(position).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(position, pa.field(field.name, column.type), column)
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def _reopen_parquet(location: str, numbers: list[int]) -> Iterator[bytes]:
    with open_raw(location) as raw:
        file = pq.ParquetFile(raw)
        start = 0
        wanted = iter(numbers)
        number = next(wanted, None)
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if number is not None and number < start + count:
                table = file.read_row_group(group)
                while number is not None and number < start + count:
                    (batch,) = table.slice(number - start, 1).combine_chunks().to_batches()
                    yield _as_json(_python(batch)[0])
                    number = next(wanted, None)
            start += count
    if number is not None:
        raise CutError("the file is shorter than it was")


def _as_json(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, default=_plain, option=orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    """Spell what Parquet has and JSON has not."""
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if is_whole and abs(value) < _MAX_WHOLE else float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)
