"""How durations are said, the same in the report and its renderings. Pure."""

from __future__ import annotations

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def duration(ms: int) -> str:
    """Spell milliseconds in the unit that fits them, to three digits."""
    for unit, size in _UNITS:
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms} ms"


def percent(part: int, whole: int) -> float:
    """Return a share in percent; of nothing, nothing is 0 and anything is all."""
    if whole:
        return 100 * part / whole
    return 100.0 if part else 0.0


def plural(count: int, noun: str) -> str:
    """Spell a count and what it counts."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"
