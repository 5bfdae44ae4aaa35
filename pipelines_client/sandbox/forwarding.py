"""Segment's own Customer.io destination: it forwards what Segment accepts to the workspace, and rewrites it.

It obeys a message's `integrations` (FACTS S12, S5) and a filter by the time of receipt (FACTS R9). What it makes of a
message is what `effects` knows of the old route. What it forwards does not pass through Data Pipelines, so it is not in
the storage files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines_client.effects import Action, SegmentDestination
from pipelines_client.sandbox.layouts import archive_line

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines_client.effects import DestinationSettings, Effect
    from pipelines_client.sandbox.model import Body, Call
    from pipelines_client.sandbox.people import KeptPeople

DESTINATION = "Actions Customerio"
"""The name by which `integrations` know it, unless it is an older one."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A message that was forwarded, and what it does in the workspace."""

    message_id: str
    received_at: datetime
    effects: tuple[Effect, ...]


class Forwarding:
    """Forwards the messages of one Segment API.

    Args:
        name: Its name in `integrations`.
        before: Forward only what was received before this instant, aware; None: everything.
        settings: How the team has set it.

    Attributes:
        forwarded: What it has forwarded, in order.
        people: The people of the workspace that it forwards to, if they are kept.
    """

    def __init__(
        self, name: str = DESTINATION, *, before: datetime | None = None, settings: DestinationSettings | None = None
    ) -> None:
        self.forwarded: list[Forwarded] = []
        self.people: KeptPeople | None = None
        self._name, self._before = name, before
        self._route = SegmentDestination(settings)

    def take(self, api: str, call: Call) -> None:
        """Forward a message that an API has accepted, if its `integrations` and the filter allow it."""
        if self._before is not None and call.received_at >= self._before:
            return
        for body in call.stored:
            if not _is_off(body.get("integrations"), self._name):
                self._forward(call, archive_line(api, call, body))

    def _forward(self, call: Call, line: Body) -> None:
        effects = self._route.effects(line)
        if any(effect.action is not Action.NOTHING for effect in effects):
            self.forwarded.append(Forwarded(call.message_id, call.received_at, effects))
            if self.people is not None:
                self.people.arrive([line], call.received_at, self._route)


def _is_off(integrations: Any, name: str) -> bool:
    """Return whether `integrations` switch a destination off: by its name, else all of them."""
    return isinstance(integrations, dict) and integrations.get(name, integrations.get("All", True)) is False
