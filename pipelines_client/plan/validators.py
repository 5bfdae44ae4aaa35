"""JSON Schemas, compiled: is this value as planned, and if not, where and why. Nothing is ever fetched.

jsonschema-rs answers `is_valid` in less than a microsecond. Reasons cost more, and are asked for only after a "no".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from pipelines_client.errors import PlanError
from pipelines_client.plan.model import Schema
from pipelines_client.plan.schemas import DRAFT_07

_CURE: Final = "pip install 'pipelines-client[plan]'"
_LEADS_ON: Final = frozenset(("$ref", "$id", "id", "$schema", "$recursiveRef", "$dynamicRef", "$anchor"))
_CLOSED: Final = ("additionalProperties", "unevaluatedProperties")
_MOST_FAULTS: Final = 100


class SchemaFault(NamedTuple):
    """Where a value is not as its schema says.

    Args:
        keyword: The schema's keyword that it fails: `type`, `required`, `enum` …
        path: Names and places that lead to it, from the top of the value; for `required` to what is missing.
        value: The value there; None for what is missing.
        types: The types that are allowed, for the keyword `type`.
    """

    keyword: str
    path: tuple[str | int, ...]
    value: Any
    types: tuple[str, ...] = ()


class CompiledSchema:
    """One schema, compiled.

    Args:
        schema: A JSON Schema, draft-07 unless its `$schema` says another.
        place: How errors call it, such as `events > Order Completed`.

    Raises:
        PlanError: It is not a schema, it refers to something outside itself, or jsonschema-rs is missing.
    """

    def __init__(self, schema: Schema, place: str) -> None:
        try:
            import jsonschema_rs
        except ImportError:
            raise PlanError(f"a tracking plan needs the package jsonschema-rs: {_CURE}") from None
        other = schema.get("$schema", DRAFT_07) not in (DRAFT_07, DRAFT_07.rstrip("#"))
        make: Callable[..., Any] = jsonschema_rs.validator_for if other else jsonschema_rs.Draft7Validator
        try:
            self._compiled = make(schema, retriever=_refuse_to_fetch)
        except ValueError as error:
            raise PlanError(_said(place, error)) from None
        self.is_valid: Callable[[Any], bool] = self._compiled.is_valid
        """Whether a value is as the schema says.

        Raises:
            ValueError: The value is not plain JSON.
        """

    def faults(self, value: Any) -> Iterator[SchemaFault]:
        """Yield what is wrong with a value of plain JSON, the first 100."""
        for count, error in enumerate(self._compiled.iter_errors(value)):
            if count == _MOST_FAULTS:
                return
            yield from _faults_of(error, tuple(error.instance_path), value)


def _faults_of(error: Any, path: tuple[str | int, ...], value: Any) -> Iterator[SchemaFault]:
    kind, keyword = error.kind, error.kind.name
    if keyword == "required":
        yield SchemaFault(keyword, (*path, kind.property), None)
    elif keyword in _CLOSED:
        for name in kind.unexpected:
            yield SchemaFault(keyword, (*path, name), None)
    elif keyword == "falseSchema" and error.schema_path and error.schema_path[-1] in _CLOSED:
        for name in _at(value, path):  # an object that may have no properties at all
            yield SchemaFault("additionalProperties", (*path, name), None)
    else:
        yield SchemaFault(keyword, path, error.instance, tuple(kind.types) if keyword == "type" else ())


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value if isinstance(value, dict) else ()


def merged(schemas: Sequence[tuple[Schema, str]]) -> list[tuple[Schema, str]]:
    """Return few schemas that say the same as many: all that refer to nothing are one, since a question costs each.

    Args:
        schemas: Each schema with how errors call it.
    """
    plain = [each for each in schemas if not _leads_on(each[0])]
    rest = [each for each in schemas if _leads_on(each[0])]
    if not plain:
        return rest
    if len(plain) == 1:
        return [plain[0], *rest]
    together: Schema = {"allOf": [_bare(schema) for schema, _ in plain]}
    return [(together, plain[0][1]), *rest]


def _bare(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$schema"}


def _leads_on(schema: Schema) -> bool:
    """Return whether a schema says something of places, which changes when it stands within another one."""
    if schema.get("$schema", DRAFT_07).rstrip("#") != DRAFT_07.rstrip("#"):
        return True
    stack: list[Any] = list(_bare(schema).items())
    while stack:
        each = stack.pop()
        if isinstance(each, tuple):
            if each[0] in _LEADS_ON and isinstance(each[1], str):
                return True
            each = each[1]
        if isinstance(each, Mapping):
            stack += each.items()
        elif isinstance(each, list):
            stack += each
    return False


def plain_json(value: Any) -> Any:
    """Return a value as its reader gets it: times as text, which a message still has as objects."""
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))


def _refuse_to_fetch(_: str) -> Any:
    raise ValueError("outside")


def _said(place: str, error: Exception) -> str:
    """Return what is wrong with a schema; the values that jsonschema-rs shows are in the plan file."""
    if "outside" in str(error):
        return f"{place}: its `$ref` leads out of the plan; put what it refers to under `definitions`"
    first = str(error).partition("\n")[0]
    return f"{place}: its schema cannot be used: {first}; correct it, or remove that part"
