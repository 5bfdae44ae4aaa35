"""Names of events that are written in another style than the rest."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import STYLES, in_style
from pipelines_client.plan.lint.survey import PlanSurvey


class EventNamesLint(LintRule):
    """An event is not named in the plan's style."""

    code = "event-name"
    title = "Event named in another style"
    why = "Campaigns match names letter by letter, so a team needs one style to guess a name right."
    bad = "conventions: {events: Title Case}\nevents: {order_completed: {}}"
    good = "conventions: {events: Title Case}\nevents: {Order Completed: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events whose name has another style."""
        style = survey.event_style
        for each in survey.events if style else ():
            name = each.call.name
            if style and not STYLES[style](name):
                better = in_style(name, style)
                kept = "and keep this name under its aliases until no code sends it"
                cure = f'send it as "{better}", {kept}' if better else f"give it a name of letters and digits, {kept}"
                yield self.fault(each.place, each.path, f"the name is not in {style}", cure)
