"""Runs the questions of `queries/` over facts: DuckDB, with bounded memory.

The questions know only the tables of `facts.SCHEMAS` and `settings` (one row), of texts and whole numbers. Tables are
built in the order of `TABLES`; every other file of the folder is a question that is asked of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines_client.parity.facts import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TABLES = ("messages_exported", "records_last", "messages_recorded", "messages_joined", "messages", "absences", "judged")
"""The questions whose answers others build upon, in order."""

_VIEWS = frozenset(("records_last", "messages", "judged"))  # as tables they would fill the memory
_MEMORY = "500MB"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the questions must know besides the facts; whole numbers only, so that any engine takes them."""

    has_ledger: int
    has_segment: int
    has_customerio: int
    knows_identity: int
    since_ms: int | None
    until_ms: int | None
    received_from_ms: int | None
    segment_watermark_ms: int | None
    customerio_watermark_ms: int | None
    settle_ms: int


class Engine:
    """Answers the questions over the packs of one run: folders that hold a file of each table."""

    def __init__(self, packs: Iterable[Path], scratch: Path) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        self._connection.execute("SET temp_directory = ?", [str(scratch)])
        self._connection.execute("SET TimeZone = 'UTC'")
        folders = list(packs)
        for name in SCHEMAS:
            self._connection.read_parquet([str(folder / f"{name}.parquet") for folder in folders]).create_view(name)

    def close(self) -> None:
        """Let go of memory and of the scratch folder."""
        self._connection.close()

    def build(self, settings: Settings) -> None:
        """Make the tables that the questions build upon."""
        names = [field.name for field in fields(settings)]
        columns = ", ".join(f"CAST(? AS BIGINT) AS {name}" for name in names)
        self._connection.execute(
            f"CREATE TABLE settings AS SELECT {columns}",
            [getattr(settings, name) for name in names],
        )
        for name in TABLES:
            kind = "VIEW" if name in _VIEWS else "TABLE"
            self._connection.execute(f"CREATE {kind} {name} AS {question(name)}")

    def ask(self, name: str) -> list[dict[str, Any]]:
        """Return the rows that answer a question, in its order, sums as whole numbers."""
        cursor = self._connection.execute(question(name))
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def question(name: str) -> str:
    """Return the text of a question: one SELECT."""
    return resources.files(__package__).joinpath("queries", f"{name}.sql").read_text("utf-8")


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else int(value)
