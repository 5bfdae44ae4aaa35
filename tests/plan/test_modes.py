"""The codes that `modes` of a plan may name."""

from __future__ import annotations

from pipelines_client.plan.modes import OWN_MODES
from pipelines_client.plan.repeats import REPEATED, REPEATED_MODE
from pipelines_client.plan.rules import CALL_RULES


def test_the_codes_are_those_of_the_rules_with_their_own_modes() -> None:
    """And that of an event that was sent already."""
    assert {rule.code: rule.mode for rule in CALL_RULES} | {REPEATED: REPEATED_MODE} == OWN_MODES
