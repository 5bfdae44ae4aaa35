"""An event that the plan does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.keywords import nearest
from pipelines_client.plan.downstream import COMMANDS, DEVICE_EVENTS
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_MOST_REMEMBERED: Final = 1_000
_MOST_CHARS: Final = 100


class UnknownEvent(CallRule):
    """An event that the plan does not have."""

    code = "unknown-event"
    title = "An event that the plan does not have"
    words = (
        "Names drive campaigns and are compared letter by letter: `Account Crated` starts none. The finding names "
        "the nearest planned event. Correct the name, or plan the event."
    )
    plan = """
events:
  Account Created:
"""
    bad = (
        {"type": "track", "userId": "usr_1", "event": "Account Crated"},
        {"type": "track", "userId": "usr_1", "event": "account created"},
    )
    good = (
        {"type": "track", "userId": "usr_1", "event": "Account Created"},
        {"type": "identify", "userId": "usr_1"},
    )

    def __init__(self) -> None:
        self._nearest: dict[str, str] = {}

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield a track that is not planned; a plan without events allows all."""
        name = seen.name
        if seen.kind != "track" or seen.planned is not None or not seen.plan.events or not isinstance(name, str):
            return
        if name.strip() not in COMMANDS | DEVICE_EVENTS:  # another rule says what those are
            yield PlanHit(("event",), self._hint(name, seen))

    def _hint(self, name: str, seen: SeenCall) -> str:
        """Return which event may be meant; remembered, since comparing with all names takes milliseconds."""
        if name not in self._nearest:
            if len(self._nearest) >= _MOST_REMEMBERED:
                return ""
            known = {alias: event.name for event in seen.plan.events for alias in (event.name, *event.aliases)}
            near = nearest(name[:_MOST_CHARS], known)
            self._nearest[name] = f"did you mean {known[near]}?" if near else ""
        return self._nearest[name]
