"""Snowplow's Iglu: self-describing schemas, one a file, in a list or in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipelines_client.plan.formats.base import PlanFile, PlanFormat, plan_of, text_or_none, values_in, version_or_one
from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan


class IgluFormat(PlanFormat):
    """Schemas that say in `self` which event they describe; `1-0-2` is sent as version 1."""

    name = "iglu"
    title = "Snowplow Iglu schemas, a file or a folder"

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether a file has a schema that describes itself."""
        return any(True for value in values_in(files) for _ in _schemas(value))

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return a plan with an event for each schema of an event; the schema is kept with its `self`."""
        calls = []
        for file in files:
            for document in file.documents:
                found = [_call(schema, around) for schema, around in _schemas(document.value)]
                if not found:
                    raise document.error((), "it has no `self`", "pass self-describing schemas, or use `json-schema`")
                calls += found
        return plan_of(calls)


def _schemas(value: Any) -> Iterator[tuple[Schema, Schema]]:
    """Yield each schema that describes itself, with what Snowplow's tools write around it."""
    for each in value if isinstance(value, list) else [value]:
        data = each.get("data") if isinstance(each, dict) and "self" not in each else each
        if not isinstance(data, dict):
            continue
        itself = data.get("self")
        if isinstance(itself, dict) and text_or_none(itself.get("name")):
            yield data, {} if data is each else {key: part for key, part in each.items() if key != "data"}


def _call(schema: Schema, around: Schema) -> PlannedCall:
    itself = schema["self"]
    return PlannedCall(
        "track",
        itself["name"],
        version_or_one(itself.get("version")),
        schema,
        description=text_or_none(schema.get("description")),
        extras={IgluFormat.name: around} if around else {},
    )
