"""DuckDB: this machine, with bounded memory. The questions are in its dialect."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

try:
    import _duckdb as duckdb  # the engine; the rest of the package is Python that we do not use, and takes a while
except ImportError:  # as older versions call it
    import duckdb  # type: ignore[no-redef]  # the same names

from pipelines_client.errors import EngineError
from pipelines_client.parity.facts.writer import SCHEMAS
from pipelines_client.parity.questions.engine import BY_KEY, Engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_MEMORY = "500MB"
_MEMORY_OF_MANY = "1400MB"  # the process stays under 2 GB; with less, what is joined goes to disk and back
_MANY_ROWS = 6_000_000
_FEW_ROWS = 50_000  # of facts: all tables fit into memory, and threads would have nothing to share
_ROWS_A_RANGE = 1_000_000  # facts joined at a time: 2 million take 110 MB less than all at once, in the same time
_ROWS_A_RANGE_OF_MANY = 5_000_000  # more ranges would read more: each reads an eighth of all rows or more
_ROWS_AT_ONCE = 10_000
_FIRST_KEY, _LAST_KEY = -(2**63), 2**63 - 1
_NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))
"""Messages of the system for a full disk: DuckDB raises several kinds of exceptions with them."""

_HARMFUL = {"partial_aggregate_pushdown"}  # it groups all of `places` before the join with a few rows
_WORTH_IT_FOR_FEW = {"filter_pushdown", "unused_columns"}  # the others take longer than they save


class DuckDB(Engine):
    """Answers the questions in this process."""

    name = "duckdb"

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._ranges = 1
        self._are_few = False
        with self._name_cure():
            self._connection = duckdb.connect(":memory:")
            self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
            self._connection.execute("SET temp_directory = ?", [str(scratch)])
            self._connection.execute("SET TimeZone = 'UTC'")
            # It costs memory, and the questions order their rows themselves.
            self._connection.execute("SET preserve_insertion_order = false")
            # It writes to standard output, where a report may go.
            self._connection.execute("SET enable_progress_bar = false")
            rules = self._connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
            self._rules = {name for (name,) in rules}
            self._leave_out(_HARMFUL)
            self._see(_FIRST_KEY, _LAST_KEY)

    def load(self, packs: Iterable[Path]) -> None:
        """Read the tables of the packs into memory if they are few; else make views, which read them when needed."""
        folders = list(packs)
        files = {name: [str(folder / f"{name}.parquet") for folder in folders] for name in SCHEMAS}
        with self._name_cure():
            counted = "SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(?)"
            ((rows,),) = self._connection.execute(counted, [files["facts"]]).fetchall()
            self._ranges = 1 + rows // (_ROWS_A_RANGE if rows <= _MANY_ROWS else _ROWS_A_RANGE_OF_MANY)
            self._are_few = rows <= _FEW_ROWS
            if self._are_few:
                self._connection.execute("SET threads = 1")
                self._leave_out(self._rules - _WORTH_IT_FOR_FEW)
                for name, paths in files.items():
                    self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet(?)", [paths])  # noqa: S608 - a name of ours
                return
            if rows > _MANY_ROWS:
                self._connection.execute(f"SET memory_limit = '{_MEMORY_OF_MANY}'")
            # Tables in a file are compressed, those in memory are not.
            file = _quoted(str(self._scratch / "parity.duckdb"))
            self._connection.execute(f"ATTACH {file} AS kept; USE kept")
            for name, paths in files.items():
                read = f"SELECT * FROM read_parquet([{', '.join(map(_quoted, paths))}])"  # noqa: S608 - paths of ours
                some = f"{read} WHERE message_key BETWEEN getvariable('first_key') AND getvariable('last_key')"
                self._connection.execute(f"CREATE VIEW {name} AS {some if name == 'facts' else read}")

    def select(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of one SELECT, which may be a team's own and so may need every rule of the optimiser."""
        self._leave_out(_HARMFUL)
        return super().select(sql)

    def close(self) -> None:
        """Release memory and the scratch folder."""
        self._connection.close()

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        with self._name_cure():
            if name not in BY_KEY or self._ranges == 1:
                self._connection.execute(f"CREATE {'TABLE' if is_kept or self._are_few else 'VIEW'} {name} AS {sql}")
                return
            width = 2**64 // self._ranges
            for number in range(self._ranges):
                first = _FIRST_KEY + number * width
                self._see(first, _LAST_KEY if number == self._ranges - 1 else first + width - 1)
                self._connection.execute(f"{f'INSERT INTO {name}' if number else f'CREATE TABLE {name} AS'} {sql}")
            self._see(_FIRST_KEY, _LAST_KEY)

    def _leave_out(self, rules: set[str]) -> None:
        """Let the optimiser do without these rules, if it has them, and use all others."""
        self._connection.execute("SET disabled_optimizers = ?", [",".join(sorted(rules & self._rules))])

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


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
