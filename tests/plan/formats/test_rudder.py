from __future__ import annotations

import jsonschema_rs
import pytest
from foreign_plans import RUDDER, RUDDER_V1

from pipelines_client.errors import PlanError
from pipelines_client.plan.document import dump_plan, parse_plan
from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.rudder import RudderFormat
from pipelines_client.plan.model import TrackingPlan


def _read(files: dict[str, str]) -> TrackingPlan:
    return RudderFormat().read([PlanFile(name, text.encode()) for name, text in files.items()])


def test_references_types_and_nested_properties_become_one_schema() -> None:
    """Custom types are definitions, and one that has itself within it ends."""
    plan = _read(RUDDER)
    order = plan.event("Order Completed")
    assert order is not None
    assert order.description == "An order."
    assert order.schema["properties"]["cart"] == {
        "type": "object",
        "properties": {"total": {"description": "What was paid.", "type": ["number", "null"]}},
        "required": ["total"],
    }
    assert order.schema["definitions"]["Address"]["properties"]["address"] == {"$ref": "#/definitions/Address"}
    assert order.extras["rudderstack"]["rule"]["id"] == "order_rule"
    assert [page.name for page in plan.pages or ()] == ["*"]


@pytest.mark.parametrize(
    ("properties", "is_planned"),
    [
        ({"method": "card", "total": 1}, True),
        ({"method": "card"}, False),
        ({"method": "cash", "note": "x"}, True),
        ({"method": "cash"}, False),
        ({"method": "cheque", "note": "x"}, False),
        ({"method": "card", "total": 1, "other": 1}, False),
        ({"method": "card", "total": 1, "address": {"note": "x", "address": {}}}, False),
        ({}, False),
    ],
)
def test_a_variant_is_a_condition(properties: dict[str, object], is_planned: bool) -> None:
    """What RudderStack would let through, the schema lets through."""
    order = _read(RUDDER).event("Order Completed")
    assert order is not None
    assert jsonschema_rs.Draft7Validator(order.schema).is_valid(properties) is is_planned


def test_the_second_version_of_the_format_is_read() -> None:
    """References, configuration and items of arrays are written in another way there."""
    event = _read(RUDDER_V1).event("Signup")
    assert event is not None
    assert event.schema == {
        "type": "object",
        "properties": {
            "Email": {"$ref": "#/definitions/EmailString"},
            "Tags": {"type": "array", "items": {"type": "string"}},
            "Scores": {"type": ["array", "null"], "items": {"type": ["integer", "number"]}},
        },
        "required": ["Email"],
        "definitions": {"EmailString": {"type": "string", "format": "email", "minLength": 5}},
    }


def test_a_plan_of_rudderstack_survives_our_file() -> None:
    """With conditions, definitions, and what we have no place for."""
    plan = _read(RUDDER)
    assert parse_plan(dump_plan(plan).encode()) == plan


def test_a_reference_that_leads_nowhere_is_an_error_with_its_line() -> None:
    """A plan without its properties would let everything through."""
    with pytest.raises(
        PlanError,
        match=r"plan\.yaml, line 11: spec > rules > item 1 > properties: this reference leads nowhere; correct",
    ):
        _read({name: text for name, text in RUDDER.items() if name != "properties.yaml"})


def test_a_folder_without_a_plan_or_with_two_is_refused() -> None:
    """Two plans are not one."""
    with pytest.raises(PlanError, match=r"events\.yaml: there are 0 tracking plans"):
        _read({"events.yaml": RUDDER["events.yaml"]})
