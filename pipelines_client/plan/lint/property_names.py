"""Names of properties that are written in another style than the rest."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import STYLES, in_style
from pipelines_client.plan.lint.survey import PlanSurvey


class PropertyNamesLint(LintRule):
    """A property or a trait is not named in the plan's style."""

    code = "property-name"
    title = "Property named in another style"
    why = "A template finds a property by its exact name, and shows nothing for another spelling."
    bad = "conventions: {properties: snake_case}\nevents: {Order Completed: {properties: {orderId: string}}}"
    good = "conventions: {properties: snake_case}\nevents: {Order Completed: {properties: {order_id: string}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the properties whose name has another style."""
        style = survey.property_style
        for each in survey.properties if style else ():
            if style and not STYLES[style](each.name):
                better = in_style(each.name, style)
                cure = f'send it as "{better}"' if better else "give it a name of letters and digits"
                yield self.fault(each.place, each.path, f"the name is not in {style}", cure)
