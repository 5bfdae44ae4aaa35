"""A person's id of another kind than the plan's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pipelines_client.plan.model import TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class OtherId(CallRule):
    """A person's id of another kind than the plan's."""

    code = "other-id"
    title = "A person's id of another kind than the canonical one"
    words = (
        "`conventions: ids: pattern` says how an id looks. Two kinds of ids in one stream make two people of one. "
        "Send the canonical id in each call."
    )
    plan = """
conventions: {ids: {pattern: '^usr_[0-9]+$'}}
"""
    bad = ({"type": "identify", "userId": "4711"},)
    good = (
        {"type": "identify", "userId": "usr_1"},
        {"type": "identify", "userId": None, "anonymousId": "v-1"},
    )

    def usual_id(self, plan: TrackingPlan) -> Callable[[str], object] | None:
        """Return whether an id matches the plan's pattern."""
        pattern = plan.conventions.ids.pattern
        return None if pattern is None else re.compile(pattern).search

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the id if it does not."""
        is_usual = self.usual_id(seen.plan)
        if is_usual is not None and isinstance(seen.user_id, str) and not is_usual(seen.user_id):
            yield PlanHit(("userId",))
