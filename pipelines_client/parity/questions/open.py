"""The engines that there are: DuckDB on this machine, Spark, PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines_client.parity.questions.engine import Engine

ENGINES = "duckdb, spark, spark://host:port or postgresql://user@host/database"


def open_engine(where: str, scratch: Path) -> Engine:
    """Open the engine that `where` names.

    Args:
        where: `duckdb`, `spark` (the session that is active, else one on this machine), `spark://host:port`, or a
            PostgreSQL URL.
        scratch: An empty folder of this run, for what does not fit into memory.

    Raises:
        EngineError: No engine is called so, what it needs is not installed, or it cannot be reached.
    """
    if where == "duckdb":
        from pipelines_client.parity.questions.duckdb import DuckDB

        return DuckDB(scratch)
    if where == "spark" or where.startswith("spark://"):
        return _open_spark(None if where == "spark" else where, scratch)
    if where.startswith(("postgresql://", "postgres://")):
        return _open_postgresql(where)
    raise EngineError(f"no engine is called like that; --engine takes {ENGINES}")


def shares_folders(where: str) -> bool:
    """Say whether other machines than this one write and read the packs of facts."""
    return where.startswith("spark://")


def _open_spark(master: str | None, scratch: Path) -> Engine:
    try:
        from pipelines_client.parity.questions.spark import Spark
    except ImportError:
        raise EngineError("--engine spark needs more packages: pip install 'pipelines-client[spark]'") from None
    return Spark(master, scratch)


def _open_postgresql(url: str) -> Engine:
    try:
        from pipelines_client.parity.questions.postgresql import PostgreSQL
    except ImportError:
        raise EngineError("--engine postgresql needs more packages: pip install 'pipelines-client[postgres]'") from None
    return PostgreSQL(url)


__all__ = ["ENGINES", "open_engine", "shares_folders"]
