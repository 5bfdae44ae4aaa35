"""Opens an engine by name: DuckDB on this machine, Spark, or PostgreSQL."""

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
        where: `duckdb`, `spark` (the active session, else one on this machine), `spark://host:port`, or a
            PostgreSQL URL.
        scratch: An empty folder for data that does not fit into memory.

    Raises:
        EngineError: The name is unknown, a package is not installed, or the engine cannot be reached.
    """
    if where == "duckdb":
        from pipelines_client.parity.questions.duckdb import DuckDB

        return DuckDB(scratch)
    if where == "spark" or where.startswith("spark://"):
        try:
            from pipelines_client.parity.questions.spark import Spark
        except ImportError:
            raise EngineError("--engine spark needs more packages: pip install 'pipelines-client[spark]'") from None
        return Spark(None if where == "spark" else where, scratch)
    if where.startswith(("postgresql://", "postgres://")):
        try:
            from pipelines_client.parity.questions.postgresql import PostgreSQL
        except ImportError:
            raise EngineError(
                "--engine postgresql needs more packages: pip install 'pipelines-client[postgres]'"
            ) from None
        return PostgreSQL(where)
    raise EngineError(f"unknown engine; --engine takes {ENGINES}")


def shares_folders(where: str) -> bool:
    """Return whether other machines read and write the packs of facts."""
    return where.startswith("spark://")
