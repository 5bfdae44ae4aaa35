"""The JSON Schema, draft-07, of what a pydantic model is sent as. Pure."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pipelines_client.plan.model import Schema

_TABLES: Final = ("properties", "$defs", "patternProperties")
_VALUES: Final = ("enum", "const", "default", "examples")
_PAIR: Final = 2


class _AsSent(GenerateJsonSchema):
    """Pydantic's generator, for values as the client sends them: a Decimal is a number."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Return the schema of an amount."""
        found: JsonSchemaValue = {"type": "number"}
        limits: dict[str, Any] = {key: value for key, value in schema.items() if key in self.ValidationsMapping.numeric}
        for key, value in limits.items():
            found[self.ValidationsMapping.numeric[key]] = float(value)
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return that titles made of names are left out."""
        del schema
        return False


def schema_of(model: type[BaseModel]) -> Schema:
    """Return the schema of the properties or traits that a model is sent as."""
    raw = model.model_json_schema(
        by_alias=True, mode="serialization", schema_generator=_AsSent, ref_template="#/definitions/{model}"
    )
    raw.pop("description", None)  # the call's, which has a place for it
    tidy: Schema = _tidied(raw)
    if "$defs" in tidy:
        tidy["definitions"] = tidy.pop("$defs")
    return tidy


def _tidied(schema: Any) -> Any:
    """Return a schema without titles and nulls that are defaults; `X or null` is one list of types where it can be."""
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and value is None):
            continue
        if key in _TABLES and isinstance(value, dict):
            found[key] = {name: _tidied(each) for name, each in value.items()}
        else:
            found[key] = value if key in _VALUES else _tidied(value)
    return _joined(found)


def _joined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `anyOf: [X, null]` as X whose types have null, if X is a plain type."""
    parts = schema.get("anyOf")
    if not isinstance(parts, list) or len(parts) != _PAIR or {"type": "null"} not in parts:
        return schema
    other = next(part for part in (*parts, {}) if part != {"type": "null"})
    if not isinstance(other.get("type"), str) or "enum" in other or "const" in other:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**other, "type": [other["type"], "null"], **rest}
