"""Stages that are spelled in two ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule, PlanEdit
from pipelines_client.plan.lint.names import folded
from pipelines_client.plan.lint.survey import PlanSurvey


class StagesLint(LintRule):
    """One stage is spelled in two ways."""

    code = "stage-spelling"
    title = "One stage in two spellings"
    why = "A list of the events by stage shows the stage twice."
    bad = (
        "events: {Email Verified: {stage: Activation }, Trial Started: {stage: activation},"
        " Team Created: {stage: activation}}"
    )
    good = "events: {Email Verified: {stage: activation}, Trial Started: {stage: activation}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the calls whose stage is not spelled as most spell it, each with the edit that cures it."""
        spelled = [(each, each.call.stage) for each in survey.calls if each.call.stage]
        counts = Counter(stage for _, stage in spelled)
        usual: dict[str, str] = {}
        for stage in sorted(counts, key=lambda stage: (stage != stage.strip(), -counts[stage], stage)):
            usual.setdefault(folded(stage), stage.strip())
        for each, stage in spelled:
            better = usual[folded(stage)]
            if stage != better:
                edit = PlanEdit((*each.path, "stage"), better)
                text = f'the stage is spelled "{stage}"'
                yield self.fault(each.place, each.path, text, f'write "{better}"', about=stage, edit=edit)
