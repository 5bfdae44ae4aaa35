"""Files of every format as lines with their places: each row becomes the JSON object that a JSON export would have had.

Nested values stay the text that Parquet files hold. A row's place is its bytes in a CSV or JSON file, and its number in
a Parquet file, where bytes mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.files.csv_rows import read_csv, reopen_csv
from pipelines_client.evidence.files.json_lines import read_lines
from pipelines_client.evidence.files.open import read_chunks, read_spans
from pipelines_client.evidence.files.parquet_rows import read_parquet, reopen_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipelines_client.evidence.files.json_lines import Ending, Place, Reject

_CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")


def read_rows(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
    ending: Ending | None = None,
) -> Iterator[Place]:
    """Yield what a file holds as JSON objects with their places, whatever its format.

    Args:
        location: Path or address; its ending tells CSV and Parquet, all else is JSON.
        reject: Takes note of what could not be read.
        advance: Told of each read how many stored bytes it was.
        columns: Of a Parquet file, those to read, in lower case; None for all.
        ending: Knows with each row whether the file ends in it, without a line end.
    """
    if _is_parquet(location):
        return read_parquet(location, reject, advance, columns)
    chunks = read_chunks(location, advance=advance)
    return read_csv(chunks, reject, ending) if _is_csv(location) else read_lines(chunks, reject, ending)


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
        return reopen_csv(location, spans)
    return read_spans(location, spans)


def _is_parquet(location: str) -> bool:
    return location.lower().endswith(_PARQUET_ENDINGS)


def _is_csv(location: str) -> bool:
    return location.lower().endswith(_CSV_ENDINGS)
