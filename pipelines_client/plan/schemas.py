"""JSON Schema draft-07, as the plan uses it: the plan file's short form, references, a walk over all properties. Pure.

The short form is draft-07 with three conveniences for a property: `required: true` in place of a list in the object
around it, `example: x` in place of `examples: [x]`, and a bare type (`plan: string`) in place of `{type: string}`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines_client.plan.model import PlannedCall, Schema

DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"
TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")
PLAIN_REST: Final[Schema] = {"type": "object"}
"""What a schema says besides its properties and which are required, if it says nothing special."""
_KEYWORDS = """
    $comment $id $ref $schema additionalItems additionalProperties allOf anyOf const contains contentEncoding
    contentMediaType default definitions dependencies description else enum examples exclusiveMaximum
    exclusiveMinimum format id if items maxItems maxLength maxProperties maximum minItems minLength minProperties
    minimum multipleOf not oneOf pattern patternProperties properties propertyNames readOnly required then title
    type uniqueItems writeOnly
"""
KEYWORDS: Final = frozenset(_KEYWORDS.split())
"""The keywords of draft-07."""
CONVENIENCES: Final = frozenset({"required", "example", "unit"})
"""Keys of the short form that draft-07 does not have, or not so. `unit` stays in the schema, which may have it."""
_LISTS = ("allOf", "anyOf", "oneOf")
_DEFINITIONS = ("definitions", "$defs")
_MOST_VISITS: Final = 5_000
_ALL: Final = -1
"""The key under which all visits of a walk are counted; the others are ids of schemas."""
_MOST_DEEP = 64


@dataclass(frozen=True)
class Property:
    """A property of a schema, at any depth.

    Args:
        path: Names from the top, and `[]` for the items of an array: `("items", "[]", "sku")`.
        schema: Its own schema, references followed.
        is_required: Whether the object around it must have it.
    """

    path: tuple[str, ...]
    schema: Schema
    is_required: bool

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.path[-1]

    @property
    def types(self) -> tuple[str, ...]:
        """The types that are allowed; empty if the schema does not say."""
        return types_of(self.schema)


def from_short(properties: Mapping[str, Any], rest: Mapping[str, Any] = PLAIN_REST) -> Schema:
    """Return the schema of an object from the short form of its properties.

    Args:
        properties: The short form of each property, by name.
        rest: The schema's other keywords; a `required` list there goes first.

    Example:
        ```python
        schema = from_short({"total": {"type": "number", "required": True, "example": 4.5}, "plan": "string"})
        assert schema["properties"] == {"total": {"type": "number", "examples": [4.5]}, "plan": {"type": "string"}}
        assert schema["required"] == ["total"]
        ```
    """
    full: Schema = {}
    listed = rest.get("required")
    required = list(listed) if isinstance(listed, list) else []
    for name, short in properties.items():
        full[name] = _property(short)
        if isinstance(short, Mapping) and short.get("required") is True and name not in required:
            required.append(name)
    schema = {**rest, "properties": full}
    if required:
        schema["required"] = required
    return schema


def _property(short: Any) -> Any:
    if isinstance(short, str):
        return {"type": short}
    if short is None:
        return {}
    if not isinstance(short, Mapping):
        return short
    rest = {key: value for key, value in short.items() if key != "properties"}
    if isinstance(rest.get("required"), bool):
        del rest["required"]
    if "example" in rest:
        rest["examples"] = [rest.pop("example")]
    if isinstance(rest.get("items"), Mapping):
        rest["items"] = _property(rest["items"])
    inner = short.get("properties")
    return from_short(inner, rest) if isinstance(inner, Mapping) else rest


def to_short(schema: Schema) -> tuple[Schema, Schema] | None:
    """Return the short form of a schema's properties and its other keywords, or None if the short form cannot say it.

    `from_short` of the result is the same schema: nothing of a foreign plan is lost.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return None
    try:
        short, rest = _shortened(schema)
        return (short, rest) if is_same(from_short(short, rest), schema) else None
    except RecursionError:
        return None


def _shortened(schema: Schema) -> tuple[Schema, Schema]:
    properties, listed = schema["properties"], schema.get("required")
    rest = {key: value for key, value in schema.items() if key != "properties"}
    flagged: set[str] = set()
    if isinstance(listed, list) and listed and listed == [name for name in properties if name in listed]:
        flagged = set(listed)
        del rest["required"]
    return {name: _short(each, is_required=name in flagged) for name, each in properties.items()}, rest


def _short(schema: Any, *, is_required: bool) -> Any:
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("properties"), dict):
        inner, rest = _shortened(schema)
        short = {**rest, "properties": inner}
    else:
        short = dict(schema)
    if isinstance(short.get("items"), dict):
        short["items"] = _short(short["items"], is_required=False)
    examples = short.get("examples")
    if isinstance(examples, list) and len(examples) == 1:
        short = {("example" if key == "examples" else key): value for key, value in short.items()}
        short["example"] = examples[0]
    if is_required:
        short["required"] = True
    return short


def is_same(left: Any, right: Any) -> bool:
    """Return whether two values are the same in JSON: unlike `==`, 1, 1.0 and true are three values."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    return bool(left == right)


def types_of(schema: Any) -> tuple[str, ...]:
    """Return the types that a schema allows, as it writes them; empty if it does not say."""
    types = schema.get("type") if isinstance(schema, Mapping) else None
    listed = types if isinstance(types, list) else [types]
    return tuple(each for each in listed if isinstance(each, str))


def standalone(call: PlannedCall) -> Schema:
    """Return a call's schema with the definitions that its references lead to, also if those stand in the envelope."""
    if not call.envelope:
        return call.schema
    kept = {key: call.envelope[key] for key in _DEFINITIONS if key in call.envelope}
    return {**kept, **call.schema}


def resolved(schema: Any, root: Schema) -> Schema:
    """Follow `$ref`s within `root`, and return the schema there; `{}` if one leads nowhere, out of `root` or round."""
    for _ in range(_MOST_DEEP):
        if not isinstance(schema, dict):
            return {}
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        schema = target_of(ref, root)
    return {}


def target_of(ref: str, root: Any) -> Any:
    """Return what a reference leads to within `root`; None if it leads nowhere or out of it."""
    head, _, pointer = ref.partition("#")
    if head:
        return None
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(root, list) and key.isascii() and key.isdigit() and int(key) < len(root):
            root = root[int(key)]
        elif isinstance(root, dict):
            root = root.get(key)
        else:
            return None
    return root


def properties_of(schema: Schema) -> Iterator[Property]:
    """Yield the properties of a schema and, after each, those within it: of objects, items of arrays, alternatives.

    References within the schema are followed; a schema that has itself within it is not entered again. Few definitions
    that refer to each other have millions of paths: after 5,000 visits, a part that was seen is not entered again.

    Example:
        ```python
        schema = from_short({"items": {"type": "array", "items": {"type": "object", "properties": {"sku": "string"}}}})
        assert [each.path for each in properties_of(schema)] == [("items",), ("items", "[]", "sku")]
        ```
    """
    yield from _walk(schema, schema, (), (), Counter())


def _walk(
    schema: Any, root: Schema, path: tuple[str, ...], above: tuple[int, ...], visits: Counter[int]
) -> Iterator[Property]:
    schema = resolved(schema, root)
    if id(schema) in above or len(above) >= _MOST_DEEP or (visits[_ALL] >= _MOST_VISITS and visits[id(schema)]):
        return
    above = (*above, id(schema))
    visits.update((_ALL, id(schema)))
    required = schema.get("required")
    properties = schema.get("properties")
    for name, each in properties.items() if isinstance(properties, dict) else ():
        is_required = isinstance(required, list) and name in required
        described = {"description": each["description"]} if isinstance(each, dict) and "description" in each else {}
        yield Property((*path, name), {**resolved(each, root), **described}, is_required)
        yield from _walk(each, root, (*path, name), above, visits)
    items = schema.get("items")
    for each in items if isinstance(items, list) else [items]:
        if isinstance(each, dict):
            yield from _walk(each, root, (*path, "[]"), above, visits)
    for keyword in _LISTS:
        alternatives = schema.get(keyword)
        for each in alternatives if isinstance(alternatives, list) else ():
            yield from _walk(each, root, path, above, visits)
