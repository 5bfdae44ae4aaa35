from __future__ import annotations

from pipelines_client.parity.model import ClassReport, ClassRow
from pipelines_client.parity.report.planned import PlannedNames, _told

PLANNED = PlannedNames(
    events={"Order Completed": "", "Old Event": "deprecated in the plan"},
    aliases={"purchase": "Order Completed"},
    types={("track", "Order Completed", "properties.total"): "number", ("identify", "", "traits.age"): "integer"},
    dates="Unix seconds",
)


def detail_of(name: str, event: str, kind: str = "track", detail: str = "") -> str:
    """Return the detail of a row of a class, with the words of the plan."""
    row = ClassRow(side="segment", event=event, type=kind, day="", count=1, detail=detail)
    report = ClassReport(name=name, title="", unit="", count=1, meaning="", advice="", rows=(row,))
    return _told(report, PLANNED).rows[0].detail


def test_a_name_that_is_not_planned_is_said_with_the_nearest_one() -> None:
    """One that is planned as something else, or no longer sent, too; a planned one needs no words."""
    assert detail_of("volume_shifts", "Order Compleeted") == "not in the plan (nearest name: Order Completed)"
    assert detail_of("volume_shifts", "Zzz", detail="x") == "x; not in the plan"
    assert detail_of("volume_shifts", "purchase") == "planned as Order Completed"
    assert detail_of("volume_shifts", "Old Event") == "deprecated in the plan"
    assert detail_of("volume_shifts", "Order Completed", detail="x") == "x"
    assert detail_of("volume_shifts", "Home", kind="page") == ""


def test_types_and_dates_are_said_as_planned() -> None:
    """Where the plan has the property."""
    told = "properties.total: string, else number"
    assert detail_of("type_conflicts", "Order Completed", detail=told) == f"{told}; plan: number"
    assert detail_of("type_conflicts", "Order Completed", detail="properties.x: string") == "properties.x: string"
    assert detail_of("type_conflicts", "", "identify", "traits.age: string") == "traits.age: string; plan: integer"
    told = "traits.created_at: ISO-8601 text; such as x"
    assert detail_of("date_attributes", "", "identify", told) == f"{told}; plan: Unix seconds"
