"""A person's id of another kind than the plan's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.model import TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_FLAGS: Final = re.compile(r"\(\?([aimsux]+)\)")


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

    def usual_id(self, plan: TrackingPlan) -> str | None:
        """Return the plan's pattern, which is searched."""
        pattern = plan.conventions.ids.pattern
        if pattern is None:
            return None
        flags = _FLAGS.match(pattern)  # they have to stand at the start, or in a group
        scoped = f"(?{flags[1]}:{pattern[flags.end() :]})" if flags else f"(?:{pattern})"
        return rf"[\s\S]*?{scoped}"

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the id if it does not match."""
        pattern = seen.plan.conventions.ids.pattern
        if pattern is not None and isinstance(seen.user_id, str) and not re.search(pattern, seen.user_id):
            yield PlanHit(("userId",))
