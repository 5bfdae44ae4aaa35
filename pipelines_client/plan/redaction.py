"""Take properties out of a call, and spell where they were without showing a value. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from pipelines_client.plan.rules.base import MessagePlace

_FIELDS: Final = frozenset(
    ("event", "name", "userId", "anonymousId", "groupId", "previousId", "timestamp", "properties", "traits", "context")
)
_Tree = dict[str | int, Any]


def spelled(place: MessagePlace, names: Collection[str]) -> str:
    """Return a place as text: `properties.items[].sku`. A name that is not in the plan may be a value, and is `*`.

    Args:
        place: Names and places.
        names: The names that may be shown.
    """
    text = ""
    for part in place:
        if isinstance(part, int):
            text += "[]"
        else:
            shown = part if part in names or (not text and part in _FIELDS) else "*"
            text = f"{text}.{shown}" if text else shown
    return text


def without(call: dict[str, Any], places: Iterable[MessagePlace]) -> dict[str, Any]:
    """Return a call without what is at some places; the call itself if nothing is there. Nothing given is changed."""
    tree: _Tree = {}
    for place in places:
        below: Any = tree
        for part in place[:-1]:
            below = below.setdefault(part, {})
            if below is None:  # all of it goes already
                break
        else:
            below[place[-1]] = None
    left: dict[str, Any] = _left(call, tree)
    return left


def _left(value: Any, tree: _Tree) -> Any:
    """Return a value without the leaves of a tree; the value itself if it has none of them."""
    pairs: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return value
    kept: list[tuple[Any, Any]] = []
    is_changed = False
    for name, each in pairs:
        if name not in tree:
            kept.append((name, each))
            continue
        below = tree[name]
        if below is None:
            is_changed = True
            continue
        made = _left(each, below)
        is_changed = is_changed or made is not each
        kept.append((name, made))
    if not is_changed:
        return value
    return dict(kept) if isinstance(value, dict) else [each for _, each in kept]
