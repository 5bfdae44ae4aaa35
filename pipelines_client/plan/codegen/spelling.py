"""Values, comments and docstrings as Python text that nothing in a plan can break out of. Pure.

The text holds printable characters only, for any name, enum or description, and `ruff format` leaves it as it is.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any, Final

WIDTH: Final = 88
"""The line length that `ruff format` has if a project says nothing."""
_MOST_SHOWN: Final = 60
_SHORT, _LONG = 0xFF, 0xFFFF


def text_literal(text: str) -> str:
    """Return a string literal with the quotes that need fewer escapes, as formatters choose them."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{''.join(_escaped(each, quote) for each in text)}{quote}"


def _escaped(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return f"\\{character}"
    if character.isprintable():
        return character
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named is not None:
        return named
    code = ord(character)
    return f"\\x{code:02x}" if code <= _SHORT else f"\\u{code:04x}" if code <= _LONG else f"\\U{code:08x}"


def literal(value: Any) -> str | None:
    """Return a value as `Literal` takes it: text, an integer, a truth value or None; None for any other."""
    if isinstance(value, str):
        return text_literal(value)
    return repr(value) if value is None or isinstance(value, bool | int) else None


def shown(text: str) -> str:
    """Return a name as a comment shows it: a literal, cut if it is long."""
    return text_literal(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")


def prose(text: str) -> str:
    """Return a text as one line of a docstring, which it cannot end."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return re.sub('"{3,}', "'''", " ".join(printable.split())).replace("\\", "\\\\")


def paragraph(text: str, indent: str, rest_indent: str | None = None) -> list[str]:
    """Return a text's lines, broken between words."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if rest_indent is None else rest_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def docstring(summary: str, parts: Iterable[list[str]], indent: str = "    ") -> list[str]:
    """Return a docstring's lines: the summary, then parts with an empty line before each.

    Args:
        summary: `prose` that ends with a full stop.
        parts: Lines that have their indentation; an empty part is left out.
        indent: Indentation of the docstring.
    """
    kept = [part for part in parts if part]
    if not kept:
        return [f'{indent}"""{summary}"""']
    lines = [f'{indent}"""{summary}']
    for part in kept:
        lines += ["", *part]
    return [*lines, f'{indent}"""']
