"""The rows of a file of any format, each as the JSON object that a JSON export would have, with its place.

Nested values stay text, as CSV and Parquet files hold them. A row's place is its bytes in a CSV or JSON file, and its
number in a Parquet file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines_client.evidence.files.base import Format
from pipelines_client.evidence.files.csv_rows import CSV
from pipelines_client.evidence.files.json_lines import JSON
from pipelines_client.evidence.files.names import TABLE_ENDINGS, plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.evidence.files.base import Ending, RawLine, Reject, Take


def _read_parquet(location: str, reject: Reject, **given: Any) -> Iterator[RawLine]:
    from pipelines_client.evidence.files.parquet_rows import read_parquet  # here: importing pyarrow takes a while

    return read_parquet(location, reject, **given)


def _reopen_parquet(location: str, spans: list[tuple[int, int]], **given: Any) -> Iterator[bytes | None]:
    from pipelines_client.evidence.files.parquet_rows import reopen_parquet

    return reopen_parquet(location, spans, **given)


PARQUET = Format(TABLE_ENDINGS["parquet"], is_table=True, read=_read_parquet, reopen=_reopen_parquet)
FORMATS: tuple[Format, ...] = (PARQUET, CSV, JSON)
"""Every file format; the last one is that of all files that none of the others names."""


def read_rows(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
    ending: Ending | None = None,
    take: Take | None = None,
) -> Iterator[RawLine]:
    """Yield the rows of a file as JSON objects with their places.

    Args:
        location: Path or address; its ending names the format.
        reject: Takes note of what could not be read.
        advance: Called with the number of stored bytes of each read.
        columns: Of a Parquet file, the columns to read, in lower case; None for all.
        ending: Set, at each row, to whether the file ends in it without a line end.
        take: Is offered the lines of a JSON file; what it takes is not yielded.
    """
    return _format_of(location).read(location, reject, advance=advance, columns=columns, ending=ending, take=take)


def reopen_rows(
    location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
) -> Iterator[bytes | None]:
    """Yield the rows at places that `read_rows` gave, as `(offset, length)` with ascending offsets.

    A Parquet row that can no longer be read is None; `columns` are those that `read_rows` was given.

    Raises:
        CutError: The file has changed.
    """
    return _format_of(location).reopen(location, spans, columns=columns)


def is_table(location: str) -> bool:
    """Return whether the rows of a file are columns, as in CSV and Parquet."""
    return _format_of(location).is_table


def _format_of(location: str) -> Format:
    name = plain_name(location.rpartition("/")[2])
    return next((each for each in FORMATS if name.endswith(each.endings)), FORMATS[-1])
