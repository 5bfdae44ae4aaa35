"""Spark: a session on this machine, the active one, or a cluster. It reads the evidence too."""

from __future__ import annotations

import gc
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from pipelines_client.errors import EngineError, SourceError
from pipelines_client.parity.facts import jobs as fact_jobs
from pipelines_client.parity.facts.writer import SCHEMAS
from pipelines_client.parity.questions.engine import Engine
from pipelines_client.parity.questions.translate import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pipelines_client.parity.facts.jobs import Job
    from pipelines_client.parity.facts.packs import Reading

_MASTER_PORT = 7077
_CONNECT_TIMEOUT_S = 5
_FEWEST_PARTITIONS = 8
_FEW_ROWS = 20_000  # of facts: all tables fit into the driver, and planning costs more than the rows
_ROWS_A_PARTITION = 500_000  # with Spark's default of 200, a small query becomes 200 tasks
_NO_GLOB = {ord(character): f"\\{character}" for character in "{}[]*?\\"}  # Hadoop treats a path as a pattern

_QUIET = {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false"}
_RULES = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error
    "spark.sql.caseSensitive": "false",
}


class Spark(Engine):
    """Answers the questions in a new session.

    Args:
        master: `spark://host:port`; None takes the active session's context where there is one, as in a notebook or
            under spark-submit, else starts one on this machine.
        scratch: Where a context on this machine keeps data that does not fit into memory.
    """

    name = "spark"

    def __init__(self, master: str | None, scratch: Path) -> None:
        active = SparkSession.getActiveSession()
        if active is None:
            _check(master)
        self._is_own = active is None
        session = active or (start_here(scratch) if master is None else _start({"spark.master": master}))
        self._session = session.newSession()  # its names and settings are separate
        for name, value in _RULES.items():
            self._session.conf.set(name, value)
        self._are_few = False
        self._kept: list[DataFrame] = []
        self._names: list[str] = []

    @property
    def read_jobs(self) -> Callable[[Sequence[Job], Callable[[int], object]], list[Reading]]:
        """Read evidence as one Spark job, a task for each pack."""
        return self._read

    def load(self, packs: Iterable[Path]) -> None:
        """Hold the tables of the packs in the driver if they are few; else make views, which read them when needed."""
        given = list(packs)
        rows = sum(pq.read_metadata(folder / "facts.parquet").num_rows for folder in given)
        self._are_few = rows <= _FEW_ROWS
        if self._is_own:
            partitions = max(_FEWEST_PARTITIONS, rows // _ROWS_A_PARTITION)
            self._session.conf.set("spark.sql.shuffle.partitions", partitions)
        folders = [str(folder).translate(_NO_GLOB) for folder in given]
        for name in SCHEMAS:
            frame = self._session.read.parquet(*[f"{folder}/{name}.parquet" for folder in folders])
            self._name(self._held(frame) if self._are_few else frame, name)

    def close(self) -> None:
        """Release what was kept; end the context if it was started here."""
        for frame in self._kept:
            frame._jdf.logicalPlan().rdd().unpersist(False)  # pyright: ignore[reportOptionalCall]  # noqa: FBT003, SLF001 - py4j; there is no public way to end a checkpoint
        for name in self._names:
            self._session.catalog.dropTempView(name)
        if self._is_own:
            self._session.stop()

    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        frame = self._session.sql(translate(sql, "spark"))
        if self._are_few:
            frame = self._held(frame)
        elif is_kept:
            frame = frame.localCheckpoint()  # with `persist`, each question would be planned with all that led to it
            self._kept.append(frame)
        self._name(frame, name)

    def _held(self, frame: DataFrame) -> DataFrame:
        """Return a frame's rows as a table in the driver: what is planned from it carries nothing of what led to it."""
        plan: Any = frame._jdf  # noqa: SLF001 - py4j; in Python the rows would pass through a Python process
        java: Any = self._session._jsparkSession  # noqa: SLF001
        return DataFrame(java.createDataFrame(plan.collectAsList(), plan.schema()), self._session)

    def _name(self, frame: DataFrame, name: str) -> None:
        frame.createTempView(name)
        self._names.append(name)

    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        frame = self._session.sql(translate(sql, "spark"))
        return frame.columns, frame.collect()

    def _read(self, jobs: Sequence[Job], advance: Callable[[int], object]) -> list[Reading]:
        if not jobs:
            return []
        context = self._session.sparkContext
        done = context.parallelize(list(jobs), len(jobs)).map(_do).collect()
        readings = []
        for answer in done:
            if isinstance(answer, str):
                raise SourceError(answer)
            advance(answer[0])
            readings.append(answer[1])
        return readings


def _do(job: Job) -> tuple[int, Reading] | str:
    """Do a job on a worker. An error in the evidence is returned as text, since Spark would hide an exception."""
    read = 0

    def advance(count: int) -> None:
        nonlocal read
        read += count

    try:
        reading = fact_jobs.do(job, advance)
    except SourceError as error:
        return str(error)
    finally:
        gc.enable()  # a worker goes on to run other tasks
    return read, reading


def start_here(scratch: Path, more: Mapping[str, str] | None = None) -> SparkSession:
    """Start Spark on this machine, not reachable from other machines.

    Raises:
        EngineError: Java is missing.
    """
    return _start(
        {
            "spark.master": "local[*]",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.local.dir": str(scratch),
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            **(more or {}),
        }
    )


def _start(settings: Mapping[str, str]) -> SparkSession:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("pipelines-client parity")
    # its Python processes start with `-m`, and import nothing from the working directory, where any file may lie
    safe = {"spark.executorEnv.PYTHONSAFEPATH": "1"}
    for name, value in {**_QUIET, **safe, **settings}.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError):
        raise EngineError("Spark did not start; it needs Java 17 or newer: install one and set JAVA_HOME") from None


def _check(master: str | None) -> None:
    """Check that a master answers: Spark itself tries for minutes, and its error does not say why it failed."""
    if master is None:
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host or address, int(port) if host else _MASTER_PORT), _CONNECT_TIMEOUT_S):
                return
        except ValueError:
            raise EngineError("not the address of a Spark master; write spark://host:7077") from None
        except OSError:
            continue
    raise EngineError(f"{master}: no Spark master answers there; check host and port")
