from __future__ import annotations

import pytest
from foreign_plans import DIRTY_V2

from pipelines_client.errors import PlanError
from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.segment import SegmentFormat
from pipelines_client.plan.formats.segment_csv import SegmentCsvFormat
from pipelines_client.plan.model import PlannedCall, TrackingPlan
from pipelines_client.plan.schemas import from_short

_FORMAT = SegmentCsvFormat()


def _read(text: str) -> TrackingPlan:
    return _FORMAT.read([PlanFile("plan.csv", text.encode())])


def test_a_table_of_events_and_properties_is_a_plan() -> None:
    """Events fill down, words for columns and types vary, and columns that are not known stay."""
    plan = _read(
        "Event Name;Event Description;Property Name;Data Type;Status;Permitted Values;Team\n"
        "Order Completed;A person has paid.;;;;;growth\n"
        ";;order_id;String;Required;^o-;\n"
        ";;items;array;optional;;\n"
        ";;items[].sku;string;required;;\n"
        ";;at;Date time;;;\n"
        "Signed Up;;plan;enum;;;\n"
    )
    order = plan.event("Order Completed")
    assert order is not None
    assert order.description == "A person has paid."
    assert order.schema == {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "pattern": "^o-"},
            "items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
            "at": {"type": "string", "format": "date-time"},
        },
        "required": ["order_id"],
    }
    assert order.extras["segment-csv"]["columns"][0] == {"Team": "growth"}
    assert plan.event("Signed Up") is not None


def test_a_dirty_plan_written_and_read_has_every_schema() -> None:
    """What columns cannot say stands in the last one."""
    plan = SegmentFormat().read([PlanFile("plan.json", DIRTY_V2)])
    again = _read(_FORMAT.write(plan))
    shown = [
        [(call.kind, call.name, call.schema, call.envelope, call.description) for call in each.calls()]
        for each in (plan, again)
    ]
    assert shown[0] == shown[1]


def test_an_ordinary_event_needs_no_json() -> None:
    """Marketers read the table."""
    schema = from_short(
        {"id": {"type": "string", "required": True, "description": "An id, of ours"}, "plan": {"enum": ["a, b", 1]}}
    )
    plan = TrackingPlan(events=(PlannedCall("track", "A", schema=schema, description="It was."),))
    assert "{" not in _FORMAT.write(plan)
    assert _read(_FORMAT.write(plan)) == plan


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x", "'=x", "'quoted'"])
def test_a_name_is_not_a_formula_in_a_spreadsheet(name: str) -> None:
    """A hostile name is safe there, and comes back as it was."""
    plan = TrackingPlan(events=(PlannedCall("track", name),))
    cell = _FORMAT.write(plan).splitlines()[1].split(",")[1]
    assert cell[0] not in "=+-@"
    assert _read(_FORMAT.write(plan)).events[0].name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "plan.csv, line 1: no column names the events; write a header with Event Name"),
        ("Colour\nred\n", "no column names the events"),
        ("Event Name,Property Name\n,order_id\n", "plan.csv, line 2: the row names no event"),
    ],
)
def test_a_table_that_is_not_a_plan_is_refused_with_its_line(text: str, words: str) -> None:
    """A person corrects it by the message."""
    with pytest.raises(PlanError, match=words):
        _read(text)
