"""A schema to a Python type."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.plan.codegen.annotations import Annotations
from pipelines_client.plan.model import Conventions

PLACE = ("Order Completed", "items")


def _type(schema: Any, conventions: Conventions | None = None) -> str:
    return " | ".join(Annotations(conventions or Conventions()).members(schema, {}, PLACE))


@pytest.mark.parametrize(
    ("schema", "annotation"),
    [
        ({"type": "string"}, "str"),
        ({"type": ["null", "integer"]}, "int | None"),
        ({"type": ["string", "number"]}, "str | float"),
        ({"type": "array", "items": {"type": "boolean"}}, "list[bool]"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "list[str | None]"),
        ({"items": {"type": "string"}}, "list[str]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
        ({"enum": ["a", "b", None]}, 'Literal["a", "b"] | None'),
        ({"enum": [1, True]}, "Literal[1, True]"),
        ({"enum": [1.5, 2]}, "float | int"),
        ({"const": "a"}, 'Literal["a"]'),
        ({"const": "a" * 100}, "str"),
        ({"enum": []}, "Any"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None"),
        ({"oneOf": [{"type": "string"}, {}]}, "Any"),
        ({"allOf": [{"minLength": 1}, {"type": "string"}]}, "str"),
        ({"format": "email"}, "str"),
        ({}, "Any"),
        (True, "Any"),
        (False, "Any"),
        ({"type": "odd"}, "Any"),
        ({"type": 7, "enum": "odd", "anyOf": "odd", "properties": []}, "Any"),
    ],
)
def test_a_schema_becomes_a_type(schema: Any, annotation: str) -> None:
    """What Python's types cannot say is `Any`."""
    assert _type(schema) == annotation


def test_an_object_becomes_a_typed_dict() -> None:
    """With what is required, and the objects within it before it."""
    annotations = Annotations(Conventions())
    inner = {"type": "object", "properties": {"color": {"type": "string"}}}
    schema = {"type": "object", "properties": {"sku": {"type": "string"}, "options": inner}, "required": ["sku"]}
    assert annotations.members({"type": "array", "items": schema}, {}, PLACE) == ("Sequence[OrderCompletedItems]",)
    inner_block, block = annotations.take_blocks()
    assert inner_block == [
        "class OrderCompletedItemsOptions(TypedDict):",
        '    """An object of `Order Completed > items > options`."""',
        "",
        "    color: NotRequired[str]",
    ]
    assert block[3:] == ["    sku: str", "    options: NotRequired[OrderCompletedItemsOptions]"]
    assert annotations.take_blocks() == []


@pytest.mark.parametrize("key", ["line id", "class", "__id", "str", "Any", "größe"])
def test_a_key_that_cannot_stand_in_a_class_is_written_as_text(key: str) -> None:
    """Nor may it hide a type there, or be mangled."""
    annotations = Annotations(Conventions())
    annotations.members({"type": "object", "properties": {key: {"type": "string"}}}, {}, PLACE)
    (block,) = annotations.take_blocks()
    assert block[0] == "OrderCompletedItems = TypedDict("
    assert block[3] == f'        "{key}": NotRequired[str],'


def test_many_choices_get_a_name() -> None:
    """A line stays short, and a caller can use the name."""
    annotations = Annotations(Conventions())
    values = [f"value {number}" for number in range(8)]
    assert annotations.members({"enum": [*values, None]}, {}, PLACE) == ("OrderCompletedItems", "None")
    (block,) = annotations.take_blocks()
    assert block == ["OrderCompletedItems = Literal[", *(f'    "{value}",' for value in values), "]"]


def test_a_schema_that_has_itself_within_it_ends_in_any() -> None:
    """A tree of unknown depth."""
    root = {"definitions": {"node": {"type": "array", "items": {"$ref": "#/definitions/node"}}}}
    assert Annotations(Conventions()).members({"$ref": "#/definitions/node"}, root, PLACE) == ("list[Any]",)


def test_an_amount_in_decimals_may_be_a_decimal_also_within_an_object() -> None:
    """In cents it is an integer, which the schema says."""
    amount = {"type": "number", "unit": "USD"}
    assert _type(amount, Conventions(money="decimals")) == "Decimal | float"
    assert _type(amount, Conventions(money="cents")) == "float"


def test_a_type_that_is_too_long_for_its_line_gets_a_name_and_a_name_that_is_too_long_becomes_any() -> None:
    """So that formatters leave every line."""
    annotations = Annotations(Conventions())
    members = tuple(f"dict[str, {'A' * 20}{number}]" for number in range(4))
    assert annotations.fitted(members, PLACE, "    x: ", ",") == "OrderCompletedItemsType"
    assert annotations.take_blocks() == [["OrderCompletedItemsType = Union[", *(f"    {m}," for m in members), "]"]]
    assert annotations.fitted(members, PLACE, f"    {'x' * 70}: ", ",") == "Any"
    assert annotations.fitted((f"list[{'A' * 90}]",), PLACE, "    x: ", ",") == "Any"
