"""The ready plans: complete, clean, and with the names that NEEDS and the journeys have."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema_rs
import pytest

from pipelines_client.plan.document import dump_plan, load_plan, parse_plan
from pipelines_client.plan.formats import export_plan
from pipelines_client.plan.lint import lint
from pipelines_client.plan.schemas import properties_of

EXAMPLES = Path(__file__).parents[2] / "examples"
PLANS = sorted((EXAMPLES / "plans").glob("*.yaml"))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_each_event_and_property_is_described_with_an_example_that_is_as_planned(path: Path) -> None:
    """A team copies them, and learns from them what belongs there."""
    plan = load_plan(path)
    for call in plan.calls():
        assert call.description, call.name
        assert call.kind != "track" or (call.stage and call.owner), call.name
        for each in properties_of(call.schema):
            assert each.schema.get("description") or each.path[-1] == "[]", (call.name, each.path)
            examples = each.schema.get("examples", [])
            assert examples or "object" in each.types, (call.name, each.path)
            validator = jsonschema_rs.Draft7Validator(each.schema)
            assert all(map(validator.is_valid, examples)), (call.name, each.path)


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_ready_plan_is_clean_and_survives_its_formats(path: Path) -> None:
    """A team that starts from it starts without a fault."""
    plan = load_plan(path)
    assert [(fault.code, fault.place, fault.text) for fault in lint(plan)] == []
    assert parse_plan(dump_plan(plan).encode()) == plan
    assert export_plan(plan, "segment-csv").count("\n") > len(plan.events)


def test_the_journeys_send_only_what_is_planned() -> None:
    """Each event of `journeys.py` is in one of the plans."""
    sent = set(re.findall(r'"((?:[A-Z][a-z]+ )+[A-Z][a-z]+)"', (EXAMPLES / "journeys.py").read_text("utf-8")))
    planned = {event.name for path in PLANS for event in load_plan(path).events}
    assert sent
    assert not sent - planned
