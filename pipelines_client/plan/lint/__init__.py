"""Finds what is unclean in a plan before it is sent: one rule a file, each with its words and examples.

    from pipelines_client.plan.lint import lint

    for fault in lint(plan):
        print(fault.code, fault.place, fault.text)

To add a rule, write its file and name it in `LINT_RULES`; its examples are its tests and its section of docs/plan.md.
`survey` walks the plan once for all rules, `baseline` tells yesterday's faults from new ones, `edits` changes the file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pipelines_client.plan.lint.aliases import AliasesLint
from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.dates import DatesLint
from pipelines_client.plan.lint.event_names import EventNamesLint
from pipelines_client.plan.lint.limits import LimitsLint
from pipelines_client.plan.lint.money import MoneyLint
from pipelines_client.plan.lint.near_duplicates import NearDuplicatesLint
from pipelines_client.plan.lint.no_description import NoDescriptionLint
from pipelines_client.plan.lint.no_stage import NoStageLint
from pipelines_client.plan.lint.not_checked import NotCheckedLint
from pipelines_client.plan.lint.property_names import PropertyNamesLint
from pipelines_client.plan.lint.reserved_events import ReservedEventsLint
from pipelines_client.plan.lint.reserved_properties import ReservedPropertiesLint
from pipelines_client.plan.lint.spelling_variants import SpellingVariantsLint
from pipelines_client.plan.lint.stages import StagesLint
from pipelines_client.plan.lint.survey import PlanSurvey
from pipelines_client.plan.lint.synonyms import SynonymsLint
from pipelines_client.plan.lint.tense import TenseLint
from pipelines_client.plan.lint.too_many_events import TooManyEventsLint
from pipelines_client.plan.lint.too_many_properties import TooManyPropertiesLint
from pipelines_client.plan.lint.type_conflicts import TypeConflictsLint
from pipelines_client.plan.lint.units import UnitsLint
from pipelines_client.plan.model import TrackingPlan

LINT_RULES: Final[tuple[LintRule, ...]] = (
    EventNamesLint(),
    TenseLint(),
    NearDuplicatesLint(),
    SynonymsLint(),
    AliasesLint(),
    ReservedEventsLint(),
    TooManyEventsLint(),
    NoDescriptionLint(),
    NoStageLint(),
    StagesLint(),
    TooManyPropertiesLint(),
    PropertyNamesLint(),
    SpellingVariantsLint(),
    ReservedPropertiesLint(),
    TypeConflictsLint(),
    UnitsLint(),
    MoneyLint(),
    DatesLint(),
    LimitsLint(),
    NotCheckedLint(),
)
"""All rules, in the order of reports."""


def lint(plan: TrackingPlan, *, without: Collection[str] = ()) -> list[LintFault]:
    """Return the faults of a plan, rule by rule, each rule's in the order of the plan.

    Args:
        plan: The plan. Its `lint` says what is left out, and how much a fault matters.
        without: Codes of other rules to leave out.

    Example:
        ```python
        (fault,) = lint(TrackingPlan(events=(PlannedCall(name="User Deleted", stage="churn", description="Gone."),)))
        assert fault.code == "reserved-event"
        ```
    """
    survey = PlanSurvey(plan)
    found: list[LintFault] = []
    for rule in LINT_RULES:
        level = plan.lint.get(rule.code, rule.severity)
        if level != "off" and rule.code not in without:
            found += (fault._replace(severity=level) for fault in rule.faults(survey))
    return found
