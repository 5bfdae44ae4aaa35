"""Events without a description."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey


class NoDescriptionLint(LintRule):
    """An event has no description."""

    code = "no-description"
    title = "Event without a description"
    why = "A name does not say when the event is sent: marketers guess, and developers send it at another time."
    bad = "events: {Order Completed: {}}"
    good = "events: {Order Completed: {description: A person has paid for an order.}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events without a description."""
        for each in survey.events:
            if not (each.call.description or "").strip():
                yield self.fault(
                    each.place, each.path, "it has no description", "write `description:`: what happened, and when"
                )
