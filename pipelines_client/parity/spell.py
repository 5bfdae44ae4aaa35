"""How numbers, durations and text from outside are written, the same in the report and its renderings. Pure."""

from __future__ import annotations

import unicodedata

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_NONCHARS = 0xFFFE  # the last two of each plane


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


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 message`, `2 messages`."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def one_line(text: object) -> str:
    """Return text from outside without line ends, control characters, direction marks or noncharacters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unfit(char) else char for char in str(text))


def _is_unfit(char: str) -> bool:
    is_nonchar = ord(char) & _NONCHARS == _NONCHARS or "\ufdd0" <= char <= "\ufdef"  # no XML may hold them
    return is_nonchar or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")
