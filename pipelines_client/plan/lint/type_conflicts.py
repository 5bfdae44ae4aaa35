"""Properties that have another type in another event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedProperty


class TypeConflictsLint(LintRule):
    """A property of one name has two types."""

    code = "type-conflict"
    severity = "error"
    title = "One property with two types"
    why = "A segment or a filter compares one type: the events that send the other one never match."
    bad = "events: {Cart Updated: {properties: {total: string}}, Order Completed: {properties: {total: number}}}"
    good = "events: {Cart Updated: {properties: {total: number}}, Order Completed: {properties: {total: integer}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield, for each name with several types, the properties whose type is not the most usual one."""
        for name, found in survey.by_name.items():
            typed = [(each, types) for each in found if (types := _types(each))]
            counts = Counter(types for _, types in typed)
            if len(counts) < 2:  # noqa: PLR2004 - a conflict needs two
                continue
            usual = min(counts, key=lambda types: (-counts[types], types))
            for each, types in typed:
                if types != usual:
                    here, there = _words(types), _words(usual)
                    text = f'"{name}" is {here} here, and {there} in most places'
                    yield self.fault(
                        each.place, each.path, text, "send one type, or give one of them another name", about=here
                    )


def _types(each: SurveyedProperty) -> tuple[str, ...]:
    """Return the types of a property as filters know them: an integer is a number, and null is the lack of a value."""
    types = {"number" if each == "integer" else each for each in each.planned.types} - {"null"}
    return tuple(sorted(types))


def _words(types: tuple[str, ...]) -> str:
    return " or ".join(types)
