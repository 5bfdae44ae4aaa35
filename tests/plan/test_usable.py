from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from foreign_plans import DIRTY_RULES, IGLU
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.plan.schemas import DRAFT_07
from pipelines_client.plan.text import parse
from pipelines_client.plan.usable import usable


def _compiled(schema: Any) -> Any:
    make = jsonschema_rs.validator_for if "$schema" in schema else jsonschema_rs.Draft7Validator
    return make(schema)


@pytest.mark.parametrize("schema", [each["jsonSchema"] for each in DIRTY_RULES])
def test_a_dirty_schema_can_be_checked_with(schema: dict[str, Any]) -> None:
    """A plan that a team starts from is not clean."""
    _compiled(usable(schema)[0])


@pytest.mark.parametrize(
    ("schema", "left", "path"),
    [
        ({"type": "any"}, {}, ("type",)),
        ({"type": ["string", "any"]}, {}, ("type",)),
        ({"type": []}, {}, ("type",)),
        (
            {"properties": {"a": {"required": True, "type": "string"}}},
            {"properties": {"a": {"type": "string"}}},
            ("properties", "a", "required"),
        ),
        ({"pattern": "("}, {}, ("pattern",)),
        ({"patternProperties": {"(": {}, "a": {}}}, {"patternProperties": {"a": {}}}, ("patternProperties", "(")),
        ({"$ref": "https://example.com/x.json"}, {}, ("$ref",)),
        ({"$ref": "#/definitions/gone"}, {}, ("$ref",)),
        ({"$ref": "#"}, {}, ("$ref",)),
        ({"items": [{"minimum": "1"}, 3]}, {"items": [{}, True]}, ("items", "1")),
        ({"anyOf": []}, {}, ("anyOf",)),
        ({"properties": ["a"]}, {}, ("properties",)),
    ],
)
def test_what_no_validator_can_use_is_left_out_and_named(
    schema: dict[str, Any], left: object, path: tuple[str, ...]
) -> None:
    """The rest of the event is checked still."""
    made, paths = usable(schema)
    assert made == left
    assert path in paths


def test_a_schema_that_is_right_stays_as_it_is() -> None:
    """Keywords that no draft has too."""
    schema = {
        "$schema": DRAFT_07,
        "definitions": {"p": {}, "q": {"$ref": "#/definitions/p"}},
        "properties": {"a": {"$ref": "#/definitions/q"}, "b": {"type": ["string", "null"], "unit": "USD", "enum": []}},
        "required": ["a"],
        "dependencies": {"a": ["b"], "b": {"required": ["a"]}},
        "items": False,
    }
    assert usable(schema) == (schema, [])


def test_limits_of_draft_04_mean_the_same() -> None:
    """Snowplow's schemas are of that draft."""
    made, left = usable(
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "minimum": 0,
            "exclusiveMinimum": True,
            "maximum": 9,
            "exclusiveMaximum": False,
        }
    )
    assert (made, left) == ({"$schema": DRAFT_07, "exclusiveMinimum": 0, "maximum": 9}, [])
    validator = _compiled(usable(parse(IGLU, "x").value)[0])
    assert validator.is_valid({"total": 1})
    assert not validator.is_valid({"total": "1"})


_WORDS = [
    *(
        "type",
        "required",
        "properties",
        "items",
        "$ref",
        "anyOf",
        "enum",
        "minimum",
        "pattern",
        "definitions",
        "$schema",
    ),
    *("not", "multipleOf", "maxLength", "format", "$id", "dependencies", "patternProperties"),
]
_DRAFTS = [DRAFT_07, "http://json-schema.org/draft-04/schema#", "https://json-schema.org/draft/2020-12/schema", "x"]
_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.floats(-1, 1)
    | st.sampled_from(["string", "any", "#/properties/a", "#", "(", "[a", *_DRAFTS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*_WORDS, "a"]), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(_WORDS), _ANY | st.sampled_from(_DRAFTS), max_size=5))
def test_what_is_left_of_any_schema_compiles(schema: dict[str, Any]) -> None:
    """No plan stops the client that checks with it."""
    _compiled(usable(schema)[0])
