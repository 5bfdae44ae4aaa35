"""Names that are too long for Customer.io, or more attributes than it keeps."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.downstream import MOST_ATTRIBUTE_NAME_BYTES, MOST_ATTRIBUTES, MOST_NAME_BYTES
from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedCall


class LimitsLint(LintRule):
    """A name or a number of attributes is beyond what Customer.io keeps."""

    code = "limit"
    severity = "error"
    title = "Beyond a limit of Customer.io"
    why = "Customer.io cuts or refuses what is longer, and trims spaces around names of events."
    bad = f"events: {{{'Order ' * 17}Completed: {{}}}}"
    good = f"events: {{{'Order ' * 15}Completed: {{}}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield names that are too long or begin or end with spaces, and calls with too many attributes."""
        for each in survey.events:
            for name in (each.call.name, *each.call.aliases):
                yield from self._name(each, name)
        for each in survey.calls:
            if each.call.kind in ("identify", "group"):
                names = {
                    found.name for found in survey.properties if found.owner is each and len(found.planned.path) == 1
                }
                if len(names) > MOST_ATTRIBUTES:
                    text = f"it has {len(names):,} traits, more than {MOST_ATTRIBUTES}"
                    yield self.fault(each.place, each.path, text, "remove traits, or join some in an object")
        for found in survey.properties:
            if (size := len(found.name.encode())) > MOST_ATTRIBUTE_NAME_BYTES:
                text = f"the name has {size:,} bytes, more than {MOST_ATTRIBUTE_NAME_BYTES}"
                yield self.fault(found.place, found.path, text, "give it a shorter name")

    def _name(self, each: SurveyedCall, name: str) -> Iterator[LintFault]:
        if (size := len(name.encode())) > MOST_NAME_BYTES:
            text = f"the name has {size:,} bytes, more than {MOST_NAME_BYTES}"
            yield self.fault(each.place, each.path, text, "give it a shorter name", about=name)
        if name != name.strip():
            text = "there are spaces around the name, and Customer.io trims them"
            yield self.fault(each.place, each.path, text, "send the name without them", about=f"{name} ")
