from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.plan.model import PlannedCall
from pipelines_client.plan.schemas import PLAIN_REST, from_short, properties_of, resolved, standalone, to_short

_NAMES = st.sampled_from(["a", "b", "required", "properties", "type", "items", "example", ""])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | st.sampled_from(["string", "object", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=12,
)
_SCHEMAS = st.fixed_dictionaries(
    {"properties": st.dictionaries(_NAMES, _VALUES, max_size=4)},
    optional={"type": st.just("object"), "required": st.lists(_NAMES, max_size=3) | _VALUES, "x": _VALUES},
)


def _marked(value: Any) -> Any:
    """Return a value in which 1, 1.0 and true differ, as they do in JSON."""
    if isinstance(value, dict):
        return {key: _marked(each) for key, each in value.items()}
    return [_marked(each) for each in value] if isinstance(value, list) else (type(value).__name__, value)


@given(_SCHEMAS)
def test_the_short_form_says_the_same_or_is_not_used(schema: dict[str, Any]) -> None:
    """No keyword of a foreign plan changes on the way through our file."""
    short = to_short(schema)
    assert short is None or _marked(from_short(*short)) == _marked(schema)


def test_an_ordinary_schema_has_a_short_form() -> None:
    """The test above can fail: the short form is not always refused."""
    sku = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string", "examples": ["o-1"]}, "items": {"type": "array", "items": sku}},
        "required": ["id"],
    }
    short, rest = to_short(schema) or ({}, {})
    assert rest == PLAIN_REST
    assert short == {
        "id": {"type": "string", "example": "o-1", "required": True},
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"sku": {"type": "string", "required": True}}},
        },
    }


def test_a_required_list_in_another_order_stays_a_list() -> None:
    """A list is kept letter by letter."""
    schema = {"properties": {"a": {}, "b": {}}, "required": ["b", "a"]}
    assert to_short(schema) == ({"a": {}, "b": {}}, {"required": ["b", "a"]})


def test_properties_are_found_in_objects_arrays_alternatives_and_behind_references() -> None:
    """What lints, writes code or documents sees each property once for each place."""
    schema = {
        "definitions": {
            "price": {"type": "number"},
            "line": {"properties": {"price": {"$ref": "#/definitions/price"}}},
        },
        "properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/line"}}},
        "required": ["items"],
        "anyOf": [{"properties": {"coupon": {"type": ["string", "null"]}}}],
    }
    found = [(each.path, each.types, each.is_required) for each in properties_of(schema)]
    assert found == [
        (("items",), ("array",), True),
        (("items", "[]", "price"), ("number",), False),
        (("coupon",), ("string", "null"), False),
    ]


def test_a_schema_within_itself_ends() -> None:
    """A tree of categories refers to itself."""
    schema = {"properties": {"child": {"$ref": "#"}}}
    assert [each.path for each in properties_of(schema)] == [("child",)]


@pytest.mark.parametrize("ref", ["#/gone", "https://example.com/schema.json", "#/a/0", 3, "#"])
def test_a_reference_that_leads_nowhere_is_an_empty_schema(ref: object) -> None:
    """Nothing is fetched, and nothing is raised."""
    assert resolved({"$ref": ref}, {"a": [], "$ref": "#"}) in ({}, {"$ref": 3})


def test_definitions_of_the_envelope_come_with_the_schema() -> None:
    """A foreign schema describes the whole message, and its references start there."""
    call = PlannedCall(schema={"$ref": "#/definitions/a"}, envelope={"definitions": {"a": {}}, "type": "object"})
    assert standalone(call) == {"definitions": {"a": {}}, "$ref": "#/definitions/a"}


@given(_VALUES)
def test_no_schema_stops_the_walk(schema: Any) -> None:
    """Foreign schemas are not always schemas."""
    list(properties_of(schema))


def test_definitions_that_refer_to_each_other_are_walked_in_bounded_steps() -> None:
    """Nine of them have hundreds of thousands of paths; each name is found all the same."""
    count = 12
    refs = {f"to_{each}": {"$ref": f"#/definitions/d{each}"} for each in range(count)}
    definitions = {f"d{each}": {"properties": {**refs, f"own_{each}": {"type": "string"}}} for each in range(count)}
    found = list(properties_of({"definitions": definitions, "properties": {"top": {"$ref": "#/definitions/d0"}}}))
    assert len(found) < 100_000
    assert {each.name for each in found} == {"top", *refs, *(f"own_{each}" for each in range(count))}
