"""Dates as Unix seconds: what the old route writes, and what timestamp conditions match (FACTS R1, R2). Pure.

The same texts as on the old route, at any depth of objects and not in lists, in the calls whose dates it converts. The
attributes of a relationship in an identify stay: the old route has them in a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pipelines_client.effects.cures.base import PAYLOADS, Cure
from pipelines_client.effects.cures.paths import CurePath, deeper, parse_path
from pipelines_client.effects.dates import seconds_of
from pipelines_client.effects.model import MAX_LEVELS, Call
from pipelines_client.effects.routes.segment_mapping import CONVERTS, triggered

_ROOTS: Final = ("traits", "properties")
_LEFT_ALONE: Final = ("relationshipAttributes",)


class DatesCure(Cure):
    """Spells dates in traits and properties as Unix seconds."""

    name: ClassVar[str] = "dates"
    value: ClassVar[str] = "unix"
    options: ClassVar[tuple[str, ...]] = ("include", "exclude")
    says: ClassVar[str] = "dates in traits and properties are Unix seconds"

    def __init__(self, options: Mapping[str, Sequence[str]]) -> None:
        """Make the cure; `include` limits it to values at and below these paths, `exclude` leaves some out."""
        include, exclude = (tuple(map(parse_path, options.get(name, ()))) for name in self.options)
        self._include: tuple[CurePath, ...] = include or tuple((root,) for root in _ROOTS)
        self._exclude: tuple[CurePath, ...] = exclude

    def apply(self, call: Call) -> Call:
        """Return the call with its dates as Unix seconds."""
        kind = call.get("type")
        field = PAYLOADS.get(kind, "") if type(kind) is str else ""
        payload = call.get(field)
        if type(payload) is not dict or not _is_converted(kind, call.get("event")):
            return call
        alone = ((field, key) for key in _LEFT_ALONE if kind == "identify")
        exclude = deeper((*self._exclude, *alone), field)
        new = _converted(payload, deeper(self._include, field), exclude, MAX_LEVELS)
        return call if new is payload else {**call, field: new}


def _is_converted(kind: Any, event: Any) -> bool:
    """Return whether the old route converts dates in such a call. Spaces do not hide a command (FACTS C13)."""
    name = event.strip() if type(event) is str else event
    return not CONVERTS.isdisjoint(triggered({"type": kind, "event": name}))


def _converted(value: Any, include: Sequence[CurePath], exclude: Sequence[CurePath], levels: int) -> Any:
    """Return a value with dates as Unix seconds where a path of `include` has ended and none of `exclude` has."""
    if () in exclude or not include:
        return value
    if type(value) is str:
        at = seconds_of(value) if () in include else None
        return value if at is None else at
    if type(value) is not dict or not levels:
        return value
    below = [path for path in include if not path]  # everything below such a path is asked for
    changed = {}
    for key, item in value.items():
        kind = type(item)
        if kind is str or kind is dict:
            new = _converted(item, below or deeper(include, key), deeper(exclude, key), levels - 1)
            if new is not item:
                changed[key] = new
    return {**value, **changed} if changed else value
