"""A foreign schema as a validator can read it: what draft-07 does not allow is left out, and named. Pure.

Real plans have `type: any`, `required: true` in a property, references to nowhere and patterns that are none. One of
them would stop the checks of the whole event. The plan keeps them as they are; the checks use what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pipelines_client.plan.model import Schema
from pipelines_client.plan.schemas import DRAFT_07, TYPES, target_of

_KNOWN_DRAFTS: Final = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/(2019-09|2020-12))/schema#?")
_OLD_DRAFTS: Final = re.compile(r"https?://(json-schema\.org/draft-0[34]/|iglucentral\.com/)")
_OF_SCHEMA: Final = frozenset(
    ("additionalItems", "additionalProperties", "contains", "else", "if", "not", "propertyNames", "then")
)
_OF_SCHEMAS: Final = frozenset(("allOf", "anyOf", "oneOf"))
_OF_NAMED: Final = frozenset(("$defs", "definitions", "dependencies", "patternProperties", "properties"))
_MOST_DEEP: Final = 64
_NEVER_OTHERWISE: Final = _OF_SCHEMAS | _OF_NAMED | {"items"}
_NEWEST: Final = "2020-12"
"""The draft in which `items` is one schema."""
_Path = tuple[str, ...]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except (re.error, OverflowError, RecursionError):
        return False


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


_ALLOWED: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"), _is_count),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"), _is_number),
    **dict.fromkeys(("$comment", "$id", "$ref", "contentEncoding", "contentMediaType"), _is_text),
    **dict.fromkeys(("description", "format", "title"), _is_text),
    **dict.fromkeys(("readOnly", "uniqueItems", "writeOnly"), lambda value: isinstance(value, bool)),
    **dict.fromkeys(("enum", "examples"), lambda value: isinstance(value, list)),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "pattern": _is_pattern,
    "required": _is_names,
}
"""What the value of a keyword may be; those with schemas within them are looked at one by one."""


def usable(schema: Schema) -> tuple[Schema, list[_Path]]:
    """Return what a validator can use of a schema, and the paths of what was left out.

    Example:
        ```python
        schema, left_out = usable({"properties": {"plan": {"type": "any", "maxLength": 9}}})
        assert schema == {"properties": {"plan": {"maxLength": 9}}}
        assert left_out == [("properties", "plan", "type")]
        ```
    """
    draft = schema.get("$schema")
    made = modern(schema)
    is_old = made is not schema
    all_left: list[_Path] = []
    while True:  # what is left out may be what a reference leads to: until nothing is
        left: list[_Path] = []
        found = _usable(made, made, (), left)
        made = found if isinstance(found, dict) else {}
        all_left += left
        if not left:
            break
    is_known = isinstance(draft, str) and _KNOWN_DRAFTS.fullmatch(draft) is not None and not is_old
    return made if is_known or "$schema" not in schema else {**made, "$schema": DRAFT_07}, all_left


def modern(schema: Schema) -> Schema:
    """Return the schema itself, or what it says in draft-07 if it names an older draft."""
    draft = schema.get("$schema")
    is_old = isinstance(draft, str) and _OLD_DRAFTS.match(draft) is not None
    return _modern(schema) if is_old else schema


def _modern(schema: Any) -> Any:
    """Return a draft-04 schema with limits as draft-07 has them: `exclusiveMinimum: 0`, not `minimum: 0` and `true`."""
    if isinstance(schema, list):
        return [_modern(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _modern(value) for key, value in schema.items()}
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(made.get(exclusive), bool):
            is_exclusive = made.pop(exclusive)
            if is_exclusive and limit in made:
                made[exclusive] = made.pop(limit)
    return made


def _usable(schema: Any, root: Schema, path: _Path, left: list[_Path]) -> Any:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        left.append(path)
        return True
    made: Schema = {}
    for key, value in schema.items():
        if key == "$id" or (key == "$schema" and path):
            continue  # they say where a schema lies, and nothing of a value
        kept = list(_kept(key, value, root, (*path, key), left))
        if kept:
            made[key] = kept[0]
    return made


def _kept(key: str, value: Any, root: Schema, path: _Path, left: list[_Path]) -> Iterator[Any]:
    """Yield what is kept of a keyword's value, or nothing."""
    if key in _OF_SCHEMA or (key == "items" and not isinstance(value, list)):
        yield _usable(value, root, path, left)
    elif isinstance(value, list) and _is_list_of_schemas(key, value, root):
        yield _each(value, root, path, left)
    elif key in _OF_NAMED and isinstance(value, dict):
        pairs = value.items()
        if key == "patternProperties":
            left += [(*path, name) for name in value if not _is_pattern(name)]
            pairs = {name: each for name, each in pairs if _is_pattern(name)}.items()
        is_names = key == "dependencies"
        yield {
            name: each if is_names and _is_names(each) else _usable(each, root, (*path, name), left)
            for name, each in pairs
        }
    elif key == "type":
        listed = value if isinstance(value, list) else [value]
        known = {each for each in listed if isinstance(each, str) and each in TYPES}
        if listed and len(known) == len(listed):
            yield value
        else:  # of `[string, any]` nothing is left: anything is allowed
            left.append(path)
    elif key in _NEVER_OTHERWISE or not _is_allowed(key, value, root):
        left.append(path)
    else:
        yield value


def _is_list_of_schemas(key: str, value: list[Any], root: Schema) -> bool:
    is_list = key in _OF_SCHEMAS or (key == "items" and _NEWEST not in str(root.get("$schema")))
    return is_list and bool(value)


def _each(values: list[Any], root: Schema, path: _Path, left: list[_Path]) -> list[Any]:
    return [_usable(each, root, (*path, str(place)), left) for place, each in enumerate(values)]


def _is_allowed(key: str, value: Any, root: Schema) -> bool:
    is_allowed = _ALLOWED.get(key)
    return (is_allowed is None or is_allowed(value)) and not (key == "$ref" and _leads_nowhere(value, root))


def _leads_nowhere(ref: str, root: Schema) -> bool:
    """Return whether a reference leads out of the schema, to nothing, or round in a circle."""
    for _ in range(_MOST_DEEP):
        target = target_of(ref, root)
        if not isinstance(target, dict):
            return not isinstance(target, bool)
        if not isinstance(target.get("$ref"), str):
            return False
        ref = target["$ref"]
    return True
