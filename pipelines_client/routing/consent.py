"""Whether the person behind a message agrees to a leg: the message's `integrations` and its consent categories. Pure.

Segment asks both for each of its destinations. Customer.io's leg stands in the place of one of them, Segment's own
Customer.io destination, so what switches that one off by name switches the leg off (FACTS S12, R11).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO, INTEGRATION_PRESETS

MARK: Mapping[str, bool] = INTEGRATION_PRESETS["customerio_off"]
"""The `integrations` that keep a message from Segment's Customer.io destination, whichever name it has there."""

CONSENT_SETTINGS = ("customerio_consent", "segment_consent")
"""The settings with the categories that each leg needs."""


def categories_of(kept: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return these settings from plain JSON values, as far as they are there."""
    return {name: frozenset(map(str, kept[name])) for name in CONSENT_SETTINGS if name in kept}


def refuses_by_name(integrations: object) -> bool:
    """Return whether a message's `integrations` switch Customer.io off by a name of it, and on by none.

    That keeps it from Customer.io's leg. `{"All": False}` does not: it is about what Segment forwards to.
    """
    if not isinstance(integrations, Mapping) or asks_by_name(integrations):
        return False
    return any(integrations.get(name) is False for name in MARK)


def is_switched_off(integrations: object) -> bool:
    """Return whether `integrations` keep a message from Segment's Customer.io destination: by name or all."""
    if not isinstance(integrations, Mapping) or asks_by_name(integrations):
        return False
    return integrations.get("All") is False or refuses_by_name(integrations)


def asks_by_name(integrations: object) -> bool:
    """Return whether a message's `integrations` switch Segment's Customer.io destination on by a name of it.

    A value that is an object holds options, and switches it on.
    """
    if not isinstance(integrations, Mapping):
        return False
    return any(integrations.get(name) not in (False, None) for name in FORWARDS_TO_CUSTOMERIO)


def has_mark(integrations: object) -> bool:
    """Return whether `integrations` are those that this client adds, with or without others."""
    return isinstance(integrations, Mapping) and all(integrations.get(name) is False for name in MARK)


def lacks_consent(call: Mapping[str, Any], needed: Collection[str]) -> bool:
    """Return whether a message's consent categories forbid what needs all of these.

    A category that its `categoryPreferences` do not name is refused. A message without preferences is allowed: that
    is how Segment treats it (FACTS R11).
    """
    preferences: Any = call
    for name in ("context", "consent", "categoryPreferences"):
        preferences = preferences.get(name) if isinstance(preferences, Mapping) else None
    if not isinstance(preferences, Mapping) or not preferences:
        return False
    return any(preferences.get(category) is not True for category in needed)
