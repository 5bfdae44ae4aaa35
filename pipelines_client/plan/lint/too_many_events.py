"""Plans with more events than anyone can know."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey
from pipelines_client.wording import plural

_MOST = 200


class TooManyEventsLint(LintRule):
    """The plan has too many events."""

    code = "too-many-events"
    title = "Too many events"
    why = "Most teams need 15 to 30 events; with more than 200, most are raw clicks that no campaign uses."
    bad = "events: {" + ", ".join(f"Step {number} Completed: {{}}" for number in range(_MOST + 1)) + "}"
    good = "events: {" + ", ".join(f"Step {number} Completed: {{}}" for number in range(_MOST)) + "}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield one fault if the active events are too many."""
        count = sum(each.call.status != "deprecated" for each in survey.events)
        if count > _MOST:
            text = f"the plan has {plural(count, 'event')}, more than {_MOST}"
            cure = "remove those that no campaign uses: pipelines-client plan check lists what is not sent"
            yield self.fault(("events",), ("events",), text, cure)
