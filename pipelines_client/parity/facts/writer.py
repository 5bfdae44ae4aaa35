"""Facts as they are stored: the Parquet files of a pack.

Everything that SQL sees is a text or a whole number here. Nested data, times in two spellings and missing keys end in
this module, because SQL dialects disagree on each of them. Instants are Unix milliseconds, days are UTC.

What is joined and counted a million times is a whole number. A message is identified by 128 bits over its id, in
`message_key` and `message_check`: a collision takes about 10¹⁹ messages. What many messages have in common, such as
type, event and day, is stored once, in `words`, and a fact has the number of its row.
"""

from __future__ import annotations

from array import array
from contextlib import ExitStack
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute  # otherwise `sort_by` imports it in the middle of a run, under whatever clock is patched
import pyarrow.parquet as pq

from pipelines_client.evidence.fact import CountRow, Fact, PropertyRow, TraitRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


_ROWS_A_GROUP = 20_000
ROWS_SORTED = 160_000
"""How many facts are sorted by key before they are written, so that a range of keys is in few groups of rows."""

_MAX_WORDS = 50_000
_HEX_DIGITS = 16


class StoredFact(NamedTuple):
    """A fact as it is stored: texts that are only compared are numbers; what facts share is in a row of `words`."""

    source: str
    message_id: str
    message_key: int
    message_check: int
    words: int
    identity: int | None
    payload_hash: int | None
    occurred_at_ms: int | None
    received_at_ms: int | None
    sent_at_ms: int | None
    appended_at_ms: int | None
    finished_at_ms: int | None
    file: str
    line: int
    byte_offset: int
    byte_count: int


class _Words(NamedTuple):
    """What facts have in common; `words` is a 64-bit hash of the rest. Packs repeat each other's rows."""

    words: int
    type: str
    event: str | None
    day: str | None
    identity_kind: str | None
    library: str | None
    write_key_suffix: str | None
    is_reduced: int
    leg: str | None
    outcome: str | None
    reason: str | None


class _StoredTrait(NamedTuple):
    """A trait as it is stored."""

    source: str
    message_key: int
    message_check: int
    identity: int | None
    path: str
    value_hash: int
    library: str | None
    received_at_ms: int | None


_NO_DICTIONARY = {"message_id"}  # nor do numbers have one
_NUMBERS = {"line", "byte_offset", "byte_count", "count", "is_reduced", "message_key", "message_check", "words"}
_NUMBERS_OF = {StoredFact: {"identity", "payload_hash"}, _StoredTrait: {"identity", "value_hash"}}


def _schema(row: Any) -> pa.Schema:
    numbers = _NUMBERS | _NUMBERS_OF.get(row, set())
    return pa.schema(
        [(name, pa.int64() if name in numbers or name.endswith("_ms") else pa.string()) for name in row._fields]
    )


SCHEMAS: Final = {
    "facts": _schema(StoredFact),
    "words": _schema(_Words),
    "properties": _schema(PropertyRow),
    "traits": _schema(_StoredTrait),
    "counts": _schema(CountRow),
}
"""The tables of facts: `<table>.parquet` in the folder of each pack."""


class Tables:
    """Writes the tables of some evidence into a folder, holding a few groups of rows of each in memory.

    A table without rows gets a file too, so that readers always find the columns.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._writers = {
            name: self._stack.enter_context(
                pq.ParquetWriter(
                    folder / f"{name}.parquet",
                    schema,
                    compression="lz4",
                    use_dictionary=[  # pyright: ignore[reportArgumentType]  # inferred from a default
                        column.name
                        for column in schema
                        if column.type == pa.string() and column.name not in _NO_DICTIONARY
                    ],
                )
            )
            for name, schema in SCHEMAS.items()
        }
        self._rows: dict[str, list[Any]] = {"facts": [], "properties": [], "traits": [], "counts": []}
        self._facts: list[pa.RecordBatch] = []
        self._words = _Numbered()

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
        """Add rows of a table, in any order: `Fact`, `PropertyRow`, `TraitRow` or `CountRow`."""
        held = self._rows[name]
        held += rows
        if len(held) >= _ROWS_A_GROUP:
            self._take(name)

    def flush(self) -> None:
        """Write all that is held."""
        for name in self._rows:
            self._take(name)
        self._write_facts()

    def add_columns(self, name: str, table: pa.Table) -> None:
        """Add rows that are columns already, in the schema of their table."""
        self._writers[name].write_table(table, row_group_size=_ROWS_A_GROUP)

    def _take(self, name: str) -> None:
        rows = self._rows[name]
        self._rows[name] = []
        if not rows:
            return
        if name == "facts":
            self._facts.append(_stored_facts(rows, self._words))
            if len(self._words) >= _MAX_WORDS or sum(map(len, self._facts)) >= ROWS_SORTED:
                self._write_facts()
            return
        columns = _stored_traits(rows) if name == "traits" else zip(*rows, strict=True)
        self._writers[name].write_batch(_batch(columns, SCHEMAS[name]))

    def _write_facts(self) -> None:
        if not self._facts:
            return
        table = pa.Table.from_batches(self._facts, SCHEMAS["facts"])
        self._writers["facts"].write_table(table.sort_by("message_key"), row_group_size=_ROWS_A_GROUP)
        rows = [(number, *texts) for texts, number in self._words.items()]
        self._writers["words"].write_batch(_batch(zip(*rows, strict=True), SCHEMAS["words"]))
        self._facts = []
        self._words.clear()


class _Numbered(dict[tuple[Any, ...], int]):
    """The number of each row of `words`, computed when it is first needed. The key is the row without the number."""

    def __missing__(self, texts: tuple[Any, ...]) -> int:
        self[texts] = number = _hash(repr(texts))
        return number


def _stored_facts(facts: list[Fact], words: _Numbered) -> pa.RecordBatch:
    columns: dict[str, Any] = dict(zip(Fact._fields, zip(*facts, strict=True), strict=True))
    common = zip(*[columns[name] for name in _Words._fields[1:]], strict=True)
    columns["message_key"], columns["message_check"] = _keys(columns["message_id"])
    columns["words"] = tuple(map(words.__getitem__, common))
    columns["identity"] = _as_numbers(columns["identity"])
    columns["payload_hash"] = _as_numbers(columns["payload_hash"])
    return _batch([columns[name] for name in StoredFact._fields], SCHEMAS["facts"])


def _stored_traits(traits: list[TraitRow]) -> list[Any]:
    source, ids, identities, paths, hashes, libraries, received = zip(*traits, strict=True)
    return [source, *_keys(ids), _as_numbers(identities), paths, _as_numbers(hashes), libraries, received]


def _batch(columns: Iterable[Any], schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch(
        [
            values if isinstance(values, pa.Array) else _column(values, field.type)
            for values, field in zip(columns, schema, strict=True)
        ],
        schema=schema,
    )


def _keys(ids: tuple[str, ...]) -> tuple[pa.Array, pa.Array]:
    """Return 128 bits over each id, in two columns."""
    raw = array("q", b"".join([blake2b(text.encode(), digest_size=16).digest() for text in ids]))
    return _numbers(raw[::2]), _numbers(raw[1::2])


def _as_numbers(texts: tuple[str | None, ...]) -> pa.Array:
    """Return hashes of 16 hexadecimal digits as numbers, and any other text hashed to a number."""
    try:
        if set(map(len, texts)) == {_HEX_DIGITS}:  # type: ignore[arg-type]  # None has no length: handled below
            return _numbers(array("q", bytes.fromhex("".join(texts))))  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError):
        pass
    return pa.array([None if text is None else _number(text) for text in texts], pa.int64())


def _number(text: str) -> int:
    try:
        if len(text) == _HEX_DIGITS:
            return array("q", bytes.fromhex(text))[0]
    except ValueError:
        pass
    return _hash(text)


def _hash(text: str) -> int:
    return array("q", blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())[0]


def _numbers(values: array[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return a column; one that holds a single value throughout is made cheaply."""
    first = values[0]
    if values.count(first) == len(values):
        return pa.repeat(pa.scalar(first, kind), len(values))
    return pa.array(values, kind)
