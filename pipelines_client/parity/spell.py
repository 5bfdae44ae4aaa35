"""How counts, durations and shares are written, the same in the report and its renderings. Pure."""

from __future__ import annotations

from pipelines_client.wording import plural

__all__ = ["duration", "percent", "plural"]

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def duration(ms: int) -> str:
    """Return milliseconds in the unit that fits them, to three digits."""
    for unit, size in _UNITS:
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms} ms"


def percent(part: int, whole: int) -> float:
    """Return a share in percent. Of zero, zero is 0 and anything else is 100."""
    if whole:
        return 100 * part / whole
    return 100.0 if part else 0.0
