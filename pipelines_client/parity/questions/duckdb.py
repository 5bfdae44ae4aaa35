"""DuckDB: this machine, with bounded memory. The questions are in its dialect."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from pipelines_client.errors import EngineError
from pipelines_client.parity.facts.writer import SCHEMAS
from pipelines_client.parity.questions.engine import BY_KEY, Engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_MEMORY = "500MB"
_MEMORY_OF_MANY = "1400MB"  # the process stays under 2 GB; with less, what is joined goes to disk and back
_MANY_ROWS = 6_000_000
_FEW_ROWS = 20_000  # one group of rows: threads would have nothing to share, and cost a sixth of the time
_ROWS_A_RANGE = 5_000_000  # facts whose join fits into memory
_ROWS_AT_ONCE = 10_000
_FIRST_KEY, _LAST_KEY = -(2**63), 2**63 - 1
_NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))
"""Messages of the system for a full disk: DuckDB raises several kinds of exceptions with them."""

_HARMFUL = ("partial_aggregate_pushdown",)  # it groups all of `places` before the join with a few rows


class DuckDB(Engine):
    """Answers the questions in this process."""

    name = "duckdb"

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._ranges = 1
        with self._name_cure():
            # Tables in a file are compressed, those in memory are not.
            self._connection = duckdb.connect(scratch / "parity.duckdb")
            self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
            self._connection.execute("SET temp_directory = ?", [str(scratch)])
            self._connection.execute("SET TimeZone = 'UTC'")
            # It costs memory, and the questions order their rows themselves.
            self._connection.execute("SET preserve_insertion_order = false")
            # It writes to standard output, where a report may go.
            self._connection.execute("SET enable_progress_bar = false")
            known = {name for (name,) in self._connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
            self._connection.execute("SET disabled_optimizers = ?", [",".join(known.intersection(_HARMFUL))])
            self._see(_FIRST_KEY, _LAST_KEY)

    def load(self, packs: Iterable[Path]) -> None:
        """Make a view of each table over the files of the packs, which are read when needed."""
        folders = list(packs)
        rows = sum(pq.read_metadata(folder / "facts.parquet").num_rows for folder in folders)
        self._ranges = 1 + rows // _ROWS_A_RANGE
        with self._name_cure():
            if rows <= _FEW_ROWS:
                self._connection.execute("SET threads = 1")
            if rows > _MANY_ROWS:
                self._connection.execute(f"SET memory_limit = '{_MEMORY_OF_MANY}'")
            for name in SCHEMAS:
                relation = self._connection.read_parquet([str(folder / f"{name}.parquet") for folder in folders])
                if name == "facts":
                    relation = relation.filter(
                        "message_key BETWEEN getvariable('first_key') AND getvariable('last_key')"
                    )
                relation.create_view(name)

    def close(self) -> None:
        """Release memory and the scratch folder."""
        self._connection.close()

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        with self._name_cure():
            if name not in BY_KEY or self._ranges == 1:
                self._connection.execute(f"CREATE {'TABLE' if is_kept else 'VIEW'} {name} AS {sql}")
                return
            width = 2**64 // self._ranges
            for number in range(self._ranges):
                first = _FIRST_KEY + number * width
                self._see(first, _LAST_KEY if number == self._ranges - 1 else first + width - 1)
                self._connection.execute(f"{f'INSERT INTO {name}' if number else f'CREATE TABLE {name} AS'} {sql}")
            self._see(_FIRST_KEY, _LAST_KEY)

    def _see(self, first: int, last: int) -> None:
        """Limit the facts to a range of keys: packs are sorted by key, so only some groups of rows are read."""
        for name, key in (("first_key", first), ("last_key", last)):
            self._connection.execute(f"SET VARIABLE {name} = CAST({key} AS BIGINT)")

    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        with self._name_cure():
            cursor = self._connection.execute(sql)
        return [column[0] for column in cursor.description or ()], self._fetch(cursor)

    def _fetch(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
        while True:
            with self._name_cure():
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows

    @contextmanager
    def _name_cure(self) -> Iterator[None]:
        """Turn a lack of space into an error that names the cure; DuckDB's own message names its settings."""
        try:
            yield
        except duckdb.Error as error:
            if not isinstance(error, duckdb.OutOfMemoryException) and not any(why in str(error) for why in _NO_ROOM):
                raise
            raise EngineError(
                f"DuckDB ran out of space: what does not fit into memory goes to {self._scratch.parent}. Set TMPDIR"
                " to a folder with more space, compare fewer days at a time, or use --engine spark or a PostgreSQL URL"
            ) from None
