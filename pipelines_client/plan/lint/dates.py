"""Dates in two spellings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import words_of
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedProperty
from pipelines_client.plan.quantities import is_date

_WORDS: Final = frozenset(("at", "date", "timestamp"))


class DatesLint(LintRule):
    """Dates are Unix seconds in one place and text in another."""

    code = "date"
    title = "Dates in two spellings"
    why = "Customer.io compares Unix seconds as times, and finds no ISO text in a segment that asks for a time."
    bad = (
        "conventions: {dates: unix_seconds}\n"
        "events: {Trial Started: {properties: {ends_at: {type: string, format: date-time}}}}"
    )
    good = "conventions: {dates: unix_seconds}\nevents: {Trial Started: {properties: {ends_at: integer}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the dates that are written in another way than the plan's, or than most."""
        dates = [each for each in survey.properties if _is_date(each, survey)]
        texts = [each for each in dates if "string" in each.planned.types]
        numbers = [each for each in dates if not {"integer", "number"}.isdisjoint(each.planned.types)]
        spelling = survey.plan.conventions.dates
        if spelling == "unix_seconds" or (spelling is None and numbers and len(numbers) >= len(texts)):
            for each in texts:
                text = "the date is text, and the plan's dates are Unix seconds"
                yield self.fault(each.place, each.path, text, "send Unix seconds, as an integer")
        elif spelling == "iso" or (spelling is None and texts):
            for each in numbers:
                text = "the date is a number, and the plan's dates are ISO-8601 text"
                yield self.fault(each.place, each.path, text, "send text such as 2026-12-07T08:00:00Z")


def _is_date(each: SurveyedProperty, survey: PlanSurvey) -> bool:
    """Return whether the plan says that it is a date, or its name does."""
    words = words_of(each.name)
    return is_date(each.planned, survey.plan.conventions) or (len(words) > 1 and words[-1] in _WORDS)
