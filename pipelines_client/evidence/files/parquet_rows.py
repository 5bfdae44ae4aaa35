"""Parquet rows with their numbers, read in bounded memory and past damage.

A file of kilobytes may hold one long text and millions of references to it. So the size of a batch of rows is computed
from the dictionaries before it is unpacked, because the sizes in the file do not count repeats. In a damaged row group,
the rows before the damage are read, and so are all other groups.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines_client.evidence.files.base import MAX_ROW_BYTES
from pipelines_client.evidence.files.open import BOMB, CutError, is_bomb, open_raw, why_not_opened
from pipelines_client.evidence.files.parquet_values import plain_batch, plain_value, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.evidence.files.base import Ending, RawLine, Reject, Take
    from pipelines_client.evidence.files.parquet_values import Shapes

_MAX_GROUP_BYTES = 8 << 30
_BUFFER_BYTES = 1 << 20
_BATCH_BYTES = 16 << 20
_MOST_ROWS = 4096
_FEW_ROWS = 64  # if rows may be far longer than the average: three times as slow, without the risk
_FINE_ROWS = 16  # before damage
_LARGE_GROUP_BYTES = 256 << 20
_VALUE_BYTES = 8


class _NotReadError(Exception):
    """The rest of a row group is not read; the text says why, and `done` is the number of rows that were read."""

    def __init__(self, done: int, why: str) -> None:
        super().__init__(why)
        self.done = done


class _Opened:
    """An open Parquet file, the columns that are read, and its row groups.

    Raises:
        Exception: Any exception of pyarrow or a store; the file is damaged.
    """

    def __init__(self, raw: BinaryIO, columns: Collection[str] | None) -> None:
        self._raw = raw
        self.bytes = raw.seek(0, 2)
        self._file = self._reader()
        self._metadata = self._file.metadata
        names = self._file.schema_arrow.names
        self.names = [name for name in names if columns is None or name.lower() in columns]
        self.rows = self._metadata.num_rows
        self._columns: dict[int, list[tuple[Any, Any]]] = {}
        self.groups: list[tuple[int, int, int]] = []  # (group, number of its first row from 0, count of rows)
        first = 0
        for group in range(self._metadata.num_row_groups):
            count = self._metadata.row_group(group).num_rows
            self.groups.append((group, first, count))
            first += count
        self.is_short = first != self.rows or any(count < 0 for *_, count in self.groups)

    def batches(self, group: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the rows of a group in batches, each with the position of its first row.

        Raises:
            _NotReadError: The rest is damaged or too large.
        """
        about = self._metadata.row_group(group)
        if about.total_byte_size > _MAX_GROUP_BYTES:
            raise _NotReadError(0, f"a row group of more than {_MAX_GROUP_BYTES:,} bytes is not read")
        done = 0
        for size in (self._batch_rows(group), _FINE_ROWS):
            start, why = 0, ""
            try:
                for batch in self._file.iter_batches(size, row_groups=[group], columns=self.names):
                    end = start + batch.num_rows
                    if end > done:
                        yield done, plain_batch(batch.slice(done - start))
                        done = end
                    start = end
            except Exception as error:  # noqa: BLE001 - damage raises many exceptions, and each store's library has others
                _let_pass(error)
                why = type(error).__name__
            if done >= about.num_rows:
                return
            if not why:
                break
        raise _NotReadError(done, _why_damaged(why or "it is shorter than it declares", about.num_rows - done))

    def is_bomb(self, group: int) -> bool:
        """Return whether a group declares a size far beyond that of the file.

        Raises:
            _NotReadError: What it declares is damaged.
        """
        about = self._metadata.row_group(group)
        values = max((chunk.num_values for chunk, _ in self._chunks(group)), default=0)
        return self.is_too_much(max(about.total_byte_size, values * _VALUE_BYTES))

    def is_too_much(self, unpacked: int) -> bool:
        """Return whether this is more than any export of this size unpacks to."""
        return is_bomb(unpacked, self.bytes)

    def _reader(self, **options: Any) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._raw, pre_buffer=False, buffer_size=_BUFFER_BYTES, page_checksum_verification=True, **options
        )

    def _chunks(self, group: int) -> list[tuple[Any, Any]]:
        """Return the metadata of each column of a group that is read, and the column's type.

        A reader that reads nothing checks the group first: asking pyarrow about a damaged column ends the process by
        an uncaught C++ exception.
        """
        if group in self._columns:
            return self._columns[group]
        about, schema, tops = self._metadata.row_group(group), self._metadata.schema, set(self.names)
        try:
            paths = [schema.column(number).path for number in range(len(schema))]
            numbers = [number for number, path in enumerate(paths) if path in tops or path.partition(".")[0] in tops]
            if numbers:
                deque(self._file.reader.iter_batches(0, [group], numbers), maxlen=0)
            chunks = [(about.column(number), schema.column(number)) for number in numbers]
        except Exception as error:  # noqa: BLE001 - as above
            _let_pass(error)
            raise _NotReadError(0, _why_damaged(type(error).__name__, about.num_rows)) from None
        self._columns = {group: chunks}
        return chunks

    def _batch_rows(self, group: int) -> int:
        """Return how many rows of a group fit into memory, however well they are packed."""
        about = self._metadata.row_group(group)
        rows, row_bytes, most = max(1, about.num_rows), 0, _MOST_ROWS
        texts: dict[str, int] = {}
        for chunk, column in self._chunks(group):
            each = math.ceil(chunk.num_values / rows)
            row_bytes += chunk.total_uncompressed_size // rows + each * max(_VALUE_BYTES, column.length or 0)
            if column.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in name for name in chunk.encodings):
                if chunk.total_uncompressed_size * _MOST_ROWS * each > _BATCH_BYTES:
                    texts[column.path] = each
            elif "DELTA_BYTE_ARRAY" in chunk.encodings:  # each text may repeat most of the previous one
                most = _FEW_ROWS
        if about.total_byte_size > _LARGE_GROUP_BYTES:
            most = _FEW_ROWS
        if texts:
            longest = self._longest(group, list(texts))
            if longest is None:
                most = _FEW_ROWS
            else:
                row_bytes += longest * max(texts.values())
        return max(1, min(most, _BATCH_BYTES // max(1, row_bytes)))

    def _longest(self, group: int, texts: list[str]) -> int | None:
        """Return the sum of the longest text of each dictionary; None if it is unknown."""
        try:
            reader = self._reader(read_dictionary=texts, metadata=self._metadata)
            batch = next(reader.iter_batches(1, row_groups=[group], columns=texts))
            lengths = [length for column in batch.columns for length in _lengths(column)]
        except Exception as error:  # noqa: BLE001 - as above; reading the rows reports the damage
            _let_pass(error)
            return None
        return sum(lengths) if len(lengths) >= len(texts) else None


def read_parquet(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
    ending: Ending | None = None,
    take: Take | None = None,
) -> Iterator[RawLine]:
    """Yield the rows of a Parquet file as JSON objects, each with its number from 1 and from 0.

    `advance` is called once, at the end.
    """
    del ending, take
    try:
        raw = open_raw(location)
    except Exception as error:  # noqa: BLE001 - each store's library has other errors
        reject(0, why_not_opened(error), incomplete=True)
        return
    with raw:
        try:
            file = _Opened(raw, columns)
        except Exception as error:  # noqa: BLE001 - as above
            _let_pass(error)
            why = f"the Parquet file is damaged here ({type(error).__name__}); copy it again"
            reject(0, why, incomplete=True)
            return
        why_not = _why_no_rows(file)
        if why_not is None:
            yield from _read(file, reject)
        else:
            reject(0, why_not, incomplete=True)
        if advance is not None:
            advance(file.bytes)


def _read(file: _Opened, reject: Reject) -> Iterator[RawLine]:
    unpacked = 0
    if file.is_short:
        reject(
            0,
            "the Parquet file is damaged (its row groups do not hold the rows that it declares); copy it again",
            incomplete=True,
        )
    for group, first, _ in file.groups:
        try:
            if file.is_bomb(group):
                reject(first + 1, BOMB, incomplete=True)
                return
            for start, batch in file.batches(group):
                unpacked += batch.nbytes
                if file.is_too_much(unpacked):
                    reject(first + start + 1, BOMB, incomplete=True)
                    return
                for number, row in enumerate(_rows(batch), first + start):
                    if isinstance(row, bytes):
                        yield number + 1, number, row
                    else:
                        reject(number + 1, row)
        except _NotReadError as error:
            reject(first + error.done + 1, str(error), incomplete=True)


def reopen_parquet(
    location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
) -> Iterator[bytes | None]:
    """Yield the rows at places that `read_parquet` gave; None for a row that can no longer be read.

    Raises:
        CutError: The file is shorter than before.
        Exception: It cannot be opened, or is not a Parquet file.
    """
    wanted = deque(number for number, _ in spans)
    with open_raw(location) as raw:
        file = _Opened(raw, columns)
        for group, first, count in file.groups:
            here: deque[int] = deque()
            while wanted and wanted[0] < first + count:
                here.append(wanted.popleft() - first)
            if here:
                yield from _reopen(file, group, here)
    if wanted:
        raise CutError("the file was truncated while it was read; run again")


def _reopen(file: _Opened, group: int, wanted: deque[int]) -> Iterator[bytes | None]:
    try:
        for start, batch in file.batches(group):
            while wanted and wanted[0] < start + batch.num_rows:
                row = _row(batch, wanted.popleft() - start)
                yield row if isinstance(row, bytes) else None
            if not wanted:
                return
    except _NotReadError:
        yield from [None] * len(wanted)


def _why_damaged(what: str, lost: int) -> str:
    return f"the Parquet file is damaged here ({what}): {lost:,} rows are lost; copy it again"


def _why_no_rows(file: _Opened) -> str | None:
    """Return why the rows of a file cannot be read as objects, or None."""
    twice = [name for name, count in Counter(file.names).items() if count > 1]
    if twice:
        return f"the Parquet file has two columns named {twice[0][:100]!r}; rename one"
    if not file.names and file.rows:
        return "the Parquet file has none of the columns that are read"
    return None


def _rows(batch: pa.RecordBatch) -> Iterator[bytes | str]:
    """Yield each row as JSON, or why it cannot be; a bad value affects only its row."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except Exception as error:  # noqa: BLE001 - pyarrow does not document them
        _let_pass(error)
        yield from (_row(batch, position) for position in range(batch.num_rows))
    else:
        shapes = shapes_of(batch.schema)
        yield from (_json(row, shapes) for row in rows)


def _row(batch: pa.RecordBatch, position: int) -> bytes | str:
    try:
        (row,) = batch.slice(position, 1).to_pylist()
    except Exception as error:  # noqa: BLE001 - as above
        return _why_no_row(error)
    return _json(row, shapes_of(batch.schema))


def _json(row: dict[str, Any], shapes: Shapes) -> bytes | str:
    try:
        for name, shape in shapes.items():
            row[name] = None if row[name] is None else shape(row[name])
        data = orjson.dumps(row, default=plain_value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return _why_no_row(error)
    return data if len(data) <= MAX_ROW_BYTES else f"the row is longer than {MAX_ROW_BYTES:,} bytes"


def _why_no_row(error: Exception) -> str:
    _let_pass(error)
    if isinstance(error, UnicodeDecodeError):
        return "the text is not UTF-8"
    return f"the row holds a value that JSON cannot represent ({type(error).__name__})"


def _lengths(column: pa.Array) -> Iterator[int]:
    """Yield the length of the longest text of each dictionary in a column, nested ones too."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        if len(column.dictionary):
            lengths = pc.binary_length(column.dictionary)  # pyright: ignore[reportAttributeAccessIssue]  # made at run time
            yield pc.max(lengths).as_py() or 0  # pyright: ignore[reportAttributeAccessIssue]
    elif pa.types.is_map(kind):
        yield from _lengths(column.keys)
        yield from _lengths(column.items)
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _lengths(part)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _lengths(column.values)


def _let_pass(error: Exception) -> None:
    """Raise an error that the file did not cause: memory that ran out here, unlike a damaged length."""
    if type(error) is MemoryError:
        raise error
