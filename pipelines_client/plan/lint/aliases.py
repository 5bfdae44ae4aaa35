"""Aliases that say nothing, or two things."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule, PlanEdit
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedCall


class AliasesLint(LintRule):
    """An alias is a planned name, or that of another event."""

    code = "alias"
    severity = "error"
    title = "Alias that is taken"
    why = "A call with such a name can be meant for either of two events, and is renamed to one of them."
    bad = "events: {Order Completed: {aliases: [Purchase, Order Completed]}, Item Bought: {aliases: [Purchase]}}"
    good = "events: {Order Completed: {aliases: [Purchase]}, Item Bought: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the aliases that are planned or taken; with an edit where the event itself has the name."""
        owners: dict[str, str] = {}
        names = {each.call.name for each in survey.events}
        for each in survey.calls:
            if each.call.kind == "track":
                yield from self._of_one(each, names, owners)

    def _of_one(self, each: SurveyedCall, names: set[str], owners: dict[str, str]) -> Iterator[LintFault]:
        seen: set[str] = set()
        for number, alias in enumerate(each.call.aliases):
            path = (*each.path, "aliases", number)
            owner = owners.setdefault(alias, each.call.name)
            if alias == each.call.name or alias in seen:
                text = f'the alias "{alias}" says nothing: the event has this name already'
                edit = PlanEdit(path, None)
                yield self.fault(each.place, path, text, "remove it", about=f"{alias} again", edit=edit)
            elif alias in names:
                text, cure = f'the alias "{alias}" is a planned event', "remove that event, or this alias"
                yield self.fault(each.place, path, text, cure, about=alias)
            elif owner != each.call.name:
                text, cure = f'the alias "{alias}" is one of "{owner}" too', "leave it to one of them"
                yield self.fault(each.place, path, text, cure, about=alias)
            seen.add(alias)
