"""PostgreSQL: facts stay in a schema if the URL names one, else they end with the session, as all other tables do."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from pipelines_client.errors import EngineError
from pipelines_client.parity.questions.engine import Engine
from pipelines_client.parity.questions.postgresql_packs import DatabasePacks, as_read
from pipelines_client.parity.questions.translate import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import SourceFile
    from pipelines_client.parity.facts.packs import Pack

_CONNECT_TIMEOUT_S = 10
_MOST_HOST_CHARACTERS = 253
_REFUSALS = {
    psycopg.errors.InsufficientPrivilege: "the user may not create temporary tables (GRANT TEMPORARY ON DATABASE …), or"
    " may not create or write the schema that the URL names (GRANT CREATE ON DATABASE …, or let one user own it)",
    psycopg.errors.ReadOnlySqlTransaction: "it is read-only, but temporary tables are needed; name the primary server",
    psycopg.errors.DiskFull: "its disk is full; temporary tables take about twice the space of the packs of facts",
    psycopg.errors.ConfigurationLimitExceeded: "its temp_file_limit is too low for this many facts",
    psycopg.errors.QueryCanceled: "it cancelled a question; raise its statement_timeout for this user",
}


class PostgreSQL(Engine):
    """Answers the questions in a database, in one session.

    Args:
        url: `postgresql://user@host:port/database`, with the parameters of libpq and one more:
            `?schema=parity` names the schema where facts stay for the next run, on this host or another.
    """

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self._where = _shown(url)
        address, schema = _without_schema(url)
        try:
            given = conninfo_to_dict(address)
        except psycopg.Error:  # its message may quote the password
            raise EngineError(
                f"{self._where}: not a PostgreSQL URL; write postgresql://user@host:5432/database, with % escapes in"
                " the password, or leave it to PGPASSWORD"
            ) from None
        given.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
        given["application_name"] = "pipelines-client parity"
        given["client_encoding"] = "UTF8"
        try:
            self._connection = psycopg.connect(**given, autocommit=True)  # type: ignore[arg-type]  # libpq's own names
        except psycopg.Error as error:
            raise EngineError(f"{self._where}: {_why_not(error)}") from None
        try:
            self._packs = self._open_packs(schema)
        except BaseException:
            self._connection.close()
            raise

    def _open_packs(self, schema: str | None) -> DatabasePacks:
        if self._connection.info.parameter_status("server_encoding") != "UTF8":
            raise EngineError(f"{self._where}: the database does not use Unicode; create one with ENCODING 'UTF8'")
        with self._name_cure():
            self._connection.execute("SET search_path = pg_temp, pg_catalog")
            self._connection.execute("SET standard_conforming_strings = on")
            return DatabasePacks(self._connection, schema)

    def find(self, kind: Kind, files: tuple[SourceFile, ...]) -> tuple[list[Pack], list[SourceFile]]:
        """Return the packs of these files in the schema, and the files without one."""
        with self._name_cure():
            return self._packs.find(kind, files)

    def load(self, packs: Iterable[Path]) -> None:
        """Copy the packs that the schema does not have yet."""
        with self._name_cure():
            self._packs.choose(packs)

    def close(self) -> None:
        """Drop the session's tables and end it; the server drops them too if the connection is lost."""
        with suppress(psycopg.Error):
            self._packs.close()
            self._connection.execute("DISCARD TEMP")
        self._connection.close()

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        kind = "TABLE" if is_kept else "VIEW"
        with self._name_cure():
            self._connection.execute(f"CREATE TEMPORARY {kind} {name} AS {translate(sql, 'postgres')}".encode())
            if is_kept:
                self._connection.execute(composed.SQL("ANALYZE {}").format(composed.Identifier(name)))

    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        with self._name_cure():
            cursor = self._connection.execute(translate(sql, "postgres").encode())
            rows = cursor.fetchall()
        columns = [column.name for column in cursor.description or ()]
        return columns, [tuple(as_read(value) if type(value) is str else value for value in row) for row in rows]

    @contextmanager
    def _name_cure(self) -> Iterator[None]:
        """Turn the server's refusals into errors that name the cure; its own messages may quote rows."""
        try:
            yield
        except tuple(_REFUSALS) as error:
            raise EngineError(f"{self._where}: {_REFUSALS[type(error)]}") from None
        except psycopg.OperationalError as error:
            raise EngineError(
                f"{self._where}: the connection or the server failed ({type(error).__name__}); run it again"
            ) from None
        except EngineError as error:
            raise EngineError(f"{self._where}: {error}") from None


def _without_schema(url: str) -> tuple[str, str | None]:
    """Return a URL without the parameter `schema`, which libpq does not know, and its value."""
    address, _, query = url.partition("?")
    parameters = [text for text in query.split("&") if text]
    ours = [unquote(text.removeprefix("schema=")) for text in parameters if text.startswith("schema=")]
    rest = "&".join(text for text in parameters if not text.startswith("schema="))
    return f"{address}?{rest}" if rest else address, ours[-1] if ours else None


def _shown(url: str) -> str:
    """Return host, port and database of a URL, or less if any of them might hold a password."""
    try:
        address = urlsplit(url)
        host, port = address.hostname or "", address.port
    except ValueError:
        return "postgresql://…"
    if "@" in address.path + address.query + address.fragment or "@" in host or len(host) > _MOST_HOST_CHARACTERS:
        return "postgresql://…"
    return f"postgresql://{host}{'' if port is None else f':{port}'}{address.path}"


def _why_not(error: psycopg.Error) -> str:
    """Say why a connection was refused; the message of libpq is not shown, since it may quote the URL."""
    text = str(error)
    if "password authentication failed" in text or "no password supplied" in text or "pg_hba.conf" in text:
        return "the server refused the user; check user and password, or PGPASSWORD"
    if "does not exist" in text:
        return "the user or the database does not exist; check both"
    if "too many" in text or "remaining connection slots" in text:
        return "the server has no free connection; try again later"
    return "no PostgreSQL server answers there; check host and port, and that PostgreSQL runs"
