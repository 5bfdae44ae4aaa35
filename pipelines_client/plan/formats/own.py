"""`tracking-plan.yaml`, our own format, among the others: what reads or writes any format needs no exception for it."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines_client.errors import PlanError
from pipelines_client.plan.document import dump_plan, plan_in
from pipelines_client.plan.formats.base import PlanFile, PlanFormat, values_in
from pipelines_client.plan.model import TrackingPlan
from pipelines_client.plan.text import only


class OwnFormat(PlanFormat):
    """The format of docs/plan.md."""

    name = "tracking-plan"
    title = "tracking-plan.yaml"
    is_written = True

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether it begins with `plan: 1`."""
        return any(isinstance(value, dict) and "plan" in value for value in values_in(files))

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return the plan of one file."""
        if len(files) != 1:
            raise PlanError(f"a folder of {len(files):,} files is not one tracking plan; pass one file")
        return plan_in(only(files[0].documents, files[0].name))

    def write(self, plan: TrackingPlan) -> str:
        """Return the plan as YAML."""
        return dump_plan(plan)
