"""What changes from one JSON Schema to another, keyword by keyword. Pure.

What no rule can judge (`anyOf`, `if`, `not` …) counts as breaking if it changed: a person has to look at it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pipelines_client.plan.diff.rules import PlanChange
from pipelines_client.plan.model import Schema
from pipelines_client.plan.schemas import TYPES, target_of, types_of
from pipelines_client.plan.usable import modern

_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAID: Final = frozenset(
    "$comment $defs $id $ref $schema default definitions deprecated description example examples title".split()  # noqa: SIM905
)
"""Keywords that refuse nothing."""
_JUDGED: Final = frozenset(
    (*_LEAST, *_MOST, "type", "enum", "const", "properties", "required", "items", "additionalProperties", "unit")
)
_ALTERNATIVES: Final = ("anyOf", "oneOf")
_MOST_DEEP: Final = 32
_MOST_PLACES: Final = 100
_SHOWN: Final = 60
_ANYTHING: Final[Schema] = {}
_NOTHING: Final[Schema] = {"not": {}}
"""What the schema `false` says, and what an object can say too."""


@dataclass(frozen=True)
class SchemaPair:
    """Two schemas of one value, and where it is.

    Args:
        old: The schema before.
        new: The schema after.
        roots: The schemas in which their references are found.
        call: The call, as changes name it.
        path: The property, as changes name it.
        above: The pairs that this one stands in, by identity.
        seen: In how many places each pair was compared, by identity.
    """

    old: Schema
    new: Schema
    roots: tuple[Schema, Schema]
    call: str
    path: str = ""
    above: tuple[tuple[int, int], ...] = ()
    seen: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def key(self) -> tuple[int, int]:
        """Which two schemas these are."""
        return id(self.old), id(self.new)

    def change(self, code: str, detail: str = "") -> PlanChange:
        """Return a change at this place."""
        return PlanChange(code, self.call, self.path, detail)

    def inner(self, old: Any, new: Any, name: str) -> SchemaPair:
        """Return the pair of two schemas in this one."""
        joined = f"{self.path}{name}" if name == "[]" or not self.path else f"{self.path}.{name}"
        above = (*self.above, self.key)
        before, after = _followed(old, self.roots[0]), _followed(new, self.roots[1])
        return SchemaPair(before, after, self.roots, self.call, joined, above, self.seen)


def changes_of(old: Schema, new: Schema, call: str, path: str = "") -> Iterator[PlanChange]:
    """Yield the changes from one schema to another.

    Args:
        old: The schema before, with its definitions.
        new: The schema after, likewise.
        call: The call, as changes name it.
        path: Where in the message the value is.
    """
    old, new = _comparable(old), _comparable(new)
    yield from _changes(SchemaPair(_followed(old, old), _followed(new, new), (old, new), call, path))


def _followed(schema: Any, root: Schema) -> Schema:
    """Return what a schema says, references followed; the same object each time, so that a pair has an identity.

    A reference that leads nowhere says nothing, as in checks, and what stands beside it holds.
    """
    for _ in range(_MOST_DEEP):
        if schema is False:
            return _NOTHING
        if not isinstance(schema, dict):
            break
        ref = schema.get("$ref")
        target = target_of(ref, root) if isinstance(ref, str) else None
        if not isinstance(target, dict | bool):
            return schema or _ANYTHING
        schema = target
    return _ANYTHING


def _comparable(schema: Schema) -> Schema:
    """Return a schema with the words of draft-07: limits, and nothing beside a reference that newer drafts heed."""
    draft = schema.get("$schema")
    is_newer = isinstance(draft, str) and any(year in draft for year in ("2019-09", "2020-12"))
    return _refs_apart(schema) if is_newer else modern(schema)


def _refs_apart(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_refs_apart(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _refs_apart(value) for key, value in schema.items()}
    if isinstance(made.get("$ref"), str) and not made.keys() <= _SAID:
        others = made.get("allOf")
        made["allOf"] = [{"$ref": made.pop("$ref")}, *(others if isinstance(others, list) else ())]
    return made


def _changes(pair: SchemaPair) -> Iterator[PlanChange]:
    """Yield the changes between two schemas, unless they are compared already further up or in very many places."""
    if pair.key in pair.above or pair.seen[pair.key] >= _MOST_PLACES:
        return
    pair.seen[pair.key] += 1
    if pair.old == pair.new and pair.roots[0] == pair.roots[1] and _same(pair.old, pair.new):
        return
    if len(pair.above) > _MOST_DEEP:
        yield pair.change("constraint-changed", "what is deeper")
    elif _NOTHING in (pair.old, pair.new):
        if pair.old != pair.new:
            yield pair.change(
                "constraint-added" if pair.new == _NOTHING else "constraint-removed", "no value is allowed"
            )
    else:
        for rule in _RULES:
            yield from rule(pair)
        yield from _properties(pair)
        yield from _items(pair)


def _types(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = _allowed(pair.old), _allowed(pair.new)
    words = f"{_type_words(pair.old)}, now {_type_words(pair.new)}"
    if not old & new:
        yield pair.change("type-changed", words)
    elif old - new:
        yield pair.change("type-changed" if new - old else "type-narrowed", words)
    elif new - old:
        yield pair.change("type-widened", words)


def _allowed(schema: Schema) -> frozenset[str]:
    types = frozenset(types_of(schema)) or frozenset(TYPES)
    return types | {"integer"} if "number" in types else types


def _type_words(schema: Schema) -> str:
    return " or ".join(types_of(schema)) or "any type"


def _values(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = _choices(pair.old), _choices(pair.new)
    if old is None and new is not None:
        yield pair.change("values-limited", _listed(new))
    elif old is not None and new is None:
        yield pair.change("values-free")
    elif old is not None and new is not None:
        for code, members in (("value-removed", _without(old, new)), ("value-added", _without(new, old))):
            if members:
                yield pair.change(code, _listed(members))


def _choices(schema: Schema) -> list[str] | None:
    """Return the values that are allowed, as JSON, in which 1 and true are two; None if all are."""
    enum = schema.get("enum")
    listed = [_json(value) for value in enum] if isinstance(enum, list) else None
    if "const" not in schema:
        return listed
    const = _json(schema["const"])
    return [const] if listed is None or const in listed else []


def _without(values: list[str], others: list[str]) -> list[str]:
    return [value for value in values if value not in others]


def _limits(pair: SchemaPair) -> Iterator[PlanChange]:
    for keywords, sign in ((_LEAST, 1), (_MOST, -1)):
        for keyword in keywords:
            old, new = (_number(schema.get(keyword)) for schema in (pair.old, pair.new))
            if old == new:
                continue
            is_tighter = new is not None and (old is None or (new > old if sign > 0 else new < old))
            before, after = ("none" if each is None else _listed([_json(each)]) for each in (old, new))
            words = f"{keyword} {before}, now {after}"
            yield pair.change("limit-tightened" if is_tighter else "limit-loosened", words)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _extras(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = (schema.get("additionalProperties", True) for schema in (pair.old, pair.new))
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _changes(pair.inner(old, new, "*"))
    elif old is not False and new is False:
        yield pair.change("extras-refused")
    elif old is False and new is not False:
        yield pair.change("extras-allowed")
    elif isinstance(old, dict) or isinstance(new, dict):
        yield from _changes(pair.inner(old if isinstance(old, dict) else {}, new if isinstance(new, dict) else {}, "*"))


def _units(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = pair.old.get("unit"), pair.new.get("unit")
    if _same(old, new):
        return
    if old is None or new is None:
        yield pair.change("unit-added" if old is None else "unit-removed", _json(new if old is None else old))
    else:
        yield pair.change("unit-changed", f"{_json(old)}, now {_json(new)}")


def _others(pair: SchemaPair) -> Iterator[PlanChange]:
    """Yield changes of keywords that refuse something, and that no other rule here knows."""
    keywords = [*pair.old, *(keyword for keyword in pair.new if keyword not in pair.old)]
    for keyword in keywords:
        if keyword in _SAID or keyword in _JUDGED or keyword.startswith("x-"):
            continue
        if keyword not in pair.new or keyword not in pair.old:
            yield pair.change("constraint-added" if keyword in pair.new else "constraint-removed", keyword)
            continue
        old, new = pair.old[keyword], pair.new[keyword]
        is_same = _means_same(old, new, pair)
        if not is_same:
            is_wider = (
                keyword in _ALTERNATIVES and isinstance(new, list) and isinstance(old, list) and _begins(new, old)
            )
            yield pair.change("constraint-removed" if is_wider else "constraint-changed", keyword)


def _means_same(old: Any, new: Any, pair: SchemaPair) -> bool:
    """Return whether two values are the same, and what they refer to as well."""
    return _same(old, new) and ("$ref" not in _json(old) or _same(*pair.roots))


def _begins(longer: list[Any], shorter: list[Any]) -> bool:
    return len(longer) > len(shorter) and _same(longer[: len(shorter)], shorter)


def _descriptions(pair: SchemaPair) -> Iterator[PlanChange]:
    if pair.above and pair.old.get("description") != pair.new.get("description"):
        yield pair.change("note-changed", "description")


_RULES: Final[tuple[Callable[[SchemaPair], Iterator[PlanChange]], ...]] = (
    _types,
    _values,
    _limits,
    _extras,
    _units,
    _others,
    _descriptions,
)


def _properties(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = (_table(schema.get("properties")) for schema in (pair.old, pair.new))
    was_required, is_required = (_names(schema.get("required")) for schema in (pair.old, pair.new))
    for name in dict.fromkeys((*old, *was_required, *new, *is_required)):
        inner = pair.inner(old.get(name, {}), new.get(name, {}), name)
        was_there, is_there = name in old or name in was_required, name in new or name in is_required
        if not is_there:
            yield inner.change("property-removed")
        elif not was_there:
            yield inner.change("required-property-added" if name in is_required else "property-added")
        else:
            if (name in was_required) != (name in is_required):
                yield inner.change("now-required" if name in is_required else "no-longer-required")
            yield from _changes(inner)


def _items(pair: SchemaPair) -> Iterator[PlanChange]:
    old, new = pair.old.get("items"), pair.new.get("items")
    if isinstance(old, list) or isinstance(new, list):
        if not _means_same(old, new, pair):
            yield pair.inner({}, {}, "[]").change("constraint-changed", "items")
    elif old is not None or new is not None:
        yield from _changes(pair.inner(old, new, "[]"))


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _same(old: Any, new: Any) -> bool:
    return old is new or _json(old) == _json(new)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _listed(values: Iterable[str]) -> str:
    text = ", ".join(values)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
