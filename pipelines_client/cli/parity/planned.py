"""The plan of `pipelines-client parity --plan`, as the plain names and words that a report takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines_client.parity.report.planned import PlannedNames
    from pipelines_client.plan.model import TrackingPlan

_STATUSES = {"active": "", "deprecated": "deprecated in the plan", "planned": "not sent yet, by the plan"}
_DATES = {None: "", "unix_seconds": "Unix seconds", "iso": "ISO-8601 text"}


def planned_names(path: Path) -> PlannedNames:
    """Return what a plan says of events, properties and dates.

    Raises:
        PlanError: The plan cannot be read.
    """
    from pipelines_client.parity.report.planned import PlannedNames
    from pipelines_client.plan.formats import import_plan

    plan = import_plan(path)
    return PlannedNames(
        events={event.name: _STATUSES[event.status] for event in plan.events},
        aliases={alias: event.name for event in plan.events for alias in event.aliases},
        types=_types(plan),
        dates=_DATES[plan.conventions.dates],
    )


def _types(plan: TrackingPlan) -> dict[tuple[str, str, str], str]:
    from pipelines_client.evidence.paths import below
    from pipelines_client.plan.schemas import properties_of, standalone

    found: dict[tuple[str, str, str], str] = {}
    for call in plan.calls():
        for each in properties_of(standalone(call)):
            path = call.payload_name
            for part in each.path:
                path = f"{path}[]" if part == "[]" else below(path, part)
            if each.types:
                found.setdefault((call.kind, call.name if call.kind == "track" else "", path), " or ".join(each.types))
    return found
