"""Words that all rooms show alike: a count with its noun, and text from outside made safe to print. Pure."""

from __future__ import annotations

import unicodedata

_NONCHARS = 0xFFFE  # the last two of each plane


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 message`, `2 messages`."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def one_line(text: object) -> str:
    """Return text from outside without line ends, control characters, direction marks or noncharacters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unfit(char) else char for char in str(text))


def _is_unfit(char: str) -> bool:
    is_nonchar = ord(char) & _NONCHARS == _NONCHARS or "\ufdd0" <= char <= "\ufdef"  # no XML may hold them
    return is_nonchar or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")
