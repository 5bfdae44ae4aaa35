"""Properties that change who gets a campaign's message."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.downstream import CAMPAIGN_SETTINGS
from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey


class ReservedPropertiesLint(LintRule):
    """A property overrides settings of campaigns."""

    code = "reserved-property"
    severity = "error"
    title = "Property that overrides a campaign's settings"
    why = "Customer.io sends the campaign's message to or from the address in such a property."
    bad = "events: {Invite Sent: {properties: {recipient: string}}}"
    good = "events: {Invite Sent: {properties: {invited_email: string}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the properties of events with such a name."""
        for each in survey.properties:
            if each.owner.call.kind == "track" and each.name in CAMPAIGN_SETTINGS and len(each.planned.path) == 1:
                text = "a property of this name overrides the settings of campaigns in Customer.io"
                yield self.fault(each.place, each.path, text, "give the property another name")
