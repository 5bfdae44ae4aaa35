"""Events without a stage of the lifecycle."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.survey import PlanSurvey


class NoStageLint(LintRule):
    """An event has no stage."""

    code = "no-stage"
    title = "Event without a stage"
    why = "The stage says which campaigns an event is for: an event without one is seldom used by any."
    bad = "events: {Order Completed: {}}"
    good = "events: {Order Completed: {stage: conversion}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield the events without a stage; deprecated ones need none."""
        for each in survey.events:
            if not (each.call.stage or "").strip() and each.call.status != "deprecated":
                cure = "write `stage:`, such as acquisition, activation, engagement, retention, expansion or churn"
                yield self.fault(each.place, each.path, "it has no stage", cure)
