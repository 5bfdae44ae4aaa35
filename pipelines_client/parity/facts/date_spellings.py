"""The values that may be instants, counted by path and spelling while payloads are read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.effects.spellings import FIRST_SECOND, form_of, of_number, spelling_of
from pipelines_client.evidence.fact import DateRow
from pipelines_client.evidence.paths import below
from pipelines_client.parity.facts.property_types import MAX_DEPTH, MAX_PATH_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.effects.spellings import Spelling
    from pipelines_client.evidence.fact import Fact

_MAX_ROWS = 20_000
_DIGITS = frozenset("0123456789")


class DateSpellings:
    """Counts candidates. Call `take` when `is_full` says so after an `add`, so that memory stays bounded."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: dict[tuple[Any, ...], list[Any]] = {}

    def add(self, fact: Fact, payload: dict[str, Any]) -> None:
        """Count the values of one message; arrays are not looked into."""
        found = _found(payload)
        if not found:
            return
        root = PAYLOAD_FIELD.get(fact.type, "")
        for keys, spelling, value in found:
            key = (fact.type, fact.event, fact.day, keys, spelling)
            seen = self._seen.get(key)
            if seen is not None:
                seen[1] += 1
            else:
                place = (fact.message_id, fact.file, fact.line, fact.byte_offset)
                self._seen[key] = [path_of(root, keys), 1, form_of(value), place]

    @property
    def is_full(self) -> bool:
        """Whether it is time to `take` the rows."""
        return len(self._seen) >= _MAX_ROWS

    def take(self) -> list[DateRow]:
        """Return the rows of what was counted, and start again from zero."""
        rows = [
            DateRow(self._source, kind, event, day, path, spelling.value, form, count, *place)
            for (kind, event, day, _, spelling), (path, count, form, place) in self._seen.items()
        ]
        self._seen = {}
        return rows


def _found(payload: dict[str, Any]) -> list[tuple[tuple[str, ...], Spelling, Any]]:
    """Return the candidates of a payload with the keys that lead to them; most payloads have none."""
    found = []
    for key, value in payload.items():
        kind = type(value)
        if kind is str:
            spelling = spelling_of(value) if value[:1] in _DIGITS else None
        elif kind is int or kind is float:
            spelling = of_number(value) if value >= FIRST_SECOND else None
        elif kind is dict:
            found += [((key, *keys), spelling, inner) for keys, spelling, inner in _inner(value, 2)]
            continue
        else:
            continue
        if spelling is not None:
            found.append(((key,), spelling, value))
    return found


def _inner(values: dict[str, Any], depth: int) -> Iterator[tuple[tuple[str, ...], Spelling, Any]]:
    """Yield the candidates below an object, as deep as types are counted."""
    for key, value in values.items():
        if type(value) is dict:
            if depth < MAX_DEPTH:
                yield from (((key, *keys), spelling, inner) for keys, spelling, inner in _inner(value, depth + 1))
        elif (spelling := spelling_of(value)) is not None:
            yield (key,), spelling, value


def path_of(root: str, keys: tuple[str, ...]) -> str:
    """Return the path as `PropertyTypes` writes it."""
    path = root
    for key in keys:
        path = below(path, key)[:MAX_PATH_CHARS]
    return path
