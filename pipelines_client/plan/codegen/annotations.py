"""A schema to a Python type: what mypy then knows of a value. Pure.

Objects become TypedDicts, enums `Literal`s; what Python's types cannot say becomes `Any`. Types that are long get a
name. Nested values are typed as they are sent; an amount in decimals may be a Decimal there too, which the client sends
as a number.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import Any, Final

from pipelines_client.plan.codegen.names import Identifiers, pascal
from pipelines_client.plan.codegen.spelling import WIDTH, docstring, literal, prose, text_literal
from pipelines_client.plan.model import Conventions, Schema
from pipelines_client.plan.quantities import is_amount
from pipelines_client.plan.schemas import Property, resolved, types_of

ANY: Final = "Any"
NONE: Final = "None"
Members = tuple[str, ...]
"""The members of a union."""
OF_MODULE: Final = (
    *("Any", "Client", "Decimal", "Literal", "Mapping", "NotRequired", "NotSent", "Sequence", "Taken", "Timestamp"),
    *("TypedDict", "Union", "UserId", "NOT_SENT", "TYPE_CHECKING"),
)
"""Names that the generated module imports, besides those in lower case."""
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": NONE}
_PYTHON: Final = {str: "str", bool: "bool", int: "int", float: "float", type(None): NONE, list: "list[Any]"}
_OF_PYTHON: Final = frozenset(("str", "int", "float", "bool", "list", "dict", "date", "datetime"))
_MOST_INLINE: Final = 40
_MOST_DEEP: Final = 8
_MOST_LONG_KEY: Final = 40
_ALTERNATIVES: Final = ("anyOf", "oneOf")


class Annotations:
    """The types of one module, and the definitions that they need.

    Args:
        conventions: The plan's: how amounts are written.
    """

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self._names = Identifiers(OF_MODULE)
        self._blocks: list[list[str]] = []
        self._objects: set[str] = set()

    def take_blocks(self) -> list[list[str]]:
        """Return the definitions that were made since this was called last, in the order in which they must stand."""
        blocks, self._blocks = self._blocks, []
        return blocks

    def members(self, schema: Any, root: Schema, place: tuple[str, ...]) -> Members:
        """Return the types that a schema allows; `("Any",)` if it does not say, or Python cannot.

        Args:
            schema: The schema.
            root: The schema in which its references are found.
            place: Name of the call, and path in it: TypedDicts are named after it.
        """
        return _united(self._members(schema, root, place, ()))

    def fitted(self, members: Members, place: tuple[str, ...], before: str, after: str) -> str:
        """Return the text of a union for a line, as a name if the line would be too long, as `Any` if it still is."""
        text = " | ".join(members)
        if len(before) + len(text) + len(after) <= WIDTH:
            return text
        lines = [f"    {member}," for member in members]
        if len(members) > 1 and max(map(len, lines)) <= WIDTH:
            name = self._names.claim(pascal(*place, "type"), "\0".join(place))
            if len(before) + len(name) + len(after) <= WIDTH:
                self._blocks.append([f"{name} = Union[", *lines, "]"])
                return name
        return ANY

    def _members(self, schema: Any, root: Schema, place: tuple[str, ...], above: tuple[int, ...]) -> Iterable[str]:
        schema = resolved(schema, root)
        if id(schema) in above or len(above) >= _MOST_DEEP:
            return (ANY,)
        above = (*above, id(schema))
        if "const" in schema or isinstance(schema.get("enum"), list):
            return self._choice([schema["const"]] if "const" in schema else schema["enum"], place)
        for keyword_ in _ALTERNATIVES:
            if isinstance(schema.get(keyword_), list) and schema[keyword_]:
                found = [self._members(each, root, place, above) for each in schema[keyword_]]
                members = [member for each in found for member in each]
                if ANY not in members:
                    return members
        types = types_of(schema) or _implied(schema)
        found_types = [self._of_type(each, schema, root, place, above) for each in types]
        return found_types or self._of_parts(schema, root, place, above)

    def _of_parts(self, schema: Schema, root: Schema, place: tuple[str, ...], above: tuple[int, ...]) -> Iterable[str]:
        """Return what the first typed part of an `allOf` says."""
        parts = schema.get("allOf")
        for each in parts if isinstance(parts, list) else ():
            members = list(self._members(each, root, place, above))
            if ANY not in members:
                return members
        return (ANY,)

    def _choice(self, values: list[Any], place: tuple[str, ...]) -> Members:
        options = [literal(value) for value in values]
        if None in options or not options:
            return tuple(_PYTHON.get(type(value), "dict[str, Any]") for value in values) or (ANY,)
        given = list(dict.fromkeys(option for option in options if option is not None and option != NONE))
        none = (NONE,) if NONE in options else ()
        if not given:
            return none
        text = f"Literal[{', '.join(given)}]"
        if len(text) <= _MOST_INLINE:
            return (text, *none)
        lines = [f"    {each}," for each in given]
        if len(given) == 1:  # formatters would break this line, or join it
            return ("str", *none)
        name = self._names.claim(pascal(*place), "\0".join(place))
        self._blocks.append([f"{name} = Literal[", *lines, "]"])
        return (name, *none)

    def _of_type(self, kind: str, schema: Schema, root: Schema, place: tuple[str, ...], above: tuple[int, ...]) -> str:
        if kind == "array":
            items = schema.get("items")
            members = _united(self._members(items, root, place, above) if isinstance(items, dict) else (ANY,))
            # One list may then be given to several events: a text is a sequence of texts, and is refused as a list.
            return f"{'Sequence' if self._objects.issuperset(members) else 'list'}[{' | '.join(members)}]"
        if kind == "object":
            return self._object(schema, root, place, above)
        if kind == "number" and is_amount(Property(place, schema, is_required=False), self._conventions):
            return "float" if self._conventions.money == "cents" else "Decimal | float"
        return _PLAIN.get(kind, ANY)

    def _object(self, schema: Schema, root: Schema, place: tuple[str, ...], above: tuple[int, ...]) -> str:
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, dict) or not properties:
            rest = schema.get("additionalProperties")
            members = self._members(rest, root, place, above) if isinstance(rest, dict) else (ANY,)
            return f"dict[str, {' | '.join(_united(members))}]"
        if max(len(text_literal(key)) for key in properties) > _MOST_LONG_KEY:
            return "dict[str, Any]"
        name = self._names.claim(pascal(*place), "\0".join(place))
        self._objects.add(name)
        needed = set(filter(lambda each: isinstance(each, str), required if isinstance(required, list) else ()))
        is_class = all(_is_attribute(key) for key in properties)
        lines: list[str] = []
        for key, each in properties.items():
            inner = (*place, key)
            start = f"    {key}: " if is_class else f"        {text_literal(key)}: "
            opening, closing = ("", "") if key in needed else ("NotRequired[", "]")
            end = closing if is_class else f"{closing},"
            members = _united(self._members(each, root, inner, above))
            lines.append(f"{start}{opening}{self.fitted(members, inner, start + opening, end)}{end}")
        if is_class:
            summary = f"An object of `{prose(' > '.join(place))}`."
            self._blocks.append([f"class {name}(TypedDict):", *docstring(summary, ()), "", *lines])
        else:
            self._blocks.append([f"{name} = TypedDict(", f'    "{name}",', "    {", *lines, "    },", ")"])
        return name


def _united(members: Iterable[str]) -> Members:
    """Return members once each, None last; `Any` alone if it is among them."""
    once = list(dict.fromkeys(part for each in members for part in ([each] if "[" in each else each.split(" | "))))
    if ANY in once or not once:
        return (ANY,)
    return (*(each for each in once if each != NONE), *((NONE,) if NONE in once else ()))


def _implied(schema: Schema) -> tuple[str, ...]:
    """Return the type that a schema without one speaks of."""
    if isinstance(schema.get("properties"), dict):
        return ("object",)
    if isinstance(schema.get("items"), dict):
        return ("array",)
    return ("string",) if isinstance(schema.get("format"), str) else ()


def _is_attribute(key: str) -> bool:
    """Return whether a key can be written as an attribute of a TypedDict's class, and hides no type there."""
    is_name = key.isascii() and key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("__")
    return is_name and key not in OF_MODULE and key not in _OF_PYTHON
