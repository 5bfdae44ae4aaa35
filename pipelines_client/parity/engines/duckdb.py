"""DuckDB: this machine, with bounded memory. The questions are in its dialect."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from pipelines_client.parity.engine import Engine
from pipelines_client.parity.facts import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_MEMORY = "500MB"
_MEMORY_OF_MANY = "1400MB"  # the process stays under 2 GB; with less, what is joined goes to disk and back
_MANY_ROWS = 6_000_000
_ROWS_AT_ONCE = 10_000


class DuckDB(Engine):
    """Answers the questions in this process."""

    name = "duckdb"

    def __init__(self, scratch: Path) -> None:
        self._connection = duckdb.connect(scratch / "parity.duckdb")  # the tables of a file are packed, in memory not
        self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        self._connection.execute("SET temp_directory = ?", [str(scratch)])
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET preserve_insertion_order = false")  # it costs memory; what has an order says so
        self._connection.execute("SET enable_progress_bar = false")  # it would write to standard output, into a report

    def load(self, packs: Iterable[Path]) -> None:
        """Name the files of the packs; they are read as they are needed."""
        folders = list(packs)
        if sum(pq.read_metadata(folder / "facts.parquet").num_rows for folder in folders) > _MANY_ROWS:
            self._connection.execute(f"SET memory_limit = '{_MEMORY_OF_MANY}'")
        for name in SCHEMAS:
            self._connection.read_parquet([str(folder / f"{name}.parquet") for folder in folders]).create_view(name)

    def close(self) -> None:
        """Let go of memory and of the scratch folder."""
        self._connection.close()

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        self._connection.execute(f"CREATE {'TABLE' if is_kept else 'VIEW'} {name} AS {sql}")

    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        cursor = self._connection.execute(sql)
        return [column[0] for column in cursor.description or ()], chain.from_iterable(
            iter(lambda: cursor.fetchmany(_ROWS_AT_ONCE), [])
        )
