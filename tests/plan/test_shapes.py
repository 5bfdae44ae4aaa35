from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.plan.shapes import ValueShape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def schema_of(values: list[Any], name: str = "") -> dict[str, Any]:
    shape = ValueShape()
    for value in values:
        shape.add(value)
    return shape.schema(name)


@settings(max_examples=60)
@given(st.lists(JSON, min_size=1, max_size=12))
def test_every_value_that_was_seen_fits_the_schema(values: list[Any]) -> None:
    """For any JSON, in any order."""
    schema = schema_of(values)
    for value in values:
        jsonschema.validate(value, schema, jsonschema.Draft7Validator)
    assert schema == schema_of(values[::-1])


def test_an_object_whose_names_are_data_has_no_list_of_them() -> None:
    """Such as counts by the id of a person."""
    schema = schema_of([{f"user-{number}": 1 for number in range(400)}])
    assert schema == {"type": "object"}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("currency", ["EUR", "USD"] * 9, {"type": "string", "enum": ["EUR", "USD"]}),
        ("currency", ["EUR", "USD"] * 2, {"type": "string"}),
        ("email", ["kim@example.com"] * 20, {"type": "string"}),
        ("state", ["kim@example.com"] * 20, {"type": "string"}),
        ("order_id", ["o-1"] * 20, {"type": "string"}),
        ("assigned_to", ["ada", "alan"] * 9, {"type": "string"}),
        ("createdBy", ["ada", "alan"] * 9, {"type": "string"}),
        ("Account Owner", ["ada", "alan"] * 9, {"type": "string"}),
        ("owner_team", ["sales", "support"] * 9, {"type": "string", "enum": ["sales", "support"]}),
        ("region", ["Ada Lovelace", "emea"] * 9, {"type": "string"}),
        ("region", ["LOVELACE, ADA"] * 18, {"type": "string"}),
        ("region", ["Élodie_Ünal"] * 18, {"type": "string"}),
        ("locale", ["EN_US", "Pro plan"] * 9, {"type": "string", "enum": ["EN_US", "Pro plan"]}),
        ("day", ["2026-11-02"] * 3, {"type": "string", "format": "date"}),
        ("day", ["2026-11-32"] * 3, {"type": "string"}),
        ("ends_at", [1_790_000_000] * 3, {"type": "integer", "unit": "unix_seconds"}),
        ("ends_at", [1_790_000_000_000] * 3, {"type": "integer"}),
        ("count", [1_790_000_000] * 3, {"type": "integer"}),
        ("count", [1.0, 2], {"type": "integer"}),
        ("count", [1.5, 2], {"type": "number"}),
        ("count", [math.inf], {"type": "number"}),
    ],
)
def test_dates_and_few_values_are_told_from_what_may_be_personal(
    name: str, values: list[Any], expected: dict[str, Any]
) -> None:
    """A value gets into the plan only if many messages share it and its name speaks of no person."""
    assert schema_of(values, name) == expected


def test_property_names_that_look_like_persons_are_left_out_and_counted() -> None:
    """A blank or two capitalised words, at any depth; a name that a program gave stays."""
    shape = ValueShape()
    friends = {"Ada Lovelace": 1, "ada lovelace": 1, "Ada_Lovelace": 1, "OrderTotal": 1, "UTM_SOURCE": 1}
    shape.add({"items": [{"friends": friends}]})
    found = shape.schema()["properties"]["items"]["items"]["properties"]["friends"]["properties"]
    assert sorted(found) == ["OrderTotal", "UTM_SOURCE"]
    assert shape.names_left_out() == 3
    assert "Ada Lovelace" not in dict(shape.leaves())
