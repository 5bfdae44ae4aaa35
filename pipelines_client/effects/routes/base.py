"""What a route is. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pipelines_client.effects.model import as_sent

if TYPE_CHECKING:
    from pipelines_client.effects.model import Call, Effect


class Route(ABC):
    """A way of calls into a workspace.

    Attributes:
        name: Its name in settings and reports.
        title: What it is called in text.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def effects(self, call: Call) -> tuple[Effect, ...]:
        """Return what a call does in the workspace; `Action.NOTHING` with a reason if it leaves no trace.

        It never raises for a JSON object, and changes nothing in it. An effect may hold values of the
        call itself.
        """

    def effects_of_line(self, line: Call) -> tuple[Effect, ...]:
        """Return what the call in an archive's line does: of its two times the client's counts (FACTS S7)."""
        return self.effects(as_sent(line))
