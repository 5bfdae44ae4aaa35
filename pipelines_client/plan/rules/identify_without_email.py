"""An identify without an e-mail address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_WITH_EMAIL: Final[Schema] = {"required": ["email"], "properties": {"email": {"type": "string", "minLength": 1}}}


class IdentifyWithoutEmail(CallRule):
    """An identify without an e-mail address."""

    code = "identify-without-email"
    title = "An identify without the trait `email`"
    words = (
        "Off unless the plan names it: later identifies send only what has changed. Where each one has to carry "
        "the address, since people without one cannot be written to, set its mode. Send `email` with the "
        "identify."
    )
    mode = "off"
    plan = """
modes: {identify-without-email: warn}
"""
    bad = (
        {"type": "identify", "userId": "usr_1", "traits": {"plan": "pro"}},
        {"type": "identify", "userId": "usr_1", "traits": {"email": ""}},
    )
    good = ({"type": "identify", "userId": "usr_1", "traits": {"email": "ada@example.com"}},)

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return that people have an address."""
        del plan
        return _WITH_EMAIL if planned.kind == "identify" else None

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of the address if there is none."""
        if seen.folded.get(self.code):
            yield PlanHit(("traits", "email"))
