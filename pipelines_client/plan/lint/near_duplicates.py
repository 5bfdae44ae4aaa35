"""Events whose names are one name in two spellings, or a typing error apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import STYLES, bag, folded, pairs_one_letter_apart
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedCall


class NearDuplicatesLint(LintRule):
    """Two events have nearly the same name."""

    code = "near-duplicate"
    severity = "error"
    title = "Two events with nearly the same name"
    why = "Half of the calls have the other name, and a campaign that waits for one of them misses that half."
    bad = "events: {Account Created: {}, Account Crated: {}}"
    good = "events: {Account Created: {aliases: [Account Crated]}, Account Closed: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield, for each group of names that mean one, all but the one to keep."""
        told: set[str] = set()
        for text, groups in (
            ("the name differs only in spelling from", _groups(survey, folded)),
            ("the name has the same words as", _groups(survey, bag)),
            ("the name is one letter away from", _typos(survey)),
        ):
            for kept, *others in (sorted(group, key=lambda each: _rank(each, survey)) for group in groups):
                for each in others:
                    name = kept.call.name
                    if each.call.name in told or _is_settled(each, kept):
                        continue
                    told.add(each.call.name)
                    cure = f'if they are one event, remove this one and name it under the aliases of "{name}"'
                    yield self.fault(each.place, each.path, f'{text} "{name}"', cure, about=name)


def _groups(survey: PlanSurvey, key_of: Callable[[str], str]) -> list[list[SurveyedCall]]:
    found: dict[str, list[SurveyedCall]] = {}
    for each in survey.events:
        found.setdefault(key_of(each.call.name), []).append(each)
    return [group for group in found.values() if len(group) > 1]


def _typos(survey: PlanSurvey) -> list[list[SurveyedCall]]:
    by_name = {each.call.name: each for each in survey.events}
    return [[by_name[left], by_name[right]] for left, right in pairs_one_letter_apart(by_name)]


def _rank(each: SurveyedCall, survey: PlanSurvey) -> tuple[bool, bool, str]:
    """Sort the name to keep first: one in use, in the plan's style; then by the alphabet."""
    style = survey.event_style
    has_style = style is not None and STYLES[style](each.call.name)
    return each.call.status == "deprecated", not has_style, each.call.name


def _is_settled(each: SurveyedCall, kept: SurveyedCall) -> bool:
    """Return whether the plan says itself that one of the two is on its way out."""
    return each.call.status == "deprecated" or each.call.name in kept.call.aliases
