"""Properties whose names differ in their spelling only."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import STYLES, folded
from pipelines_client.plan.lint.survey import PlanSurvey


class SpellingVariantsLint(LintRule):
    """One property is spelled in two ways."""

    code = "spelling-variant"
    severity = "error"
    title = "One property in two spellings"
    why = "A template that reads `order_id` shows nothing for the events that send `orderId`."
    bad = "events: {Order Completed: {properties: {order_id: string}}, Order Refunded: {properties: {orderId: string}}}"
    good = (
        "events: {Order Completed: {properties: {order_id: string}}, Order Refunded: {properties: {order_id: string}}}"
    )

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield each property whose name is not the best known spelling of it."""
        spellings: dict[str, list[str]] = {}
        for name in survey.by_name:
            spellings.setdefault(folded(name), []).append(name)
        style = survey.property_style
        for names in spellings.values():
            if len(names) == 1:
                continue
            usual = min(names, key=lambda name: (not (style and STYLES[style](name)), -len(survey.by_name[name]), name))
            for name in names:
                for each in survey.by_name[name] if name != usual else ():
                    text = f'it is spelled "{usual}" elsewhere'
                    yield self.fault(each.place, each.path, text, f'send it as "{usual}"')
