"""An engine that cannot be had says why, what helps, and never a password."""

from __future__ import annotations

import socket
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest
from traps import fact, write_pack

from pipelines_client.errors import EngineError
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.questions.open import open_engine

SECRET = "hunter2"


def refusal_of(where, tmp_path):
    with pytest.raises(EngineError) as caught, closing(open_engine(where, tmp_path)):
        pass
    text = str(caught.value)
    assert SECRET not in text
    return text


@pytest.fixture
def closed_port():
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.parametrize("where", ["duckdb2", "mysql://root:hunter2@127.0.0.1/x", "", "SPARK"])
def test_an_unknown_engine_is_told_what_there_is(where, tmp_path):
    """The four forms are named, what was given is not."""
    assert "duckdb, spark, spark://host:port or postgresql://" in refusal_of(where, tmp_path)


@pytest.mark.parametrize(("engine", "module"), [("spark", "pyspark"), ("postgresql://127.0.0.1/x", "psycopg")])
def test_a_missing_extra_is_told_with_the_line_that_installs_it(engine, module, tmp_path, monkeypatch):
    """Where the package is not installed, pip's line is the cure."""
    import sys

    for name in [
        name
        for name in sys.modules
        if name.partition(".")[0] == module
        or name.startswith(("pipelines_client.parity.questions.spark", "pipelines_client.parity.questions.postgresql"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    extra = "spark" if module == "pyspark" else "postgres"
    assert f"pip install 'pipelines-client[{extra}]'" in refusal_of(engine, tmp_path)


def test_a_postgresql_that_is_not_there_is_named(closed_port, tmp_path):
    """Host, port and database, and no more of the URL."""
    text = refusal_of(f"postgresql://me:{SECRET}@127.0.0.1:{closed_port}/facts?application_name=x", tmp_path)
    assert text.startswith(f"postgresql://127.0.0.1:{closed_port}/facts: no PostgreSQL server answers")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}/@127.0.0.1/facts",
        f"postgresql://me:p@{SECRET}@127.0.0.1:1/facts",
        f"postgresql://127.0.0.1:1/facts?password={SECRET}&nonsense=1",
        f"postgresql://127.0.0.1:{SECRET}/facts",
        f"postgres://me:%{SECRET}@127.0.0.1/facts",
        f"postgresql://[{SECRET}/facts",
    ],
)
def test_a_url_that_is_none_keeps_its_password(url, tmp_path):
    """However it is misspelled, nothing behind a colon is repeated."""
    assert refusal_of(url, tmp_path).startswith("postgresql://")


def test_an_unknown_database_is_told(postgresql_url, tmp_path):
    """The server is there, the database is not."""
    nowhere = urlsplit(postgresql_url)._replace(path="/nowhere").geturl()
    assert "the user or the database does not exist" in refusal_of(nowhere, tmp_path)


def test_a_user_without_rights_is_told_what_to_grant(postgresql_url, tmp_path):
    """Temporary tables are all that is needed, and said so where they are not allowed."""
    parts = urlsplit(postgresql_url)
    name = parts.path[1:]
    with closing(psycopg.connect(postgresql_url, autocommit=True)) as server:
        server.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        server.execute(f"CREATE ROLE {name}_reader LOGIN")
        try:
            netloc = f"{name}_reader@{parts.hostname}:{parts.port}"
            assert "GRANT TEMPORARY" in refusal_of(parts._replace(netloc=netloc).geturl(), tmp_path)
        finally:
            server.execute(f"DROP ROLE {name}_reader")
            server.execute(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")


def test_a_connection_that_is_cut_is_told(postgresql_url, tmp_path):
    """What the server did in the middle of a question is no traceback."""
    with closing(open_engine(postgresql_url, tmp_path)) as engine:
        engine.load([write_pack(tmp_path / "pack", [fact("segment", "m1")])])
        with closing(psycopg.connect(postgresql_url, autocommit=True)) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pipelines-client%'"
                " AND datname = current_database()"  # other tests may be at work on this server
            )
        with pytest.raises(EngineError, match="the connection or the server failed"):
            engine.select("SELECT count(*) AS c FROM facts")


def test_a_spark_master_that_is_not_there_is_told_at_once(closed_port, tmp_path, monkeypatch):
    """Spark itself would try for a minute and then speak of something else."""
    from pyspark.sql import SparkSession

    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda _: None))  # as in a fresh process
    assert "no Spark master answers" in refusal_of(f"spark://127.0.0.1:{closed_port}", tmp_path)
    assert "write spark://host:7077" in refusal_of("spark://127.0.0.1:port", tmp_path)


def test_a_cluster_needs_a_folder_that_its_machines_share(tmp_path):
    """Without a cache the packs would lie where only this machine sees them."""
    paths = {"segment": tmp_path, "customerio": tmp_path}
    with pytest.raises(EngineError, match="share facts through the cache"):
        run_parity(paths, ParityOptions(engine="spark://127.0.0.1:7077"), now=None)


def test_a_duckdb_without_room_is_told_what_to_do(tmp_path):
    """Too little memory or disk is one line that names three ways out, and no traceback of DuckDB's."""
    with closing(open_engine("duckdb", tmp_path)) as engine:
        engine._connection.execute("SET memory_limit = '4MB'; SET max_temp_directory_size = '0KB'")
        with pytest.raises(EngineError, match="Set TMPDIR"):
            engine.select("SELECT count(*) AS c FROM (SELECT i FROM range(20000000) AS r(i) GROUP BY i) AS many")
