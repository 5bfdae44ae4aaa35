"""An event whose name Customer.io obeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pipelines_client.plan.downstream import COMMANDS, DEVICE_EVENTS
from pipelines_client.plan.model import TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_COMMANDS: Final = COMMANDS | DEVICE_EVENTS


class ReservedName(CallRule):
    """An event whose name Customer.io obeys."""

    code = "reserved-name"
    title = "An event whose name is a command"
    words = (
        "Customer.io obeys names such as `User Deleted`: they delete or suppress people, or change devices. "
        "Rename the event; if the command is meant, plan it."
    )
    plan = """
events:
  Object Deleted:
"""
    bad = (
        {"type": "track", "userId": "usr_1", "event": "User Deleted"},
        {"type": "track", "userId": "usr_1", "event": " User Deleted "},
    )
    good = ({"type": "track", "userId": "usr_1", "event": "Object Deleted"},)

    def usual_name(self, plan: TrackingPlan) -> Callable[[str], object] | None:
        """Return whether a name is not a command."""
        del plan
        return lambda name: name.strip() not in _COMMANDS

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield a command that is not planned (FACTS C12)."""
        name = seen.name
        is_command = isinstance(name, str) and name.strip() in _COMMANDS
        if seen.kind == "track" and seen.planned is None and is_command:
            yield PlanHit(("event",))
