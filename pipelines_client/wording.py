"""How a count is written with its noun, and text from outside on one line, in all that a person reads. Pure."""

from __future__ import annotations

import unicodedata

_NONCHARS = 0xFFFE  # the last two of each plane


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its words: `1 message`, `2,000 messages`.

    Args:
        count: How many.
        one: What follows a 1, such as `message waits`.
        many: What follows any other number, such as `messages wait`; default: `one` with an s.

    Example:
        ```python
        assert plural(1, "message waits", "messages wait") == "1 message waits"
        assert plural(0, "row") == "0 rows"
        ```
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def one_line(text: object) -> str:
    r"""Return text from outside without line ends, control characters, direction marks or noncharacters.

    Example:
        ```python
        assert one_line("Paid\n::error::") == "Paid\N{REPLACEMENT CHARACTER}::error::"
        ```
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unfit(char) else char for char in str(text))


def _is_unfit(char: str) -> bool:
    is_nonchar = ord(char) & _NONCHARS == _NONCHARS or "\ufdd0" <= char <= "\ufdef"  # no XML may hold them
    return is_nonchar or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")
