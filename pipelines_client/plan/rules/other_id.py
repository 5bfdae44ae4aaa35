"""A person's id of another kind than the plan's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from pipelines_client.plan.model import Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall
from pipelines_client.plan.validators import CompiledSchema


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

    def usual_id(self, plan: TrackingPlan) -> Schema | None:
        """Return the plan's pattern, which is searched."""
        pattern = plan.conventions.ids.pattern
        if pattern is None:
            return None
        _looks_like(pattern)  # refused here by its own name
        return {"pattern": pattern}

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the id if it does not match."""
        pattern = seen.plan.conventions.ids.pattern
        if pattern is not None and isinstance(seen.user_id, str) and not _looks_like(pattern)(seen.user_id):
            yield PlanHit(("userId",))


@lru_cache(64)
def _looks_like(pattern: str) -> Callable[[str], bool]:
    """Return whether an id has a pattern: in bounded time, which Python's own expressions do not promise."""
    return CompiledSchema({"pattern": pattern}, "conventions > ids > pattern").is_valid
