"""Cures as a client's settings, and the function that Customer.io's destination gets of them. Pure.

The cures themselves are in `effects.cures`, which is imported only if one is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from pipelines_client.destinations.base import Curing

_PREFIX: Final = "customerio_"
SETTINGS: Final = (
    "customerio_created_at",
    "customerio_page_names",
    "customerio_dates",
    "customerio_dates_include",
    "customerio_dates_exclude",
)
"""The settings about cures, in the order in which they are applied."""


def asked_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the settings about cures ask for, as `effects.cures` takes it; empty if nothing."""
    asked = {name.removeprefix(_PREFIX): value for name, value in values.items() if value not in (None, "off", ())}
    return {name: [*value] if type(value) is tuple else value for name, value in asked.items()}


def settings_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that ask for this.

    Raises:
        ValueError: It cannot be asked for.
    """
    if not asked:
        return {}
    from pipelines_client.effects.cures import asked_cures

    checked = asked_cures(asked)
    return {_PREFIX + name: tuple(value) if type(value) is list else value for name, value in checked.items()}


def paths_of(name: str, value: Any, dates: str | None) -> Any:
    """Return the value of a setting of paths as a tuple, from any collection or from a text with commas.

    Raises:
        ValueError: One is not a path, or `dates`, to which they belong, is not set.
    """
    if not isinstance(value, Collection):
        return value
    if not value:
        return ()
    from pipelines_client.effects.cures import asked_cures

    key = name.removeprefix(_PREFIX)
    return tuple(asked_cures({"dates": dates, key: value} if dates else {key: value}).get(key, ()))


def curing_of(asked: Mapping[str, Any], *, max_bytes: int) -> Curing | None:
    """Return what turns a message into what is sent; None if that is what was recorded."""
    if not asked:
        return None
    from pipelines_client.effects.cures import make_cures

    cures = make_cures(asked, max_bytes=max_bytes)
    return None if cures is None else cures.body
