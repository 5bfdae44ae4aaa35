from __future__ import annotations

import json
from typing import Any

import pytest
from foreign_plans import DIRTY_RULES, DIRTY_V2, V1, message, properties, rule

from pipelines_client.plan.document import dump_plan, parse_plan
from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.segment import SegmentFormat, joined, split
from pipelines_client.plan.model import PlannedCall, TrackingPlan

_SEGMENT = SegmentFormat()


def _read(content: bytes) -> TrackingPlan:
    return _SEGMENT.read([PlanFile("plan.json", content)])


def _rules(plan: TrackingPlan) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in json.loads(_SEGMENT.write(plan))["rules"])


_ORIGINAL = sorted(json.dumps(each, sort_keys=True) for each in DIRTY_RULES)


def test_a_dirty_plan_is_read_and_written_with_every_rule_as_it_was() -> None:
    """Schemas, keywords that we do not know, labels, dates, and rules that the model has no place for."""
    assert _rules(_read(DIRTY_V2)) == _ORIGINAL


def test_a_dirty_plan_survives_our_file() -> None:
    """A team imports once, and exports from then on."""
    plan = _read(DIRTY_V2)
    again = parse_plan(dump_plan(plan).encode())
    assert again == plan
    assert _rules(again) == _ORIGINAL
    assert json.loads(_SEGMENT.write(again))["id"] == "tp_1"


def test_what_a_rule_says_reaches_the_model() -> None:
    """Labels, dates and pages have their places there."""
    plan = _read(DIRTY_V2)
    assert plan.name == "Dirty"
    labels = plan.event("Labels")
    assert labels is not None
    assert (labels.owner, labels.description) == ("growth", "Some words.\n")
    assert [event.name for event in plan.events if event.status == "deprecated"] == ["Old"]
    assert [page.name for page in plan.pages or ()] == ["*", "Home"]
    assert [event.version for event in plan.versions_of("Signed Up")] == [1, "1-2", 2]
    assert plan.identify is not None
    assert plan.identify.envelope["required"] == ["userId"]


def test_a_plan_of_v1_is_written_as_v2_with_the_same_schemas() -> None:
    """The Config API is gone, and plans in its form are not."""
    plan = _read(V1)
    rules = json.loads(_SEGMENT.write(plan))["rules"]
    assert plan.name == "Old Plan"
    assert [each["type"] for each in rules] == ["COMMON", "IDENTIFY", "GROUP", "TRACK", "TRACK"]
    assert rules[3]["jsonSchema"] == message(properties(plan="string"), description="A new person.")
    assert rules[4] == rule("Signed Up", message(properties(plan="number")), version=2)
    assert plan.identify is not None
    assert plan.identify.schema["properties"] == {"email": {"type": "string"}}
    assert plan.group is not None
    assert plan.group.schema == {"properties": {"seats": {"type": "integer"}}}


@pytest.mark.parametrize(
    "wrap", [lambda plan: plan["rules"], lambda plan: {"data": plan}, lambda plan: {"data": {"trackingPlan": plan}}]
)
def test_what_the_api_wraps_around_a_plan_is_taken_off(wrap: Any) -> None:
    """An answer of the API saved to a file is a plan."""
    content = json.dumps(wrap({"rules": DIRTY_RULES})).encode()
    assert _SEGMENT.recognises([PlanFile("plan.json", content)])
    assert len(_read(content).events) == 17


def test_what_segment_has_no_place_for_comes_back() -> None:
    """Stage and owner are labels there; the rest stands beside the schema."""
    event = PlannedCall(
        "track", "A", stage="activation", aliases=("b",), status="planned", backfilled=True, once_per="x"
    )
    plan = TrackingPlan("P", events=(event,))
    assert json.loads(_SEGMENT.write(plan))["rules"][0]["jsonSchema"]["labels"] == {"stage": "activation"}
    assert _read(_SEGMENT.write(plan).encode()).events == (event,)


@pytest.mark.parametrize("schema", [each["jsonSchema"] for each in DIRTY_RULES])
def test_a_message_taken_apart_and_put_together_is_the_same(schema: dict[str, Any]) -> None:
    """In each shape that an answer has."""
    inner, envelope = split(schema, "properties")
    assert (inner if inner is schema else joined(inner, envelope, "properties")) == schema


def test_the_answer_of_rudderstacks_api_is_read_too() -> None:
    """It has events with schemas of messages, and their kind beside them."""
    event = {
        "name": "A",
        "eventType": "track",
        "identitySection": "properties",
        "rules": message(properties(a="string")),
    }
    plan = _read(json.dumps({"name": "P", "events": [event]}).encode())
    assert [call.schema for call in plan.events] == [properties(a="string")]
