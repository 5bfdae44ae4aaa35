"""How a count is written with its noun, the same in all that a person reads. Pure."""

from __future__ import annotations


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
