"""The tracking plan as a check of the seam: the plan judges, and what may be sent once only is looked up on disk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines_client.client.findings import CheckFinding, Examined, Settle
from pipelines_client.errors import ConfigError, PlanError
from pipelines_client.log import Throttle, logger
from pipelines_client.plan.check import CheckedPlan, JudgedCall
from pipelines_client.plan.document import load_plan
from pipelines_client.plan.repeats import REPEATED, REPEATED_MODE

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict
    from pipelines_client.config import Settings
    from pipelines_client.keywords import CheckMode
    from pipelines_client.state.once import OnceWindow

_failures = Throttle()


class PlanCheck:
    """Checks each message against a tracking plan.

    Args:
        checked: The plan.
        window: What was sent of the events that are sent once; None if the plan has none, or allows repeats.
    """

    name = "plan"

    def __init__(self, checked: CheckedPlan, window: OnceWindow | None) -> None:
        self._checked, self._window = checked, window
        self._repeated: CheckMode = checked.plan.mode_of(REPEATED, REPEATED_MODE)

    def is_clean(
        self, kind: str, fields: Mapping[str, Any], payload: Mapping[str, Any] | None, context: object
    ) -> bool:
        """Return whether the plan finds and changes nothing."""
        del context
        return self._checked.is_clean(kind, fields, payload)

    def examine(self, call: CallDict, made: frozenset[str]) -> Examined:
        """Return what the plan says."""
        judged = self._checked.judge(call, made)
        findings = [CheckFinding(*violation) for violation in judged.violations]
        is_repeat, settle = self._looked_up(judged)
        if is_repeat and judged.planned is not None:
            findings.append(CheckFinding(REPEATED, f"properties.{judged.planned.once_per}", self._repeated))
        return Examined(judged.call, findings, settle)

    def _looked_up(self, judged: JudgedCall) -> tuple[bool, Settle | None]:
        """Return whether an event that is sent once was sent, and what notes that it is sent now."""
        if judged.once is None or self._window is None:
            return False, None
        claim = self._window.claim(judged.once)
        if claim.failed_by is not None and (count := _failures.due("once")):
            logger().error("repeats_not_seen", error=claim.failed_by, count=count)
        return claim.was_sent, None if claim.was_sent else partial(_settle, claim.settle)


def _settle(settle: Any, is_taken: bool) -> None:
    settle(is_taken=is_taken)


def plan_check(path: Path, settings: Settings) -> PlanCheck:
    """Return the check of a plan file.

    Raises:
        ConfigError: The plan cannot be read or used, or an extra is missing; the text names the cure.
    """
    import difflib  # noqa: F401 - a finding names the nearest name; `loading` says why it is imported now

    key = settings.write_key.get_secret_value() if settings.write_key else ""
    try:
        checked = CheckedPlan(load_plan(path), key.encode())
    except PlanError as error:
        raise ConfigError(f"plan (or PIPELINES_PLAN): {error}") from None
    left_out = checked.left_out
    if left_out:
        logger().warning("plan_parts_not_checked", count=len(left_out), first=left_out[0], cure="plan lint names them")
    is_looked_up = checked.plan.mode_of(REPEATED, REPEATED_MODE) != "off"
    if not is_looked_up or not any(event.once_per for event in checked.plan.events):
        return PlanCheck(checked, None)
    from pipelines_client.state.once import OnceWindow

    return PlanCheck(checked, OnceWindow(settings.state_dir))
