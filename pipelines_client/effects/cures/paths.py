"""Paths of values in a call, such as `traits.trial_ends_at` or `properties.*.due`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

CurePath = tuple[str, ...]
"""The keys of a path; `*` stands for any key."""

ANY: Final = "*"
_KEY: Final = r'"(?:[^"\\]|\\.)*"|[^."\s]+'
_PATH: Final = re.compile(rf"(?:{_KEY})(?:\.(?:{_KEY}))*")
_ROOTS: Final = ("traits", "properties")


def parse_path(text: str) -> CurePath:
    """Return the keys of a path; a key with a dot or another mark is quoted, as reports write it.

    Raises:
        ValueError: It is not the path of a trait or property.

    Example:
        >>> parse_path('traits."first.seen"')
        ('traits', 'first.seen')
    """
    path = text.strip()
    found = re.findall(_KEY, path) if _PATH.fullmatch(path) else []
    if not found or found[0] not in _ROOTS:
        raise ValueError(f"{text!r} is not a path; write one such as traits.trial_ends_at or properties.*.due")
    try:
        return tuple(json.loads(key) if key.startswith('"') else key for key in found)
    except ValueError:
        raise ValueError(f"{text!r} has a key that is not a JSON text") from None


def deeper(paths: Sequence[CurePath], key: str) -> tuple[CurePath, ...]:
    """Return what is left of the paths below a key; an empty path is one that ends there."""
    return tuple(path[1:] for path in paths if path and path[0] in (ANY, key))
