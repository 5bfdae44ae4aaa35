"""A property that changes a campaign's settings."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.downstream import CAMPAIGN_SETTINGS
from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class ReservedProperty(CallRule):
    """A property that changes a campaign's settings."""

    code = "reserved-property"
    title = "A property that overrides settings of a campaign"
    words = (
        "`from_address`, `recipient` and `reply_to` of an event change who sends or receives the message that it "
        "starts. Rename it; if that is meant, plan it. `redact` removes it."
    )
    plan = """
events:
  Invite Sent:
    properties: {recipient: string}
"""
    bad = ({"type": "track", "userId": "usr_1", "event": "Invite Sent", "properties": {"reply_to": "ada@example.com"}},)
    good = (
        {"type": "track", "userId": "usr_1", "event": "Invite Sent", "properties": {"recipient": "bob@example.com"}},
    )

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return that an event has none of those that are not planned (FACTS C13)."""
        if planned.kind != "track":
            return None
        common = () if plan.common is None else plan.common.schema.get("properties", ())
        names = CAMPAIGN_SETTINGS.difference(planned.schema.get("properties", ()), common)
        return {"properties": dict.fromkeys(sorted(names), False)} if names else None

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of each."""
        for _, place in seen.placed(seen.folded.get(self.code, ())):
            yield PlanHit(place)
