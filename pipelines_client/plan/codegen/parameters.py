"""A property to a parameter: its name, its type, and how its value is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipelines_client.plan.codegen.annotations import ANY, NONE, Annotations, Members
from pipelines_client.plan.codegen.names import Identifiers, snake
from pipelines_client.plan.codegen.spelling import WIDTH, literal, paragraph, prose, shown, text_literal
from pipelines_client.plan.model import Conventions, PlannedCall, Schema
from pipelines_client.plan.quantities import is_amount, is_date
from pipelines_client.plan.schemas import Property, resolved, standalone, types_of

_NOT_SENT: Final = "NotSent"
_MOST_DEEP: Final = 16
_ALTERNATIVES: Final = ("anyOf", "oneOf", "then", "else")
_NUMBERS: Final = frozenset(("integer", "number"))
_INDENT: Final = " " * 4


@dataclass(frozen=True)
class Parameter:
    """A parameter of a generated function, for one property.

    Args:
        lines: Its lines in the signature.
        doc: Its lines in the docstring.
        entry: Its line in the payload: key and value.
        before: Lines that stand before the payload.
        is_left_out_if_none: Whether None means that it is not sent.
    """

    lines: tuple[str, ...]
    doc: tuple[str, ...]
    entry: str
    before: tuple[str, ...]
    is_left_out_if_none: bool


@dataclass(frozen=True)
class _Planned:
    """A property as a call has it, and the schema in which its references are found."""

    each: Property
    root: Schema


def parameters_of(
    calls: Iterable[PlannedCall], names: Identifiers, place: str, annotations: Annotations, conventions: Conventions
) -> list[Parameter]:
    """Return the parameters for the properties of a call.

    Args:
        calls: The call, then what the plan says of all calls.
        names: The function's names.
        place: Name after which TypedDicts are named.
        annotations: The module's.
        conventions: The plan's.
    """
    return [_parameter(planned, names, place, annotations, conventions) for planned in _properties(calls)]


def _properties(calls: Iterable[PlannedCall]) -> list[_Planned]:
    """Return the properties at the top of a call, each once, in the plan's order; those that are only required last."""
    found: dict[str, _Planned] = {}
    required: dict[str, None] = {}
    for call in calls:
        root = standalone(call)
        for part, is_sure in _parts(root, root):
            properties, listed = part.get("properties"), part.get("required")
            for name, schema in properties.items() if isinstance(properties, dict) else ():
                schema_there = resolved(schema, root)
                if name not in found or not found[name].each.schema:
                    found[name] = _Planned(Property((name,), schema_there, is_required=False), root)
            if is_sure and isinstance(listed, list):
                required.update(dict.fromkeys(name for name in listed if isinstance(name, str)))
    for name in required:
        found.setdefault(name, _Planned(Property((name,), {}, is_required=True), {}))
    return [
        _Planned(Property(each.each.path, each.each.schema, is_required=name in required), each.root)
        for name, each in found.items()
    ]


def _parts(schema: Any, root: Schema, depth: int = 0, *, is_sure: bool = True) -> Iterator[tuple[Schema, bool]]:
    """Yield a schema and those that hold for the same object: always, as in `allOf`, or in some cases."""
    schema = resolved(schema, root)
    if depth >= _MOST_DEEP:
        return
    yield schema, is_sure
    for keyword, holds in (("allOf", is_sure), *((each, False) for each in _ALTERNATIVES)):
        within = schema.get(keyword)
        for each in within if isinstance(within, list) else [within]:
            if isinstance(each, dict):
                yield from _parts(each, root, depth + 1, is_sure=holds)


def _parameter(
    planned: _Planned, names: Identifiers, place: str, annotations: Annotations, conventions: Conventions
) -> Parameter:
    each = planned.each
    key, name = each.name, names.claim(snake(each.name), each.name)
    kind, form = _conversion(each, conventions)
    members = annotations.members(each.schema, planned.root, (place, key)) if kind is None else (kind,)
    if kind is not None and "null" in each.types:
        members = (*members, NONE)
    may_be_none = NONE in members or members == (ANY,)
    default, members = _default(members, is_required=each.is_required, may_be_none=may_be_none)
    start = f"{_INDENT}{name}: "
    annotation = annotations.fitted(members, (place, key), start, f"{default},")
    comment = () if name == key else (f"{_INDENT}# {shown(key)}{_why(key, name)}",)
    entry, before = _entry(key, name, form, names)
    return Parameter(
        lines=(*comment, f"{start}{annotation}{default},"),
        doc=tuple(_doc(name, each, form)),
        entry=entry,
        before=before,
        is_left_out_if_none=not each.is_required and not may_be_none,
    )


def _default(members: Members, *, is_required: bool, may_be_none: bool) -> tuple[str, Members]:
    """Return the default as it stands in the signature, and the type with what the default adds to it."""
    if is_required:
        return "", members
    if not may_be_none:
        return " = None", (*members, NONE)
    return " = NOT_SENT", members if members == (ANY,) else (*members, _NOT_SENT)


def _why(key: str, name: str) -> str:
    """Return why a name is not the usual one for its key, if it is not."""
    usual = snake(key)
    if name == usual:
        return ""
    return f": {usual} is another parameter" if name != f"{usual}_" else f": {usual} has another meaning here"


def _conversion(each: Property, conventions: Conventions) -> tuple[str | None, str | None]:
    """Return the type of a value that is not given as it is sent, and the function of `wire` that converts it."""
    types = frozenset(types_of(each.schema)) - {"null"}
    if each.schema.keys() & {"enum", "const", "anyOf", "oneOf", "pattern"}:
        return None, None
    if is_date(each, conventions):
        is_day = each.schema.get("format") == "date"
        if types == {"string"} or (not types and conventions.dates != "unix_seconds"):
            return ("date" if is_day else "datetime"), "iso"
        if types <= _NUMBERS and (conventions.dates == "unix_seconds" or "unix" in str(each.schema.get("unit", ""))):
            return "datetime", "unix_seconds"
        return None, None
    if is_amount(each, conventions) and types <= {"number"}:
        return ("int", None) if conventions.money == "cents" else ("Decimal", "amount")
    return None, None


def _entry(key: str, name: str, form: str | None, names: Identifiers) -> tuple[str, tuple[str, ...]]:
    """Return a line of the payload, and the lines before it: a call that would make it too long has a line there."""
    start = f"{text_literal(key)}: "
    if form is None:
        return f"{start}{name},", ()
    entry = f"{start}wire.{form}({name}),"
    if len(entry) + 3 * len(_INDENT) <= WIDTH:
        return entry, ()
    local = names.claim(f"{name[:20]}_sent", key)
    return f"{start}{local},", (f"{local} = wire.{form}({name})",)


def _doc(name: str, each: Property, form: str | None) -> list[str]:
    schema, is_given_otherwise = each.schema, form in ("iso", "unix_seconds")
    said = [schema.get("description")]
    if form == "unix_seconds":
        said.append("Sent as Unix seconds.")
    elif isinstance(schema.get("unit"), str):
        said.append(f"Unit: {schema['unit']}.")
    examples = [] if is_given_otherwise else [literal(value) for value in _listed(schema.get("examples"))]
    shown_examples = [example for example in examples if example is not None][:3]
    if shown_examples:
        said.append(f"Example: {', '.join(shown_examples)}.")
    text = prose(" ".join(_sentence(part) for part in said if isinstance(part, str) and part.strip()))
    return paragraph(f"{name}: {text}", " " * 8, " " * 12) if text else []


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":", ";")) else f"{text}."


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
