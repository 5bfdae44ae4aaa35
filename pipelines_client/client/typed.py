"""Typed events and traits at the calls: what a pydantic model of `plan.events` stands for (docs/plan.md)."""

from __future__ import annotations

import sys
from typing import Any

_EVENTS = "pipelines_client.plan.events"


def unpacked(event: Any, properties: Any, context: Any) -> tuple[str, Any, Any] | None:
    """Return name, properties and context of the call that a typed event stands for; None if it is not one.

    Raises:
        AssertionError: There are properties beside it.
    """
    events = sys.modules.get(_EVENTS)  # an event is there only if it was imported
    if events is None or not isinstance(event, events.TrackEvent):
        return None
    if properties is not None:
        raise AssertionError("a typed event has its properties: give none beside it")
    return events.name_of(type(event)), events.payload_of(event), events.context_of(event, context)


def traits_of(value: Any) -> Any:
    """Return the traits that typed traits stand for; leave all else."""
    events = sys.modules.get(_EVENTS)
    return events.payload_of(value) if events is not None and isinstance(value, events.PlannedModel) else value
