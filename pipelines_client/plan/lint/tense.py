"""Names of events that do not say that something has happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import words_of
from pipelines_client.plan.lint.survey import PlanSurvey

_IRREGULAR: Final = frozenset(
    """
    became began begun bought built caught chose chosen cut done drawn driven drew fell fallen felt forgot forgotten
    found gave given gone got gotten grew grown held hidden hit hurt kept known left lent lost made met opted paid put
    ran read rebuilt redone resent reset run said seen sent set shown shut sold spent split spoken stolen stood stuck
    swept taken taught thrown told took understood undone upset went withdrawn withdrew won worn written wrote
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
_NOT_PAST: Final = frozenset(
    """bed bleed breed embed exceed feed indeed need proceed red seed shed sled speed""".split()  # noqa: SIM905 - as above
)
_AHEAD: Final = frozenset(["due", "ending", "expiring", "pending", "renewing", "upcoming"])
"""Words for what is about to happen: `Trial Expiring` is the right name for a reminder."""


class TenseLint(LintRule):
    """The name of an event is not in the past tense."""

    code = "tense"
    title = "Event not named in the past tense"
    why = "An event says what has happened: `Complete Order` may be a click, `Order Completed` is an order."
    bad = "conventions: {tense: past}\nevents: {Complete Order: {}}"
    good = "conventions: {tense: past}\nevents: {Order Completed: {}, Trial Expiring: {}, Link Sent: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events without a word in the past tense, if the plan asks for that or most events have one."""
        without = [each for each in survey.events if not any(map(_is_past, words_of(each.call.name)))]
        if survey.plan.conventions.tense is None and len(without) * 2 > len(survey.events):
            return
        for each in without:
            yield self.fault(
                each.place,
                each.path,
                "the name is not in the past tense",
                'name what has happened, such as "Order Completed"',
            )


def _is_past(word: str) -> bool:
    regular = word.endswith("ed") and word not in _NOT_PAST
    return regular or word in _IRREGULAR or word in _AHEAD
