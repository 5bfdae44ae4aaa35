"""Makes text from outside safe to print on one line. Pure."""

from __future__ import annotations

import unicodedata

_NONCHARS = 0xFFFE  # the last two of each plane


def one_line(text: object) -> str:
    """Return text from outside without line ends, control characters, direction marks or noncharacters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unfit(char) else char for char in str(text))


def _is_unfit(char: str) -> bool:
    is_nonchar = ord(char) & _NONCHARS == _NONCHARS or "\ufdd0" <= char <= "\ufdef"  # no XML may hold them
    return is_nonchar or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")
