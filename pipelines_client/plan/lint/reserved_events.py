"""Names of events that Customer.io takes for commands."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.downstream import COMMANDS, DEVICE_EVENTS
from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey


class ReservedEventsLint(LintRule):
    """The name of an event is a command."""

    code = "reserved-event"
    severity = "error"
    title = "Event named like a command"
    why = "Customer.io deletes or suppresses people, or changes devices, when an event of such a name arrives."
    bad = "events: {User Deleted: {}}"
    good = "events: {Account Deleted: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events that are commands, also by an alias."""
        for each in survey.events:
            for name in (each.call.name, *each.call.aliases):
                if name.strip() in COMMANDS:
                    text, cure = f'Customer.io takes "{name}" for a command', "give the event another name"
                    yield self.fault(each.place, each.path, text, cure, about=name)
                elif name.strip() in DEVICE_EVENTS:
                    text = f'Segment\'s Customer.io destination takes "{name}" for a change of a device'
                    cure = "send it with context.device.token, or give the event another name"
                    yield self.fault(each.place, each.path, text, cure, about=name)
