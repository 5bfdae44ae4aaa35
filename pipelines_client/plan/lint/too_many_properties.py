"""Events with more properties than a message needs."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey
from pipelines_client.wording import plural

_MOST = 30


class TooManyPropertiesLint(LintRule):
    """An event has too many properties."""

    code = "too-many-properties"
    title = "Too many properties"
    why = "Five to ten properties fill a template; many more are copies of what the person's profile has."
    bad = "events: {Order Completed: {properties: {" + ", ".join(f"p{n}: string" for n in range(_MOST + 1)) + "}}}"
    good = "events: {Order Completed: {properties: {" + ", ".join(f"p{n}: string" for n in range(_MOST)) + "}}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events with too many properties, not counting those within objects."""
        counts = {each.place: 0 for each in survey.calls if each.call.kind == "track"}
        for found in survey.properties:
            if found.owner.place in counts and len(found.planned.path) == 1:
                counts[found.owner.place] += 1
        for each in survey.calls:
            if counts.get(each.place, 0) > _MOST:
                text = f"it has {plural(counts[each.place], 'property', 'properties')}, more than {_MOST}"
                cure = "move what describes the person to traits, and remove what no campaign uses"
                yield self.fault(each.place, each.path, text, cure)
