"""How deep a line or a payload may be nested. Pure.

Each JSON library stops at another depth, and some depend on the version of Python and on the caller. Evidence is
refused at one depth that all of them read, so that the same file gives the same report everywhere.
"""

from __future__ import annotations

import re

MAX_LEVELS = 800
"""The most levels of a line: a thousand are too many for the libraries on Python 3.10. A payload may have fewer."""

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{}\]]', re.DOTALL)
_STEP = {"{": 1, "[": 1, "}": -1, "]": -1}


def is_deeper(text: str | bytes, levels: int = MAX_LEVELS) -> bool:
    """Return whether JSON text opens more than so many objects and lists inside each other, broken text too."""
    opened = text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")
    if opened <= levels:
        return False
    depth = 0
    for token in _TOKEN.finditer(text if isinstance(text, str) else text.decode("latin-1")):
        depth += _STEP.get(token[0], 0)
        if depth > levels:
            return True
    return False


def end_of_value(text: str, start: int) -> int | None:
    """Return where the object or list that begins at `start` ends, however deep it is; None if it does not end."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += _STEP.get(token[0], 0)
        if depth <= 0:
            return token.end()
    return None
