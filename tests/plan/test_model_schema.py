"""The schema of what a pydantic model is sent as."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel, ConfigDict, Field, create_model

from pipelines_client.plan.model_schema import schema_of


class _Plan(Enum):
    FREE = "free"
    PRO = "pro"


class _Line(BaseModel):
    title: str


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (Decimal, {"type": "number"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (str | None, {"type": ["string", "null"]}),
        (list[int] | None, {"type": ["array", "null"], "items": {"type": "integer"}}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a"] | None, {"anyOf": [{"type": "string", "const": "a"}, {"type": "null"}]}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (_Plan, {"$ref": "#/definitions/_Plan"}),
        (Any, {}),
    ],
)
def test_a_field_becomes_a_property(kind: Any, schema: dict[str, Any]) -> None:
    """Without titles; nulls in the list of types where it can be."""
    model = create_model("M", x=(kind, ...))
    found = schema_of(model)
    assert found["properties"] == {"x": schema}
    assert found["required"] == ["x"]
    Draft7Validator.check_schema(found)


def test_limits_of_an_amount_stay() -> None:
    """As numbers."""
    model = create_model("M", x=(Decimal, Field(ge=0, lt=Decimal("9.5"))))
    assert schema_of(model)["properties"]["x"] == {"type": "number", "minimum": 0, "exclusiveMaximum": 9.5}


def test_a_property_that_is_called_title_stays_and_definitions_are_draft_07s() -> None:
    """Only pydantic's titles go."""

    class Model(BaseModel):
        """Said elsewhere."""

        model_config = ConfigDict(extra="forbid")
        title: str
        line: _Line

    schema = schema_of(Model)
    assert list(schema["properties"]) == ["title", "line"]
    assert list(schema["definitions"]["_Line"]["properties"]) == ["title"]
    assert schema["additionalProperties"] is False
    assert "description" not in schema
