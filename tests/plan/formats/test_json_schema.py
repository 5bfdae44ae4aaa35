from __future__ import annotations

import json

import jsonschema_rs
from foreign_plans import DIRTY_V2, properties

from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.json_schema import JsonSchemaFormat
from pipelines_client.plan.formats.segment import SegmentFormat
from pipelines_client.plan.model import PlannedCall, TrackingPlan

_FORMAT = JsonSchemaFormat()


def _read(*contents: object) -> TrackingPlan:
    return _FORMAT.read(
        [PlanFile(f"file-{number}.schema.json", json.dumps(each).encode()) for number, each in enumerate(contents)]
    )


def test_a_dirty_plan_written_and_read_has_every_schema() -> None:
    """Also those that are not schemas."""
    plan = SegmentFormat().read([PlanFile("plan.json", DIRTY_V2)])
    again = _read(json.loads(_FORMAT.write(plan)))
    shown = [
        [(call.kind, call.name, call.version, call.schema, call.envelope, call.status) for call in each.calls()]
        for each in (plan, again)
    ]
    assert shown[0] == shown[1]


def test_what_is_written_checks_messages() -> None:
    """Another tool that knows JSON Schema can use it; references in an event's schema lead into that schema."""
    schema = {
        "type": "object",
        "properties": {"p": {"$ref": "#/definitions/p"}},
        "definitions": {"p": {"type": "number"}},
    }
    plan = TrackingPlan(
        "P",
        events=(PlannedCall("track", "A b", schema=schema, stage="x"),),
        common=PlannedCall("common", schema={"required": ["p"]}),
    )
    content = json.loads(_FORMAT.write(plan))
    validator = jsonschema_rs.Draft7Validator(content)
    assert validator.is_valid({"type": "track", "event": "A b", "properties": {"p": 1}})
    assert not validator.is_valid({"type": "track", "event": "A b", "properties": {"p": "1"}})
    assert not validator.is_valid({"type": "track", "event": "A b", "properties": {}})
    assert not validator.is_valid({"type": "track", "event": "other", "properties": {"p": 1}})
    assert _read(content) == plan


def test_schemas_of_events_are_named_by_title_or_file() -> None:
    """A folder of schemas is a plan."""
    plan = _read({"title": "Order Completed", **properties(a="string")}, properties(b="string"))
    assert [event.name for event in plan.events] == ["Order Completed", "file-1"]


def test_definitions_are_events() -> None:
    """A file that defines many."""
    plan = _read({"title": "P", "definitions": {"A": properties(a="string"), "B": {"title": "B b"}}})
    assert (plan.name, [event.name for event in plan.events]) == ("P", ["A", "B b"])
