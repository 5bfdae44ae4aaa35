"""Packs in a PostgreSQL database: in a schema that many hosts share, or for one session only.

A pack is copied once, whole or not at all, and is found again by its files, like a pack in a folder. It is removed when
its files have changed or no run has used it for 30 days, but only while no other run uses the schema: each run holds a
shared advisory lock. If the server crashes, all tables may be empty; then packs are copied again.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg import sql

from pipelines_client.errors import EngineError
from pipelines_client.evidence.listing import SourceFile
from pipelines_client.parity.facts.packs import ABOUT, UNUSED_S, Pack, reading_from, shelf_name
from pipelines_client.parity.facts.writer import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from pipelines_client.evidence.kinds.base import Kind

_OF_THE_SESSION = "pg_temp"
_NAME = re.compile(r"(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}")
_COPY_ROWS = 50_000
_CSV = pyarrow.csv.WriteOptions(
    include_header=False, quoting_style="all_valid"
)  # an empty text is quoted, so that it does not become a null
_ABOUT_PACKS = {
    "id": "bigint GENERATED ALWAYS AS IDENTITY",
    "shelf": "text",
    "name": "text",
    "about": "text",
    "used_at": "timestamptz",
}


class DatabasePacks:
    """The packs of one schema, over a connection in autocommit mode, which the caller closes.

    Args:
        connection: A session whose temporary schema is first in its search path.
        schema: Where packs stay; created if it does not exist. None: they end with the session.

    Raises:
        EngineError: The name is not valid, or the schema holds other tables of these names.
    """

    def __init__(self, connection: Connection[Any], schema: str | None) -> None:
        if schema is not None and _NAME.fullmatch(schema) is None:
            raise EngineError("schema= takes a name of lower-case letters, digits and _, such as schema=parity")
        self._connection = connection
        self._schema = _OF_THE_SESSION if schema is None else schema
        self._useless: list[int] = []
        self._passing: list[int] = []
        self._run("SELECT pg_advisory_lock({making})")  # two runs that create a schema at once would fail
        self._make()
        self._run("SELECT pg_advisory_unlock({making})")
        self._run("SELECT pg_advisory_lock_shared({using})")
        self._remove_if_alone("about IS NULL OR used_at < now() - make_interval(secs => {seconds})", seconds=UNUSED_S)

    def find(self, kind: Kind, files: tuple[SourceFile, ...]) -> tuple[list[Pack], list[SourceFile]]:
        """Return the packs of these files, and the files without a pack. A pack with a changed file is not used."""
        left = {file.location: file for file in files}
        packs, used, shelf = [], [], shelf_name(kind)
        rows = "SELECT id, name, about FROM {packs} WHERE shelf = {shelf} AND about IS NOT NULL ORDER BY id"
        for number, name, about in self._run(rows, shelf=shelf):
            kept = json.loads(about)
            known = tuple(SourceFile(**file) for file in kept["files"])
            if all(left.get(file.location) == file for file in known):
                packs.append(Pack(Path(shelf, name), known, reading_from(kept["reading"])))
                used.append(number)
                for file in known:
                    del left[file.location]
            elif any(left.get(file.location, file) != file for file in known):
                self._useless.append(number)
        self._run("UPDATE {packs} SET used_at = now() WHERE id = ANY({used})", used=used)
        return packs, list(left.values())

    def choose(self, folders: Iterable[Path]) -> None:
        """Make views of these packs under the names of `SCHEMAS`; packs that are missing are copied first."""
        chosen = [self._number_of(folder) or self._copy(folder) for folder in folders]
        for name, schema in SCHEMAS.items():
            self._run("ANALYZE {table}", table=self._table(name))
            columns = sql.SQL(", ").join(map(sql.Identifier, schema.names))
            self._run(
                "CREATE TEMPORARY VIEW {view} AS SELECT {columns} FROM {table} WHERE pack = ANY({chosen})",
                view=sql.Identifier(name),
                columns=columns,
                table=self._table(name),
                chosen=chosen,
            )

    def close(self) -> None:
        """Remove packs that are no longer useful, if no other run may be reading them."""
        self._remove("id = ANY({passing})", passing=self._passing)
        if self._useless:
            self._remove_if_alone("id = ANY({useless})", useless=self._useless)

    def _make(self) -> None:
        is_kept = self._schema != _OF_THE_SESSION
        if is_kept and self._run("SELECT to_regnamespace({schema})", schema=self._schema) == [(None,)]:
            self._run("CREATE SCHEMA {schema}", schema=sql.Identifier(self._schema))
        facts = {name: {"pack": "bigint", **{f.name: _type(f) for f in schema}} for name, schema in SCHEMAS.items()}
        for name, columns in {**facts, "packs": _ABOUT_PACKS}.items():
            self._run(
                "CREATE {kind} TABLE IF NOT EXISTS {table} ({columns})",
                kind=sql.SQL("UNLOGGED" if is_kept else "TEMPORARY"),
                table=self._table(name),
                columns=sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
                ),
            )
            self._check(name, list(columns))
            if name in facts:
                self._run(
                    "CREATE INDEX IF NOT EXISTS {index} ON {table} USING brin (pack)",
                    index=sql.Identifier(f"kept_{name}_pack"),
                    table=self._table(name),
                )

    def _check(self, name: str, columns: list[str]) -> None:
        there = self._run(
            "SELECT attname FROM pg_attribute WHERE attrelid = {table}::regclass AND attnum > 0 ORDER BY attnum",
            table=self._table(name).as_string(),
        )
        if [column for (column,) in there] != columns:
            raise EngineError(
                f"schema {self._schema} holds facts of another version, or other tables; name another schema"
            )

    def _number_of(self, folder: Path) -> int | None:
        rows = self._run(
            "SELECT id FROM {packs} WHERE shelf = {shelf} AND name = {name}", shelf=folder.parent.name, name=folder.name
        )
        return rows[0][0] if rows else None

    def _copy(self, folder: Path) -> int:
        about = (folder / ABOUT).read_text("ascii") if (folder / ABOUT).exists() else None
        with self._connection.transaction():
            number: int = self._run(
                "INSERT INTO {packs} (shelf, name, about, used_at) VALUES ({shelf}, {name}, {about}, now())"
                " RETURNING id",
                shelf=folder.parent.name,
                name=folder.name,
                about=about,
            )[0][0]
            for name in SCHEMAS:
                self._copy_table(name, folder / f"{name}.parquet", number)
        if about is None:
            self._passing.append(number)
        return number

    def _copy_table(self, name: str, path: Path, number: int) -> None:
        statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(self._table(name))
        with pq.ParquetFile(path) as file, self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for batch in file.iter_batches(_COPY_ROWS):
                text = io.BytesIO()
                pyarrow.csv.write_csv(_as_stored(batch, number), text, _CSV)
                copy.write(text.getbuffer())

    def _remove_if_alone(self, which: str, **values: Any) -> None:
        if self._run("SELECT pg_try_advisory_lock({using})") == [(True,)]:
            self._remove(which, **values)
            self._run("SELECT pg_advisory_unlock({using})")

    def _remove(self, which: str, **values: Any) -> None:
        with self._connection.transaction():
            rows = self._run("DELETE FROM {packs} WHERE {which} RETURNING id", which=sql.SQL(which).format(**values))  # pyright: ignore[reportArgumentType]
            gone = [number for (number,) in rows]
            for name in SCHEMAS if gone else ():
                self._run("DELETE FROM {table} WHERE pack = ANY({gone})", table=self._table(name), gone=gone)

    def _table(self, name: str) -> sql.Identifier:
        return sql.Identifier(self._schema, f"kept_{name}")

    def _run(self, text: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement, whose fields are names, SQL or values, and return its rows."""
        lock = sql.SQL("hashtextextended({}, {})")
        name = f"pipelines-client parity {self._schema}"
        known = {"making": lock.format(name, 0), "using": lock.format(name, 1), "packs": self._table("packs")}
        cursor = self._connection.execute(sql.SQL(text).format(**known | values))  # pyright: ignore[reportArgumentType]
        return cursor.fetchall() if cursor.description else []


def _type(field: pa.Field) -> str:
    return 'text COLLATE "C"' if field.type == pa.string() else "bigint"


def _as_stored(batch: pa.RecordBatch, number: int) -> pa.RecordBatch:
    r"""Put the pack's number before each row, and escape U+0000, which PostgreSQL cannot store.

    Equality and order of texts do not change.
    """
    columns = [pa.repeat(number, batch.num_rows)]
    for column in batch.columns:
        if column.type == pa.string():
            column = pc.replace_substring(column, "\x01", "\x01\x02")  # noqa: PLW2901 - one column on its way  # pyright: ignore[reportAttributeAccessIssue]
            column = pc.replace_substring(column, "\x00", "\x01\x01")  # noqa: PLW2901 - as above  # pyright: ignore[reportAttributeAccessIssue]
        columns.append(column)
    return pa.record_batch(columns, names=["pack", *batch.schema.names])


def as_read(text: str) -> str:
    """Return the original of a stored text."""
    return text if "\x01" not in text else text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")
