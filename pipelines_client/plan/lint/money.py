"""Amounts of money in cents and in decimals, or as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import words_of
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedProperty
from pipelines_client.plan.lint.units import unit_of
from pipelines_client.plan.quantities import currency_of, is_amount

_WORDS: Final = frozenset(
    """amount arr cost discount fee ltv mrr price revenue shipping subtotal tax tip total""".split()  # noqa: SIM905 - words
)
_CENTS: Final = frozenset(("cents", "minor"))


class MoneyLint(LintRule):
    """Amounts are written in two ways."""

    code = "money"
    severity = "error"
    title = "Amounts in cents and in decimals"
    why = "A receipt that shows 4900 in place of 49.00 goes to customers before anyone sees it."
    bad = (
        "conventions: {money: cents}\n"
        "events: {Order Completed: {properties: {total: {type: number, unit: USD}, tax: string}}}"
    )
    good = "conventions: {money: cents}\nevents: {Order Completed: {properties: {total: {type: integer, unit: USD}}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield amounts that are text, and amounts of another kind than the plan's, or than most."""
        amounts = [each for each in survey.properties if _is_amount(each, survey)]
        whole = [each for each in amounts if _is_in_cents(each)]
        parts = [each for each in amounts if "number" in each.planned.types and not _is_in_cents(each)]
        money = survey.plan.conventions.money
        for each in amounts:
            if "string" in each.planned.types:
                yield self.fault(
                    each.place, each.path, "it is an amount, and may be text", "send a number", about="text"
                )
        if money == "cents" or (money is None and whole and len(whole) >= len(parts)):
            for each in parts:
                text = "it is an amount with decimals, and the plan's amounts are in cents"
                yield self.fault(each.place, each.path, text, "send an integer of cents", about="decimals")
        elif money == "decimals" or (money is None and parts):
            for each in whole:
                text = "it is an amount in cents, and the plan's amounts have decimals"
                yield self.fault(each.place, each.path, text, "send a number with decimals", about="cents")


def _is_amount(each: SurveyedProperty, survey: PlanSurvey) -> bool:
    """Return whether the plan says that it is an amount, or its name does where the plan gives it no unit."""
    if is_amount(each.planned, survey.plan.conventions):
        return True
    words = words_of(each.name)
    is_scalar = not {"number", "integer", "string"}.isdisjoint(each.planned.types)
    return is_scalar and bool(words) and words[-1] in _CENTS | _WORDS and not unit_of(each)


def _is_in_cents(each: SurveyedProperty) -> bool:
    is_named = not _CENTS.isdisjoint(words_of(each.name)) or unit_of(each).lower() == "cents"
    return is_named or ("integer" in each.planned.types and currency_of(each.planned) is not None)
