"""An amount that is not in the plan's spelling."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.quantities import amounts_in, schema_at
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class MoneySpelling(CallRule):
    """An amount that is not in the plan's spelling."""

    code = "money"
    title = "An amount of money in another spelling than the plan's"
    words = (
        "With `money: cents` amounts are whole numbers, with `money: decimals` numbers: `4250` in one place and "
        "`42.5` in another add up to nonsense. An amount is a property with a currency as its `unit`, or one that "
        "`money_properties` names. Convert it where it is sent; `redact` removes it."
    )
    plan = """
conventions: {money: cents}
events:
  Order Completed:
    properties: {total: {type: number, unit: USD}, items: {type: array, items: {properties: {price: {unit: USD}}}}}
"""
    bad = (
        {"type": "track", "userId": "usr_1", "event": "Order Completed", "properties": {"total": 42.5}},
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"items": [{"price": 4250}, {"price": 1.25}]},
        },
    )
    good = (
        {
            "type": "track",
            "userId": "usr_1",
            "event": "Order Completed",
            "properties": {"total": 4250, "items": [{"price": 100}]},
        },
    )

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return that the amounts of a call are whole numbers, or numbers."""
        if plan.conventions.money is None:
            return None
        kind = "integer" if plan.conventions.money == "cents" else "number"
        return schema_at(amounts_in(planned, plan.conventions), {"type": [kind, "null"]})

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the place of each amount that is not so."""
        for _, place in seen.placed(seen.folded.get(self.code, ())):
            yield PlanHit(place, f"planned: {seen.plan.conventions.money}")
