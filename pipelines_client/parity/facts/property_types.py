"""The types of values that the properties of an event hold, counted while payloads are read. Pure.

Most payloads of an event have the same keys and types, so these are counted as one signature for each payload. What the
signatures say is stored once, as a form, however many events and days have it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from itertools import repeat
from typing import TYPE_CHECKING, Any

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.evidence.fact import FormRow, PropertyRow
from pipelines_client.evidence.paths import below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.evidence.fact import Fact

MAX_DEPTH = 6
MAX_PATH_CHARS = 200
_MAX_SIGNATURES = 20_000
_MAX_FORMS = 5_000
_MAX_SIGNATURE_BYTES = 16 << 20

KIND_OF = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    dict: "object",
    list: "array",
}
"""The JSON type of a Python type."""


class Forms:
    """Names what payloads look like, and lists the paths of each form."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}
        self._rows: list[FormRow] = []

    def name(self, type_: str, payload_signature: Any) -> str:
        """Return the hash of the paths of a form, and of the kinds of values there."""
        field = PAYLOAD_FIELD.get(type_, "")
        name = self._known.get((field, payload_signature))
        if name is None:
            if len(self._known) >= _MAX_FORMS:
                self._known.clear()
            paths = sorted(set(_paths(payload_signature, field)))
            name = blake2b(repr(paths).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
            self._known[field, payload_signature] = name
            self._rows += [FormRow(name, path, kind) for path, kind in paths]
        return name

    def take(self) -> list[FormRow]:
        """Return the rows of the forms that are new since the last call."""
        rows, self._rows = self._rows, []
        return rows


class PropertyTypes:
    """Counts the types in payloads. Call `take` when `is_full` says so after an `add`, so that memory stays bounded."""

    def __init__(self, source: str, forms: Forms) -> None:
        self._source, self._forms = source, forms
        self._seen: dict[Any, list[Any]] = {}
        self._bytes = 0

    def add(self, fact: Fact, payload: dict[str, Any]) -> None:
        """Count one message."""
        key = (fact.type, fact.event, fact.day, signature(payload))
        seen = self._seen.get(key)
        if seen is not None:
            seen[0] += 1
        else:
            self._seen[key] = [1, fact.message_id, fact.file, fact.line, fact.byte_offset]
            self._bytes += fact.byte_count

    @property
    def is_full(self) -> bool:
        """Whether it is time to `take` the rows."""
        return len(self._seen) >= _MAX_SIGNATURES or self._bytes >= _MAX_SIGNATURE_BYTES

    def take(self) -> list[PropertyRow]:
        """Return the rows of what was counted, and start again from zero."""
        rows: dict[tuple[Any, ...], list[Any]] = {}
        for (kind, event, day, found), (count, *place) in self._seen.items():
            form = self._forms.name(kind, found)
            row = rows.get((kind, event, day, form))
            if row is None:
                rows[kind, event, day, form] = [count, *place]
            else:
                row[0] += count
        self._seen, self._bytes = {}, 0
        return [PropertyRow(self._source, *key, *row) for key, row in rows.items()]


def signature(value: dict[str, Any], depth: int = 1) -> tuple[Any, ...]:
    """Return the keys of an object and the types of its values, for arrays the set of the types of their items."""
    kinds = tuple(map(type, value.values()))
    if depth >= MAX_DEPTH or (list not in kinds and dict not in kinds):
        return tuple(value), kinds
    forms: list[Any] = list(kinds)
    items = list(value.values())
    for place in _nested(kinds):
        forms[place] = _inner(items[place], depth + 1)
    return tuple(value), tuple(forms)


@lru_cache(maxsize=4096)
def _nested(kinds: tuple[type, ...]) -> tuple[int, ...]:
    """Return the places of objects and arrays; cached, since most payloads of an event have the same."""
    return tuple(place for place, kind in enumerate(kinds) if kind is dict or kind is list)


def _inner(value: Any, depth: int) -> Any:
    if type(value) is dict:
        return signature(value, depth)
    kinds = frozenset(map(type, value))
    if depth >= MAX_DEPTH or (dict not in kinds and list not in kinds):
        return kinds
    if len(kinds) == 1:  # as items nearly always are
        return frozenset(map(_inner, value, repeat(depth + 1)))
    return frozenset([_inner(item, depth + 1) if type(item) in (dict, list) else type(item) for item in value])


def _paths(form: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every path of a signature with the type of its value."""
    if isinstance(form, tuple):
        for key, inner in zip(*form, strict=True):
            here = below(path, key)[:MAX_PATH_CHARS]
            yield here, _kind(inner)
            yield from _paths(inner, here)
    elif isinstance(form, frozenset):
        for inner in form:
            here = f"{path}[]"[:MAX_PATH_CHARS]
            yield here, _kind(inner)
            yield from _paths(inner, here)


def _kind(form: Any) -> str:
    if isinstance(form, tuple):
        return "object"
    return "array" if isinstance(form, frozenset) else KIND_OF[form]
