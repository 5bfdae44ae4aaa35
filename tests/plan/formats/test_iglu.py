from __future__ import annotations

import json
from pathlib import Path

from foreign_plans import IGLU

from pipelines_client.plan.formats import import_plan
from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.iglu import IgluFormat


def test_a_folder_of_self_describing_schemas_is_a_plan(tmp_path: Path) -> None:
    """Snowplow keeps them in files without a suffix, named by their version."""
    for version in ("1-0-0", "2-0-1"):
        place = tmp_path / "schemas/com.acme/order_completed/jsonschema" / version
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(IGLU.replace(b"2-0-1", version.encode()))
    plan = import_plan(tmp_path)
    assert [(event.name, event.version, event.event_version) for event in plan.events] == [
        ("order_completed", "1-0-0", 1),
        ("order_completed", "2-0-1", 2),
    ]
    assert plan.events[1].schema == json.loads(IGLU)
    assert plan.events[1].description == "An order."


def test_a_list_and_a_data_structure_are_read() -> None:
    """Snowplow's tools write both."""
    structure = {
        "apiVersion": "v1",
        "resourceType": "data-structure",
        "meta": {"hidden": False},
        "data": json.loads(IGLU),
    }
    plan = IgluFormat().read([PlanFile("list.json", json.dumps([json.loads(IGLU), structure]).encode())])
    assert [event.version for event in plan.events] == ["2-0-1", "2-0-1-2"]
    assert plan.events[1].extras["iglu"]["meta"] == {"hidden": False}
