"""Rows that were read and are not written yet: facts with what their payloads and people show, or counts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pipelines_client.evidence.fact import BAD_PAYLOAD, NO_IDENTITY, NO_PAYLOAD, CountRow
from pipelines_client.evidence.lines import LineRejectedError
from pipelines_client.evidence.payloads import TraitHasher, is_json
from pipelines_client.parity.facts.cured import side_cure
from pipelines_client.parity.facts.date_spellings import DateSpellings
from pipelines_client.parity.facts.native import open_native
from pipelines_client.parity.facts.people import PeopleFacts
from pipelines_client.parity.facts.property_types import Forms, PropertyTypes
from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from pipelines_client.evidence.fact import Fact
    from pipelines_client.evidence.files.base import Take
    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.swallowed import Neighbours
    from pipelines_client.parity.facts.writer import Tables

_NO_IDENTITY_WHY = "without an identity (no column has a user id or an anonymous id): not compared"
_NO_PAYLOAD_WHY = "without a payload (in no column): not compared"
_NOT_JSON = "whose payload is text that is not JSON: not compared; export the column as JSON"
_PYTHON = "whose payload is text as Python writes it, which is not JSON: not compared; export the column as JSON"
_ENCODED_TWICE = "whose payload is JSON text where an object belongs (encoded twice): compared as text"
_TEXT = "whose payload is text where an object belongs: compared as text"
_NO_OBJECT = "whose payload is not an object: compared as it is"
_AS_PYTHON = re.compile(r"\s*(?:\[\s*)?\{\s*'")
_FLUSH_ROWS = 5_000
_LONG_BYTES = 4_000  # ids have up to 100 characters (FACTS S6), names little more (FACTS C13)
_FLUSH_BYTES = 32 << 20  # of lines, which bounds what their facts hold, however long an id is
_FLUSH_COUNT = 2**62  # of one key; a column holds 63 bits, and no single row counts as much as is left


class FactCollector:
    """Collects messages in memory. Call `write` when `is_full` says so before a line is added."""

    def __init__(self, kind: Kind, tables: Tables) -> None:
        self._source, self._tables, self._is_reduced = kind.source, tables, kind.is_reduced
        self._odd: dict[tuple[str, str], list[int]] = {}  # by file and what is odd: the first line, and how many
        self._forms = Forms()
        self._types = PropertyTypes(kind.source, self._forms)
        self._dates = DateSpellings(kind.source)
        self._people = PeopleFacts(kind.source)
        self._hash = TraitHasher(kind.identity_key)
        self._cure = side_cure(kind.source, kind.cures)
        self._native = open_native(kind, tables, self._forms)
        self._facts: list[Fact] = []
        self._traits: list[tuple[Any, ...]] = []
        self._bytes = 0
        self._written = 0

    @property
    def count(self) -> int:
        """How many lines were added."""
        return self._written + len(self._facts) + (self._native.count if self._native else 0)

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return len(self._facts) >= _FLUSH_ROWS or self._bytes >= _FLUSH_BYTES

    @property
    def notes(self) -> list[str]:
        """Say for each file how many messages' identities or payloads are odd, and what follows from that."""
        return [
            f"{name}:{line}: {plural(count, 'message')} from here on {why}"
            for (name, why), (line, count) in self._odd.items()
        ]

    @property
    def unreadable(self) -> int:
        """How many payloads are there and could not be read."""
        return sum(count for (_, why), (_, count) in self._odd.items() if why in (_NOT_JSON, _PYTHON))

    def add(self, fact: Fact, payload: Any) -> None:
        """Add a line.

        Raises:
            LineRejectedError: An id or name in it is too long.
        """
        if fact.byte_count > _LONG_BYTES and any(type(text) is str and len(text) > _LONG_BYTES for text in fact):
            raise LineRejectedError(f"an id or a name in it has more than {_LONG_BYTES:,} characters")
        if self._cure is not None:
            fact, payload = self._cure(fact, payload)
        if type(payload) is dict and payload and not fact.is_reduced & NO_PAYLOAD:
            traits: list[tuple[Any, ...]] = []
            if fact.type == "identify":
                source, message_id, identity = self._source, fact.message_id, fact.identity
                received, hashed = fact.received_at_ms, self._hash
                library = None if fact.library is None else fact.library.partition("/")[0]
                traits = [  # plain tuples in the order of `TraitRow`
                    (source, message_id, identity, name, hashed(value), library, received)
                    for name, value in payload.items()
                ]
            self._types.add(fact, payload)
            self._dates.add(fact, payload)
            self._traits += traits
        elif payload is not None and type(payload) is not dict:
            self._note(fact, _what_is_odd(payload, is_bad=bool(fact.is_reduced & BAD_PAYLOAD)))
        elif fact.is_reduced & NO_PAYLOAD and not self._is_reduced:
            self._note(fact, _NO_PAYLOAD_WHY)
        if fact.is_reduced & NO_IDENTITY:
            self._note(fact, _NO_IDENTITY_WHY)
        self._people.add(fact, payload)
        self._facts.append(fact)
        self._bytes += fact.byte_count

    def taking(self, file: str, beside: Neighbours) -> Take | None:
        """Return what takes lines of a file without making facts of them one by one; None if nothing does."""
        native = self._native
        return None if native is None else native.taking(file, beside, lambda: self._written + len(self._facts))

    def take_back(self) -> bool:
        """Remove the last line, and return whether it was still there; what it says of types and people stays."""
        if self._native is not None and self._native.has_last:
            return self._native.take_back()
        return bool(self._facts and self._facts.pop())

    def _note(self, fact: Fact, why: str) -> None:
        self._odd.setdefault((fact.file, why), [fact.line, 0])[1] += 1

    def write(self) -> None:
        """Write what was collected, so that memory stays bounded."""
        self._written += len(self._facts)
        self._tables.add("facts", self._facts)
        self._tables.add("traits", self._traits)
        if self._bytes >= _FLUSH_BYTES:
            self._tables.flush()
        self._facts, self._traits, self._bytes = [], [], 0
        if self._types.is_full or self._dates.is_full or self._people.is_full:
            self.finish()

    def finish(self) -> None:
        """Write what is counted too."""
        if self._native is not None:
            self._native.finish()
        self._tables.add("properties", self._types.take())
        self._tables.add("forms", self._forms.take())
        self._tables.add("dates", self._dates.take())
        self._tables.add("people", self._people.take_people())
        self._tables.add("links", self._people.take_links())
        self._tables.add("edits", self._people.take_edits())


class CountCollector:
    """Collects counts by event and day, for a kind of source that keeps no ids."""

    notes: tuple[str, ...] = ()
    unreadable = 0

    def __init__(self, kind: Kind, tables: Tables) -> None:
        self._source, self._tables = kind.source, tables
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self.count = 0
        self.is_full = False
        """Whether it is time to write."""

    def add(self, fact: Fact, count: int) -> None:
        """Add a line."""
        self.count += 1
        key = (fact.event or fact.type, fact.type, fact.day or "")
        self._counts[key] += count
        self.is_full = len(self._counts) >= _FLUSH_ROWS or self._counts[key] >= _FLUSH_COUNT

    def taking(self, file: str, beside: Neighbours) -> None:
        """Return None: each line is read by its kind."""
        del file, beside

    def take_back(self) -> bool:
        """Remove nothing: of counts it is not known which line they are of."""
        return False

    def write(self) -> None:
        """Write only if there is much: a count goes on until all files are read."""
        if self.is_full:
            self.finish()

    def finish(self) -> None:
        """Write the counts."""
        self._tables.add("counts", [CountRow(self._source, *key, count) for key, count in self._counts.items()])
        self._counts.clear()
        self.is_full = False


def _what_is_odd(payload: Any, *, is_bad: bool) -> str:
    """Return what is odd about a payload that is not an object."""
    if type(payload) is not str:
        return _NO_OBJECT
    if is_bad:
        return _PYTHON if _AS_PYTHON.match(payload) else _NOT_JSON
    return _ENCODED_TWICE if is_json(payload) else _TEXT
