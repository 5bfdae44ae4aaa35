"""Values that are nested deep."""

from __future__ import annotations

from typing import Any


def nested(levels: int) -> Any:
    """Return a value of so many levels: a parser takes 1,024 of them, and the writer of exports fewer."""
    value: Any = 1
    for _ in range(levels):
        value = {"x": value}
    return value
