"""How durations are said, the same in the report and its renderings. Pure."""

from __future__ import annotations

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def duration(ms: int) -> str:
    """Spell milliseconds in the unit that fits them, to three digits."""
    for unit, size in _UNITS:
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms} ms"
