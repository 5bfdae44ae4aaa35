"""Real engines for the tests: one Spark session for all of them, and a PostgreSQL database of their own.

Where Java or PostgreSQL is missing the tests are skipped and say what to install; with `REQUIRE_ENGINES` set, as
`.ci/run` does, they fail.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
from needs import lacks
from traps import GAP, SETTINGS, plant

from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions import duckdb, spark
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.spark import start_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from pipelines_client.parity.questions.engine import Engine

SERVER = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
QUICK = {  # a few hundred rows are worth neither a task for each core nor code that is compiled for them
    "spark.master": "local[1]",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
NO_JAVA = "Spark needs Java 17: install openjdk-17-jre-headless, or set JAVA_HOME"
NO_POSTGRESQL = (
    "no PostgreSQL answers user postgres at 127.0.0.1:5432: install and start postgresql, or name another server in"
    " TEST_POSTGRESQL_URL"
)


@pytest.fixture(scope="session", name="spark")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One Spark session for all tests, reachable from this machine only; engines take it because it is active."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        lacks(NO_JAVA)
    session = start_here(tmp_path_factory.mktemp("spark"), QUICK)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database of the tests' own, which orders texts as Germans do and whose clock is in New York."""
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        lacks(NO_POSTGRESQL)
    name = f"parity_test_{secrets.token_hex(6)}"
    with closing(server):
        server.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'"
            " LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        )
        try:
            server.execute(f"ALTER DATABASE {name} SET timezone = 'America/New_York'")
            yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session", params=["duckdb", "postgresql", "spark"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine in turn, as `--engine` names it."""
    if request.param == "spark":
        request.getfixturevalue("spark")
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else request.param


@pytest.fixture
def engine(engine_name: str, tmp_path: Path) -> Iterator[Engine]:
    """An engine that has nothing loaded."""
    with closing(open_engine(engine_name, tmp_path)) as opened:
        yield opened


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The planted data set."""
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def planted(engine_name: str, packs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Each engine in turn, with the planted data loaded and its tables built, treated as too many rows for memory."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (duckdb, spark):
            patch.setattr(module, "_FEW_ROWS", -1)
        engine = _planted(engine_name, packs, tmp_path_factory)
    with closing(engine):
        yield engine


@pytest.fixture(scope="session")
def reference(packs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """DuckDB over the planted data, held as few rows: the others must answer as it does."""
    with closing(_planted("duckdb", packs, tmp_path_factory)) as engine:
        yield engine


def _planted(name: str, packs: list[Path], folders: pytest.TempPathFactory) -> Engine:
    engine = open_engine(name, folders.mktemp("engine"))
    engine.load(packs)
    engine.build(SETTINGS, causes.TABLE, find_gaps=lambda: [GAP])
    return engine
