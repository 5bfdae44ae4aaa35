"""Parts of a schema that calls are not checked against."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey
from pipelines_client.plan.schemas import standalone
from pipelines_client.plan.usable import usable


class NotCheckedLint(LintRule):
    """A part of a schema is not JSON Schema, so the checks leave it out."""

    code = "not-checked"
    severity = "error"
    title = "Part of a schema that is not JSON Schema"
    why = "Calls are not checked against it: a value that it was meant to keep out goes through."
    bad = "events: {Plan Viewed: {schema: {properties: {plan: {type: any}, code: {pattern: '('}}}}}"
    good = "events: {Plan Viewed: {schema: {properties: {plan: {maxLength: 9}, code: {pattern: '^a'}}}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield what the checks leave out of the schema of each call, and of the message around it."""
        for each in survey.calls:
            parts = (((), standalone(each.call)), (("envelope",), each.call.envelope))
            left_out = dict.fromkeys((*above, *path) for above, schema in parts for path in usable(schema)[1])
            for path in left_out:
                place = path if path[:1] == ("envelope",) else ("schema", *path)
                text = f"{path[-1] if path else 'it'} is not as JSON Schema draft-07 allows, or leads nowhere"
                cure = "correct it, or remove it"
                yield self.fault((*each.place, *path), (*each.path, *place), text, cure)
