"""Short ways to write a call, and what a workspace sees of it."""

from __future__ import annotations

from typing import Any

from pipelines_client.effects import Action, Effect

AT = "2026-11-20T09:30:00Z"
AT_S = 1795167000
"""The same instant in Unix seconds."""


def identify(traits: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return an identify call of `user-42`, without a time unless it is given."""
    return _call("identify", {"userId": "user-42", "traits": traits or {}}, fields)


def track(event: Any = "Order Completed", properties: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a track call of `user-42`."""
    return _call("track", {"userId": "user-42", "event": event, "properties": properties or {}}, fields)


def page(properties: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a page call of `user-42`."""
    return _call("page", {"userId": "user-42", "properties": properties or {}}, fields)


def screen(properties: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a screen call of `user-42`."""
    return _call("screen", {"userId": "user-42", "properties": properties or {}}, fields)


def group(traits: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a group call of `user-42` for the group `acme`."""
    return _call("group", {"userId": "user-42", "groupId": "acme", "traits": traits or {}}, fields)


def alias(**fields: Any) -> dict[str, Any]:
    """Return an alias of `user-41` to `user-42`."""
    return _call("alias", {"userId": "user-42", "previousId": "user-41"}, fields)


def _call(kind: str, given: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return a call; a field that is None is left out."""
    return {name: value for name, value in {"type": kind, **given, **fields}.items() if value is not None}


def sees(action: str, **what: Any) -> Effect:
    """Return an effect on `user-42`, unless another `person` is given, or None for no person."""
    person = what.pop("person", {"id": "user-42"})
    return Effect(Action(action), what if person is None else {"person": person, **what})


def nothing(why: str) -> Effect:
    """Return the effect of a call that leaves no trace."""
    return Effect(Action.NOTHING, why=why)
