"""Units that are spelled in two ways, or differ for one property."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule, PlanEdit
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedProperty
from pipelines_client.plan.quantities import currency_of


class UnitsLint(LintRule):
    """One property has two units, or a unit is spelled in another way."""

    code = "unit"
    severity = "error"
    title = "One property with two units"
    why = "A sum over the events adds minutes to seconds, or euros to dollars."
    bad = (
        "events: {Call Ended: {properties: {duration: {type: number, unit: seconds}}},"
        " Call Missed: {properties: {duration: {type: number, unit: minutes}}}}"
    )
    good = (
        "events: {Call Ended: {properties: {duration: {type: number, unit: seconds}}},"
        " Call Missed: {properties: {duration: {type: number, unit: seconds}}}}"
    )

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the properties whose unit is not the usual one of their name; with an edit if only the case differs."""
        for found in survey.by_name.values():
            counts = Counter(unit for each in found if (unit := unit_of(each)))
            usual = min(counts, key=lambda unit: (-counts[unit], unit), default="")
            for each in found:
                if unit := unit_of(each):
                    yield from self._unit(each, unit, usual)

    def _unit(self, each: SurveyedProperty, unit: str, usual: str) -> Iterator[LintFault]:
        better = currency_of(each.planned) or usual
        if unit != better and unit.strip().casefold() == better.casefold():
            edit = PlanEdit((*each.path, "unit"), better)
            cure = f'write "{better}"'
            yield self.fault(each.place, each.path, f'the unit is spelled "{unit}"', cure, about=unit, edit=edit)
        elif unit.strip().casefold() != usual.strip().casefold():
            text = f'"{each.name}" is in {unit} here, and in {usual} in most places'
            cure = "send one unit, or name the unit in the property"
            yield self.fault(each.place, each.path, text, cure, about=unit)


def unit_of(each: SurveyedProperty) -> str:
    """Return the unit that a property's schema names; empty if it names none."""
    unit = each.planned.schema.get("unit")
    return unit if isinstance(unit, str) else ""
