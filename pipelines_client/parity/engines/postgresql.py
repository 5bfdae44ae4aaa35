"""PostgreSQL: the facts are copied into temporary tables, which end with the connection, however that ends."""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from pipelines_client.errors import EngineError
from pipelines_client.parity.engine import Engine
from pipelines_client.parity.engines.translate import translate
from pipelines_client.parity.facts import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_CONNECT_TIMEOUT_S = 10
_COPY_ROWS = 50_000
_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")  # so that an empty text is no null
_MOST_HOST_CHARACTERS = 253
_REFUSALS = {
    psycopg.errors.InsufficientPrivilege: "it may not make temporary tables; GRANT TEMPORARY ON DATABASE … TO the user",
    psycopg.errors.ReadOnlySqlTransaction: "it is read-only and needs temporary tables; name the primary",
    psycopg.errors.DiskFull: "its disk is full; temporary tables take about twice what the packs of facts do",
    psycopg.errors.ConfigurationLimitExceeded: "its temp_file_limit is too low for so many facts",
    psycopg.errors.QueryCanceled: "it cancelled a question; raise its statement_timeout for this user",
}


class PostgreSQL(Engine):
    """Answers the questions in a database, in one session.

    Args:
        url: `postgresql://user@host:port/database`, with the parameters that libpq knows.
    """

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self._where = _shown(url)
        try:
            given = conninfo_to_dict(url)
        except psycopg.Error:  # its text may quote the password
            raise EngineError(
                f"{self._where}: no PostgreSQL URL; write postgresql://user@host:5432/database, with % escapes in the"
                " password, or leave it to PGPASSWORD"
            ) from None
        given.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
        given["application_name"] = "pipelines-client parity"
        given["client_encoding"] = "UTF8"
        try:
            self._connection = psycopg.connect(**given, autocommit=True)  # type: ignore[arg-type]  # libpq's own names
        except psycopg.Error as error:
            raise EngineError(f"{self._where}: {_why_not(error)}") from None
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        if self._connection.info.parameter_status("server_encoding") != "UTF8":
            raise EngineError(f"{self._where}: the database does not hold Unicode; make one with ENCODING 'UTF8'")
        with self._told():
            self._connection.execute("SET search_path = pg_temp, pg_catalog")
            self._connection.execute("SET standard_conforming_strings = on")
            for name, schema in SCHEMAS.items():
                columns = composed.SQL(", ").join(map(_column, schema))
                self._connection.execute(
                    composed.SQL("CREATE TEMPORARY TABLE {} ({})").format(composed.Identifier(name), columns)
                )

    def load(self, packs: Iterable[Path]) -> None:
        """Copy the packs into the tables."""
        with self._told():
            for folder in packs:
                for name in SCHEMAS:
                    self._copy(name, folder / f"{name}.parquet")
            for name in SCHEMAS:
                self._connection.execute(composed.SQL("ANALYZE {}").format(composed.Identifier(name)))

    def close(self) -> None:
        """Drop the tables and end the session; were it cut off instead, the server would drop them by itself."""
        with suppress(psycopg.Error):
            self._connection.execute("DISCARD TEMP")
        self._connection.close()

    def _copy(self, name: str, path: Path) -> None:
        statement = composed.SQL("COPY {} FROM STDIN (FORMAT csv)").format(composed.Identifier(name))
        with pq.ParquetFile(path) as file, self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for batch in file.iter_batches(_COPY_ROWS):
                text = io.BytesIO()
                pyarrow.csv.write_csv(_without_nul(batch), text, _CSV)
                copy.write(text.getbuffer())

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        kind = "TABLE" if is_kept else "VIEW"
        with self._told():
            self._connection.execute(f"CREATE TEMPORARY {kind} {name} AS {translate(sql, 'postgres')}".encode())
            if is_kept:
                self._connection.execute(composed.SQL("ANALYZE {}").format(composed.Identifier(name)))

    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        with self._told():
            cursor = self._connection.execute(translate(sql, "postgres").encode())
            rows = cursor.fetchall()
        columns = [column.name for column in cursor.description or ()]
        return columns, [tuple(_with_nul(value) if type(value) is str else value for value in row) for row in rows]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the server's refusals into errors that name the cure; its own words may quote rows."""
        try:
            yield
        except tuple(_REFUSALS) as error:
            raise EngineError(f"{self._where}: {_REFUSALS[type(error)]}") from None
        except psycopg.OperationalError as error:
            raise EngineError(
                f"{self._where}: the connection or the server failed ({type(error).__name__}); run it again"
            ) from None


def _column(field: pa.Field) -> composed.Composable:
    kind = 'text COLLATE "C"' if field.type == pa.string() else "bigint"
    return composed.SQL("{} " + kind).format(composed.Identifier(field.name))


def _without_nul(batch: pa.RecordBatch) -> pa.RecordBatch:
    r"""Escape U+0000, which PostgreSQL cannot hold; equality and order of texts stay as they are."""
    columns = []
    for column in batch.columns:
        if column.type == pa.string():
            column = pc.replace_substring(column, "\x01", "\x01\x02")  # noqa: PLW2901 - one column on its way
            column = pc.replace_substring(column, "\x00", "\x01\x01")  # noqa: PLW2901 - as above
        columns.append(column)
    return pa.record_batch(columns, schema=batch.schema)


def _with_nul(text: str) -> str:
    return text if "\x01" not in text else text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def _shown(url: str) -> str:
    """Return host, port and database of a URL, or less where it is spelled so that a password might stand there."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "postgresql://…"
    if "@" in parts.path + parts.query + parts.fragment or "@" in host or len(host) > _MOST_HOST_CHARACTERS:
        return "postgresql://…"
    return f"postgresql://{host}{'' if port is None else f':{port}'}{parts.path}"


def _why_not(error: psycopg.Error) -> str:
    """Say why a connection was refused in words of our own: libpq's may quote parts of the URL."""
    text = str(error)
    if "password authentication failed" in text or "no password supplied" in text or "pg_hba.conf" in text:
        return "the server refused the user; check user and password, or PGPASSWORD"
    if "does not exist" in text:
        return "the server knows no such user or database; check both"
    if "too many" in text or "remaining connection slots" in text:
        return "the server has no connection left; try again later"
    return "no server answers there that takes us; check host and port, and that PostgreSQL runs"
