"""Fact: one plain row per message and source, and the Parquet files that hold it and its companions.

Everything that SQL will see is a text or a whole number here: nested data, times in two spellings and missing keys end
in this module, because SQL dialects disagree on each of them. Instants are Unix milliseconds, days are UTC.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines_client.parity.shapes import PropertyRow

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

NORMALISER_VERSION: Final = 3
"""Goes up when the same line would give another fact: what was cached under a lower number is read again."""

_ROWS_A_GROUP = 20_000


class Fact(NamedTuple):
    """One line of evidence.

    `event` has no spaces around it, since Customer.io trims them (FACTS C13). `identity` is
    `ledger.hash_identity` of `ledger.primary_identity`; `identity_kind` is `user`, `anonymous` or `group`.
    `payload_hash` is `canonical.payload_hash` of properties or traits, None for an alias. `occurred_at_ms` is the best
    that the source knows. `file`, `line`, `byte_offset` and `byte_count` say where the line is, unpacked. `library` is
    name/version of `context.library`, `write_key_suffix` the last four characters of a write key that the source shows.
    `is_reduced` is 1 where the source does not keep payloads as they were sent, so nothing is claimed about them. What
    follows is known to ledgers only.
    """

    source: str
    message_id: str
    type: str
    event: str | None
    identity: str | None
    identity_kind: str | None
    occurred_at_ms: int | None
    received_at_ms: int | None
    day: str | None
    payload_hash: str | None
    file: str
    line: int
    byte_offset: int
    byte_count: int
    sent_at_ms: int | None = None
    library: str | None = None
    write_key_suffix: str | None = None
    is_reduced: int = 0
    leg: str | None = None
    outcome: str | None = None
    reason: str | None = None
    appended_at_ms: int | None = None
    finished_at_ms: int | None = None
    stage: str | None = None
    writer: str | None = None


class TraitRow(NamedTuple):
    """One top-level trait that an identify call set; `value_hash` is keyed, so that it names no value."""

    source: str
    message_id: str
    identity: str | None
    path: str
    value_hash: str
    library: str | None
    received_at_ms: int | None


class CountRow(NamedTuple):
    """A source that keeps no ids counted so many messages of an event and UTC day; of one key, sum the counts."""

    source: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]  # the column is called so; nobody counts in a row


_ALL_DIFFERENT = {"message_id", "payload_hash", "value_hash", "line", "byte_offset", "byte_count"}  # no dictionary
_WHOLE_NUMBERS = {"line", "byte_offset", "byte_count", "count", "is_reduced"}


def _schema(row: Any) -> pa.Schema:
    return pa.schema(
        [(name, pa.int64() if name in _WHOLE_NUMBERS or name.endswith("_ms") else pa.string()) for name in row._fields]
    )


SCHEMAS: Final = {
    "facts": _schema(Fact),
    "properties": _schema(PropertyRow),
    "traits": _schema(TraitRow),
    "counts": _schema(CountRow),
}
"""The tables that evidence is normalised to: `<table>.parquet` in the folder of each pack."""


class Tables:
    """Writes the tables of some evidence into a folder. Memory holds one group of rows for each.

    A table without rows is a file too, so that readers always find the columns.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._writers = {
            name: self._stack.enter_context(
                pq.ParquetWriter(
                    folder / f"{name}.parquet",
                    schema,
                    compression="lz4",
                    use_dictionary=[column for column in schema.names if column not in _ALL_DIFFERENT],
                )
            )
            for name, schema in SCHEMAS.items()
        }
        self._rows: dict[str, list[Any]] = {name: [] for name in SCHEMAS}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        if kind is None:
            self.flush()
        self._stack.close()

    def add(self, name: str, rows: list[Any]) -> None:
        """Take rows of a table, in any order."""
        held = self._rows[name]
        held += rows
        if len(held) >= _ROWS_A_GROUP:
            self._write(name)

    def flush(self) -> None:
        """Write all that is held."""
        for name in self._rows:
            self._write(name)

    def add_columns(self, name: str, table: pa.Table) -> None:
        """Take rows that are columns already, in the schema of their table."""
        self._writers[name].write_table(table, row_group_size=_ROWS_A_GROUP)

    def _write(self, name: str) -> None:
        rows, schema = self._rows[name], SCHEMAS[name]
        if not rows:
            return
        columns = [_column(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
        self._writers[name].write_batch(pa.record_batch(columns, schema=schema))
        self._rows[name] = []


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return a column; many hold one value over and over, which costs little then."""
    first = values[0]
    if values.count(first) == len(values):
        return pa.repeat(pa.scalar(first, kind), len(values))
    return pa.array(values, kind)
