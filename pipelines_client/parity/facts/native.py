"""Lines that the native reader takes become facts as columns; it leaves the others to the kind of the evidence.

All that it takes is what the kind would read, and no line is of both. `_scan` says how it is built and switched off.
"""

from __future__ import annotations

from array import array
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from pipelines_client import _scan
from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.effects.spellings import Spelling, form_of
from pipelines_client.evidence.fact import NO_TIME, DateRow, PropertyRow
from pipelines_client.evidence.files.arrow import compute
from pipelines_client.evidence.files.names import origin_of
from pipelines_client.evidence.instants import DAY_MS, day_of
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.swallowed import LINES_SEEN
from pipelines_client.parity.facts.date_spellings import path_of
from pipelines_client.parity.facts.property_types import Forms, signature
from pipelines_client.parity.facts.writer import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pipelines_client._scan.scanner import Scanner
    from pipelines_client.evidence.files.base import RawLine, Take
    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.swallowed import Neighbours
    from pipelines_client.parity.facts.writer import Tables

_MAX_ROWS = 20_000
_MAX_TABLE_BYTES = 24 << 20
_WORDS: Final = Struct("<BBHIq")
_LENGTH: Final = Struct("<H")
_SPELLINGS = tuple(spelling.value for spelling in Spelling)
_SHAPES = ("", "", "email", "digest")
_LINK_KINDS = ("merge", "email")
_KEPT_FIRSTS = ("message_id", "file", "line", "byte_offset", "byte_count")


_LAYOUTS: Final[dict[Any, str]] = {SegmentArchive.read: "segment", CustomerioFiles.read: "customerio"}
"""What the native reader repeats, and the layout by which it knows the lines."""


def is_native(kind: type[Kind]) -> bool:
    """Return whether most lines of a kind are read without the interpreter's lock, so that threads read at once."""
    return kind.read in _LAYOUTS and _scan.load() is not None


def open_native(kind: Kind, tables: Tables, forms: Forms) -> NativeLines | None:
    """Return what takes the lines of a kind; None without the library, or if the kind reads more than it knows."""
    library, layout = _scan.load(), _LAYOUTS.get(type(kind).read)
    if library is None or layout is None or kind.context_paths or kind.cures:
        return None
    from pipelines_client._scan.scanner import Scanner

    scanner = Scanner(library, layout, kind.identity_key)
    return NativeLines(scanner, kind, tables, forms, shows_types=layout in _scan.SHOW_TYPES)


class NativeLines:
    """Takes lines of one source into tables, and keeps the place in its files."""

    def __init__(self, scanner: Scanner, kind: Kind, tables: Tables, forms: Forms, *, shows_types: bool) -> None:
        self._scanner, self._kind, self._tables, self._forms = scanner, kind, tables, forms
        self._shows_types = shows_types
        self._task = scanner.task()
        self._files: list[str] = []
        self._origins: list[str | None] = []
        self._words: list[tuple[Any, ...]] = []
        self._numbers = array("q")
        self._taken_back: list[int] = []
        self._written = 0
        self.has_last = False
        """Whether the last line that was read was taken here."""

    @property
    def count(self) -> int:
        """How many lines were taken."""
        return self._written + int(self._task.rows) - len(self._taken_back)

    def taking(self, file: str, beside: Neighbours, count: Callable[[], int]) -> Take | None:
        """Return what takes lines of a file, None if their type is not known; `count` is how many others were added."""
        self.has_last = False
        type_, origin = self._kind.type_of(file), origin_of(file)
        if type_ not in _scan.TYPES and (type_ is not None or not self._shows_types):
            return None
        self._files.append(file)
        if origin not in self._origins:
            self._origins.append(origin)
        self._task.file, self._task.origin = len(self._files) - 1, self._origins.index(origin)
        self._task.type = len(_scan.TYPES) if type_ is None else _scan.TYPES.index(type_)
        is_first = True

        def take(line: int, offset: int, lines: bytes, size: int) -> Generator[RawLine, None, int]:
            nonlocal is_first
            self._task.line, self._task.offset = line, offset
            place = 0
            while place < size:
                if not is_first and not (beside.is_waiting or self._is_full):
                    place = self._take(lines, place, size, beside)
                    if place == size:
                        break
                end = lines.index(b"\n", place)
                odd = lines[place:end]
                if not odd.isspace() and odd:
                    is_first, before = False, count()
                    yield int(self._task.line), int(self._task.offset), odd
                    self.has_last = self.has_last and count() == before
                    if self._is_full and not self.has_last:
                        (self.finish if self._task.table_bytes >= _MAX_TABLE_BYTES else self._write_rows)()
                self._task.line += 1
                self._task.offset += end + 1 - place
                place = end + 1
            return int(self._task.line) - line

        return take

    def _take(self, lines: bytes, place: int, size: int, beside: Neighbours) -> int:
        task, rows = self._task, int(self._task.rows)
        task.steps, task.ordered, task.span_ms, last_ms = beside.counts
        task.last_ms = _scan.NO_TIME if last_ms is None else last_ms
        end = self._scanner.take(lines, place, size, task)
        if task.rows > rows:
            self.has_last = True
            last_ms = None if task.last_ms == _scan.NO_TIME else int(task.last_ms)
            counts = int(task.steps), int(task.ordered), int(task.span_ms), last_ms
            beside.see_all(_last_lines(lines, place, end), counts)
        return end

    @property
    def _is_full(self) -> bool:
        """Whether it is time to write; the next line is then left to the kind, which may take the last one back."""
        return bool(self._task.rows >= _MAX_ROWS or self._task.table_bytes >= _MAX_TABLE_BYTES)

    def take_back(self) -> bool:
        """Remove the last line, and return whether it was still there."""
        if self._task.rows:
            self._taken_back.append(int(self._task.rows) - 1)
            self.has_last = False
        return not self.has_last

    def finish(self) -> None:
        """Write the rows, and what was counted."""
        if not self._task.rows and not self._words:
            return
        self._write_rows()
        self._write_shapes()
        self._write_dates()
        self._write_people()
        self._scanner.clear(is_all=True)
        self._task.table_bytes = 0
        self._words, self._numbers = [], array("q")

    def _write_rows(self) -> None:
        count = int(self._task.rows)
        if not count:
            return
        self._read_words()
        kept = pa.array([row not in self._taken_back for row in range(count)]) if self._taken_back else None
        words = self._numbers_of(12, pa.uint32())
        for word in compute("unique", words if kept is None else compute("filter", words, kept)).to_pylist():
            self._numbers[word] = self._tables.number(self._words[word])
        columns = self._columns(count)
        facts = pa.record_batch([columns[name] for name in SCHEMAS["facts"].names], schema=SCHEMAS["facts"])
        self._tables.add_facts(facts if kept is None else compute("filter", facts, kept))
        self._write_traits(columns)
        self._write_edits(columns)
        self._written += count - len(self._taken_back)
        self._taken_back = []
        self._task.rows = 0
        self._scanner.clear(is_all=False)

    def _columns(self, count: int) -> dict[str, pa.Array]:
        numbers = [self._numbers_of(number) for number in range(12)]
        key, check, identity, payload, others, occurred, received, sent, file, line, offset, size = numbers
        words = self._numbers_of(12, pa.uint32())
        kinds = self._numbers_of(13, pa.uint8())
        none = pa.nulls(count, pa.int64())
        return {
            "source": pa.repeat(pa.scalar(self._kind.source), count),
            "message_id": self._texts_of(14),
            "message_key": key,
            "message_check": check,
            "words": compute("take", _int64(self._numbers), words),
            "identity": compute("if_else", compute("equal", kinds, 0), None, identity),
            "payload_hash": payload,
            "other_ids": others,
            "context_hash": none,
            "cured_hash": none,
            "occurred_at_ms": _instants(occurred),
            "received_at_ms": _instants(received),
            "sent_at_ms": _instants(sent),
            "appended_at_ms": none,
            "finished_at_ms": none,
            "file": compute("take", pa.array(self._files, pa.string()), file),
            "line": line,
            "byte_offset": offset,
            "byte_count": size,
            "of_words": words,
        }

    def _write_traits(self, columns: dict[str, pa.Array]) -> None:
        rows, names, hashes = (self._numbers_of(number) for number in (16, 17, 18))
        if not len(rows):
            return
        self._add(
            "traits",
            rows,
            columns,
            path=compute("take", self._texts_of(34), names),
            value_hash=hashes,
            library=self._libraries(rows, columns),
        )

    def _write_edits(self, columns: dict[str, pa.Array]) -> None:
        rows, traits = self._numbers_of(19), self._numbers_of(20)
        if not len(rows):
            return
        is_timed = pa.array([not words[7] & NO_TIME for words in self._words], pa.bool_())
        occurred = compute("take", columns["occurred_at_ms"], rows)
        self._add(
            "edits",
            rows,
            columns,
            writer=self._libraries(rows, columns),
            traits=traits,
            at_ms=compute(
                "if_else", compute("take", is_timed, compute("take", columns["of_words"], rows)), occurred, None
            ),
            order_ms=compute("take", columns["received_at_ms"], rows),
        )

    def _libraries(self, rows: pa.Array, columns: dict[str, pa.Array]) -> pa.Array:
        names = [None if words[4] is None else words[4].partition("/")[0] for words in self._words]
        return compute("take", pa.array(names, pa.string()), compute("take", columns["of_words"], rows))

    def _add(self, name: str, rows: pa.Array, columns: dict[str, pa.Array], **more: pa.Array) -> None:
        """Add rows of a table that belong to facts: what is not given is the fact's."""
        schema = SCHEMAS[name]
        given = [more[column] if column in more else compute("take", columns[column], rows) for column in schema.names]
        self._tables.add_columns(name, pa.Table.from_arrays(given, schema=schema))

    def _write_shapes(self) -> None:
        self._read_words()
        samples = self._texts_of(32).to_pylist()
        signatures: dict[int, Any] = {}
        rows: dict[tuple[Any, ...], list[Any]] = {}
        columns = [self._numbers_of(number).to_pylist() for number in (40, 41, 42)]
        for word, form, count, *place in zip(*columns, *self._firsts(43), strict=True):
            type_, event, day, *_ = self._words[word]
            if form not in signatures:
                signatures[form] = signature(orjson.loads(samples[form]))
            key = (type_, event, day, self._forms.name(type_, signatures[form]))
            row = rows.setdefault(key, [0, *place[:4]])
            row[0] += count
        self._tables.add("properties", [PropertyRow(self._kind.source, *key, *row) for key, row in rows.items()])

    def _write_dates(self) -> None:
        columns = [self._numbers_of(number).to_pylist() for number in (50, 51, 52)]
        texts = self._texts_of(59).to_pylist(), self._texts_of(61).to_pylist()
        rows = []
        for word, spelling, count, path, value, *place in zip(*columns, *texts, *self._firsts(53), strict=True):
            type_, event, day, *_ = self._words[word]
            keys, form = path_of(PAYLOAD_FIELD[type_], tuple(path.split("\0"))), form_of(orjson.loads(value))
            rows.append(
                DateRow(self._kind.source, type_, event, day, keys, _SPELLINGS[spelling], form, count, *place[:4])
            )
        self._tables.add("dates", rows)

    def _write_people(self) -> None:
        person, kind, shape, alike, *digests, identifies, events = (
            self._numbers_of(number) for number in range(70, 79)
        )
        if len(person):
            self._add_columns(
                "people",
                person=person,
                kind=_names(_scan.IDENTITIES, kind),
                shape=_names(_SHAPES, shape),
                alike=compute("if_else", compute("greater_equal", shape, 2), alike, None),
                **_digests(compute("or", compute("equal", shape, 1), compute("equal", shape, 2)), digests),
                identifies=identifies,
                events=events,
                **dict(zip(_KEPT_FIRSTS, self._first_columns(80), strict=True)),
            )
        kind, person, other, *digests = (self._numbers_of(number) for number in range(90, 96))
        if len(kind):
            links = _digests(compute("equal", kind, 1), digests)
            self._add_columns("links", kind=_names(_LINK_KINDS, kind), person=person, other=other, **links)

    def _add_columns(self, name: str, **columns: pa.Array) -> None:
        schema = SCHEMAS[name]
        count = len(next(iter(columns.values())))
        columns["source"] = pa.repeat(pa.scalar(self._kind.source), count)
        arrays = [columns[column] for column in schema.names]
        self._tables.add_columns(name, pa.Table.from_arrays(arrays, schema=schema))

    def _firsts(self, number: int) -> list[list[Any]]:
        return [column.to_pylist() for column in self._first_columns(number)]

    def _first_columns(self, number: int) -> list[pa.Array]:
        """Return id and place of the first message of each row: `_KEPT_FIRSTS`."""
        file = compute("take", pa.array(self._files, pa.string()), self._numbers_of(number + 2))
        return [self._texts_of(number), file, *(self._numbers_of(number + place) for place in (3, 4, 5))]

    def _read_words(self) -> None:
        """Read the words that are new; they are numbered when a fact has them."""
        for raw in self._texts_of(30, pa.binary())[len(self._words) :].to_pylist():
            words = self._words_in(raw)
            self._words.append(words)
            self._numbers.append(0)

    def _words_in(self, raw: bytes) -> tuple[Any, ...]:
        """Return a row of `words` without its number."""
        type_, identity_kind, is_reduced, origin, day = _WORDS.unpack_from(raw)
        texts, place = [], _WORDS.size
        for _ in range(4):
            (length,) = _LENGTH.unpack_from(raw, place)
            place += _LENGTH.size
            texts.append(raw[place : place + length].decode())
            place += length
        event, name, version, suffix = texts
        library = f"{name}/{version}" if name and version else name
        return (
            _scan.TYPES[type_],
            event or None,
            None if day == _scan.NO_TIME else day_of(day * DAY_MS),
            _scan.IDENTITIES[identity_kind],
            library or None,
            suffix or None,
            self._origins[origin],
            is_reduced,
            None,
            None,
            None,
        )

    def _numbers_of(self, number: int, given: pa.DataType | None = None) -> pa.Array:
        kind: Any = given or pa.int64()
        raw = self._scanner.column(number)
        return pa.Array.from_buffers(kind, len(raw) // kind.byte_width, [None, pa.py_buffer(raw)])

    def _texts_of(self, number: int, kind: pa.DataType | None = None) -> pa.Array:
        ends, texts = self._scanner.column(number), self._scanner.column(number + 1)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(texts)]
        return pa.Array.from_buffers(kind or pa.string(), len(ends) // 4 - 1, buffers)


def _last_lines(lines: bytes, start: int, end: int) -> list[bytes]:
    """Return the last lines between two places; blank ones are none."""
    begin = end - 1
    found: list[bytes] = []
    while begin > start and len(found) < LINES_SEEN:
        last = lines.rfind(b"\n", start, begin) + 1 or start
        line = lines[last:begin]
        if line and not line.isspace():
            found.append(line)
        begin = last - 1
    return found[::-1]


def _int64(values: array[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values.tobytes())])


def _instants(values: pa.Array) -> pa.Array:
    if compute("min", values).as_py() != _scan.NO_TIME:
        return values
    return compute("if_else", compute("equal", values, _scan.NO_TIME), None, values)


def _names(names: tuple[str | None, ...], numbers: pa.Array) -> pa.Array:
    return compute("take", pa.array(names, pa.string()), numbers)


def _digests(has_some: pa.Array, digests: list[pa.Array]) -> dict[str, pa.Array]:
    return {
        name: compute("if_else", has_some, digest, None)
        for name, digest in zip(("md5", "sha1", "sha256"), digests, strict=True)
    }
