"""`pipelines-client parity --plan`: the plan's words in a report."""

from __future__ import annotations

from pathlib import Path

from pipelines_client.cli.parity.planned import planned_names

PLAN = """\
plan: 1
conventions: {dates: unix_seconds}
identify: {traits: {age: integer}}
events:
  Order Completed:
    aliases: [purchase]
    properties: {total: number, a.b: string, items: {type: array, items: {properties: {sku: string}}}}
  Old Event: {status: deprecated}
"""


def test_a_plan_becomes_plain_names_and_words(tmp_path: Path) -> None:
    """Paths are written as in findings."""
    path = tmp_path / "tracking-plan.yaml"
    path.write_text(PLAN, "utf-8")
    names = planned_names(path)
    assert names.events == {"Order Completed": "", "Old Event": "deprecated in the plan"}
    assert names.aliases == {"purchase": "Order Completed"}
    assert names.dates == "Unix seconds"
    assert names.types == {
        ("identify", "", "traits.age"): "integer",
        ("track", "Order Completed", "properties.total"): "number",
        ("track", "Order Completed", 'properties."a.b"'): "string",
        ("track", "Order Completed", "properties.items"): "array",
        ("track", "Order Completed", "properties.items[].sku"): "string",
    }
