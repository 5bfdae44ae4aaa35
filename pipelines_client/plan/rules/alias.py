"""An event under a name that it had before."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class OldName(CallRule):
    """An event under a name that it had before."""

    code = "alias"
    title = "An event under an old name"
    words = (
        "The plan lists the name under `aliases` of an event: the message goes to all destinations under the "
        "planned name, in each mode but `off` and `reject`. Use the planned name in the code."
    )
    plan = """
events:
  Order Completed:
    aliases: [purchase]
"""
    bad = ({"type": "track", "userId": "usr_1", "event": "purchase"},)
    good = ({"type": "track", "userId": "usr_1", "event": "Order Completed"},)

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield a call whose event was renamed."""
        if seen.old_name is not None and seen.planned is not None:
            yield PlanHit(("event",), f"sent as {seen.planned.name}")
