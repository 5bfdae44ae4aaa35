"""Facts as they are stored: the Parquet files of a pack.

Everything that SQL sees is a text or a whole number here. Nested data, times in two spellings and missing keys end in
this module, because SQL dialects disagree on each of them. Instants are Unix milliseconds, days are UTC.

What is joined and counted a million times is a whole number. A message is identified by 128 bits over its id, in
`message_key` and `message_check`: a collision takes about 10¹⁹ messages. What many messages have in common, such as
type, event and day, is stored once, in `words`, and a fact has the number of its row.
"""

from __future__ import annotations

from array import array
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines_client.evidence.fact import (
    CountRow,
    DateRow,
    EditRow,
    Fact,
    FormRow,
    LinkRow,
    PersonRow,
    PropertyRow,
    TraitRow,
)
from pipelines_client.evidence.files.arrow import compute
from pipelines_client.evidence.files.names import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


_ROWS_A_GROUP = 20_000
ROWS_SORTED = 160_000
"""How many facts are sorted by key before they are written, so that a range of keys is in few groups of rows."""

_MAX_WORDS = 50_000
_HEX_DIGITS = 16
_NO_HASH: Final = "0" * _HEX_DIGITS


class StoredFact(NamedTuple):
    """A fact as it is stored: texts that are only compared are numbers; what facts share is in a row of `words`."""

    source: str
    message_id: str
    message_key: int
    message_check: int
    words: int
    identity: int | None
    payload_hash: int | None
    other_ids: int
    context_hash: int | None
    cured_hash: int | None
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
    """What facts have in common; `words` is a 64-bit hash of the rest. Packs repeat each other's rows.

    `origin` is the id of the Segment source in the path of the file, where there is one; in a ledger, what names the
    host and key to which the message was sent.
    """

    words: int
    type: str
    event: str | None
    day: str | None
    identity_kind: str | None
    library: str | None
    write_key_suffix: str | None
    origin: str | None
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


class _StoredEdit(NamedTuple):
    """An edit as it is stored."""

    source: str
    message_key: int
    message_check: int
    identity: int
    writer: str | None
    traits: int
    at_ms: int | None
    order_ms: int | None


_NO_DICTIONARY = {"message_id"}  # nor do numbers have one
_NUMBERS = {
    "other_ids",
    "line",
    "byte_offset",
    "byte_count",
    "count",
    "is_reduced",
    "message_key",
    "message_check",
    "words",
    "identifies",
    "events",
    "traits",
}
_DIGESTS = ("md5", "sha1", "sha256")
_NUMBERS_OF = {
    StoredFact: {"identity", "payload_hash", "context_hash", "cured_hash"},
    _StoredTrait: {"identity", "value_hash"},
    _StoredEdit: {"identity"},
    PersonRow: {"person", "alike", *_DIGESTS},
    LinkRow: {"person", "other", *_DIGESTS},
    PropertyRow: {"form"},
    FormRow: {"form"},
}
"""Columns of hashes, which are texts of hexadecimal digits until they are stored."""


def _schema(row: Any) -> pa.Schema:
    numbers = _NUMBERS | _NUMBERS_OF.get(row, set())
    return pa.schema(
        [(name, pa.int64() if name in numbers or name.endswith("_ms") else pa.string()) for name in row._fields]
    )


SCHEMAS: Final = {
    "facts": _schema(StoredFact),
    "words": _schema(_Words),
    "properties": _schema(PropertyRow),
    "forms": _schema(FormRow),
    "traits": _schema(_StoredTrait),
    "counts": _schema(CountRow),
    "dates": _schema(DateRow),
    "people": _schema(PersonRow),
    "links": _schema(LinkRow),
    "edits": _schema(_StoredEdit),
}
"""The tables of facts: `<table>.parquet` in the folder of each pack."""


@contextmanager
def _open_until_the_end(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Write a file; one that cannot be closed, on a full disk, is not tried again by the garbage collector."""
    texts = [column.name for column in schema if column.type == pa.string() and column.name not in _NO_DICTIONARY]
    writer = pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        use_dictionary=texts,  # pyright: ignore[reportArgumentType]  # inferred from a default
    )
    try:
        yield writer
    finally:
        try:
            writer.close()
        finally:
            writer.is_open = False


class Tables:
    """Writes the tables of some evidence into a folder, holding a few groups of rows of each in memory.

    A table without rows gets a file too, so that readers always find the columns.
    """

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:  # closes those that are open if another one cannot be opened
            self._writers = {
                name: stack.enter_context(_open_until_the_end(folder / f"{name}.parquet", schema))
                for name, schema in SCHEMAS.items()
            }
            self._stack = stack.pop_all()
        self._rows: dict[str, list[Any]] = {name: [] for name in SCHEMAS if name != "words"}
        self._facts: list[pa.RecordBatch] = []
        self._words = _Numbered()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        with self._stack:
            if kind is None:
                self.flush()

    def add(self, name: str, rows: list[Any]) -> None:
        """Add rows of a table, in any order: `Fact` and the other row types of `evidence.fact`."""
        held = self._rows[name]
        held += rows
        if len(held) >= _ROWS_A_GROUP:
            self._take(name)

    def flush(self) -> None:
        """Write all that is held."""
        for name in self._rows:
            self._take(name)
        self._write_facts()

    def add_facts(self, facts: pa.RecordBatch) -> None:
        """Add facts that are columns already; `number` gave the numbers of their words."""
        self._facts.append(facts)
        self._write_facts_if_many()

    def number(self, words: tuple[Any, ...]) -> int:
        """Return the number of words, which are written with the facts that are added next: a row of `words`."""
        return self._words[words]

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
            self._write_facts_if_many()
            return
        columns = _COLUMNS.get(name, _plain)(rows)
        self._writers[name].write_batch(_batch(columns, SCHEMAS[name]))

    def _write_facts_if_many(self) -> None:
        if len(self._words) >= _MAX_WORDS or sum(map(len, self._facts)) >= ROWS_SORTED:
            self._write_facts()

    def _write_facts(self) -> None:
        if not self._facts:
            return
        table = pa.Table.from_batches(self._facts, SCHEMAS["facts"])
        if table.num_rows > _ROWS_A_GROUP:  # a single group holds all keys, in any order
            table = compute("take", table, compute("sort_indices", table["message_key"]))
        self._writers["facts"].write_table(table, row_group_size=_ROWS_A_GROUP)
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
    sent_to = columns["destination"]
    columns["origin"] = sent_to if any(sent_to) else tuple(map(origin_of, columns["file"]))
    common = zip(*[columns[name] for name in _Words._fields[1:]], strict=True)
    columns["message_key"], columns["message_check"] = _keys(columns["message_id"])
    columns["words"] = tuple(map(words.__getitem__, common))
    columns["identity"] = _as_numbers(columns["identity"])
    columns["payload_hash"] = _as_numbers(columns["payload_hash"])
    columns["context_hash"] = _as_numbers(columns["context_hash"])
    columns["cured_hash"] = _as_numbers(columns["cured_hash"])
    return _batch([columns[name] for name in StoredFact._fields], SCHEMAS["facts"])


def _stored_traits(traits: list[TraitRow]) -> list[Any]:
    source, ids, identities, paths, hashes, libraries, received = zip(*traits, strict=True)
    return [source, *_keys(ids), _as_numbers(identities), paths, _as_numbers(hashes), libraries, received]


def _stored_edits(edits: list[EditRow]) -> list[Any]:
    source, ids, identities, *rest = zip(*edits, strict=True)
    return [source, *_keys(ids), _as_numbers(identities), *rest]


def _stored_hashes(rows: list[Any]) -> list[Any]:
    """Return the columns of rows, those of hashes as numbers."""
    kind = type(rows[0])
    hashes = _NUMBERS_OF[kind]
    columns = zip(kind._fields, zip(*rows, strict=True), strict=True)
    return [_as_numbers(values) if name in hashes else values for name, values in columns]


def _plain(rows: list[Any]) -> Iterable[Any]:
    return zip(*rows, strict=True)


_COLUMNS: dict[str, Callable[[list[Any]], Iterable[Any]]] = {
    "traits": _stored_traits,
    "edits": _stored_edits,
    "people": _stored_hashes,
    "links": _stored_hashes,
    "properties": _stored_hashes,
    "forms": _stored_hashes,
}
"""How the rows of a table become its columns; those of the others are as they are."""


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
    none = texts.count(None)
    if none == len(texts):
        return pa.nulls(none, pa.int64())
    filled = [text or _NO_HASH for text in texts]
    try:
        if set(map(len, filled)) == {_HEX_DIGITS}:
            there = pa.array(list(map(bool, texts))).buffers()[1] if none else None  # a bit for each: is it no null?
            return _numbers(array("q", bytes.fromhex("".join(filled))), there)
    except ValueError:
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


def _numbers(values: array[int], there: pa.Buffer | None = None) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [there, pa.py_buffer(values)])


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return a column; one that holds a single value throughout is made cheaply."""
    first = values[0]
    if values.count(first) == len(values):
        return pa.repeat(pa.scalar(first, kind), len(values))
    return pa.array(values, kind)
