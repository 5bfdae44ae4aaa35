"""Fact: one plain row per message and source, and the Parquet files that hold them.

Everything that SQL will see is a text or a whole number here: nested data, times in two spellings and missing keys end
in this module, because SQL dialects disagree on each of them. Instants are Unix milliseconds, days are UTC.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NORMALISER_VERSION: Final = 1
"""Goes up when the same line would give another fact: what was cached under a lower number is read again."""

_ROWS_A_GROUP = 50_000


class Fact(NamedTuple):
    """One line of evidence.

    `event` has no spaces around it, since Customer.io trims them (FACTS C13). `identity` is
    `ledger.hash_identity` of `ledger.primary_identity`; `identity_kind` is `user`, `anonymous` or `group`.
    `payload_hash` is `canonical.payload_hash` of properties or traits, None for an alias. `occurred_at_ms` is the best
    that the source knows. `file`, `line`, `byte_offset` and `byte_count` say where the line is, unpacked. What follows
    them is known to ledgers only.
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
    leg: str | None = None
    outcome: str | None = None
    reason: str | None = None
    appended_at_ms: int | None = None
    finished_at_ms: int | None = None
    stage: str | None = None
    writer: str | None = None


_WHOLE_NUMBERS = {name for name in Fact._fields if name.endswith("_ms")} | {"line", "byte_offset", "byte_count"}
SCHEMA: Final = pa.schema([(name, pa.int64() if name in _WHOLE_NUMBERS else pa.string()) for name in Fact._fields])


def write_facts(path: Path, facts: Iterable[Fact]) -> int:
    """Write facts as one Parquet file and return how many there were; memory holds one row group.

    Args:
        path: File to make; a file without rows is made too, so that readers always find the columns.
        facts: In any order.
    """
    count, rows = 0, iter(facts)
    with pq.ParquetWriter(path, SCHEMA, compression="lz4") as writer:
        while group := list(islice(rows, _ROWS_A_GROUP)):
            columns = [
                pa.array(column, field.type) for column, field in zip(zip(*group, strict=True), SCHEMA, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
            count += len(group)
    return count
