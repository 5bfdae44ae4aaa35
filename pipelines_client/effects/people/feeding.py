"""A call by a route → what it does to the people of a workspace. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines_client.effects.people.profile import CallKind
from pipelines_client.evidence.instants import unix_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.effects.model import Call, Effect
    from pipelines_client.effects.people.state import PersonOutcome
    from pipelines_client.effects.people.workspace import Workspace
    from pipelines_client.effects.routes.base import Route

_MOST_CHARS = 200


def feed(workspace: Workspace, route: Route, call: Call, received_ms: int | None = None) -> tuple[PersonOutcome, ...]:
    """Apply what a call does by a route; return an outcome for each effect.

    Args:
        workspace: The people so far.
        route: The route of the call.
        call: A message, or a line of an archive, which has two times (FACTS S7).
        received_ms: When it arrived, in Unix milliseconds; None: its `receivedAt`, else its timestamp.
    """
    return apply_all(workspace, route.effects_of_line(call), call, received_ms)


def apply_all(
    workspace: Workspace, effects: Iterable[Effect], call: Call, received_ms: int | None = None
) -> tuple[PersonOutcome, ...]:
    """Apply the effects of a call, which a route has returned; for the rest see `feed`."""
    if received_ms is None:
        received_ms = unix_ms(call.get("receivedAt"))
    source = kind_of(call)
    return tuple(workspace.apply(effect, source, received_ms) for effect in effects)


def kind_of(call: Call) -> CallKind:
    """Return the type of a call, and of a track call the event's name, without spaces around it (FACTS C13)."""
    kind = _text(call.get("type"))
    return CallKind(kind, _text(call.get("event")).strip(" ") if kind == "track" else "")


def _text(value: Any) -> str:
    return value[:_MOST_CHARS] if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
