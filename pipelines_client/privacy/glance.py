"""Whether a text may hold anything: plain searches for most texts, a regular expression for few. Pure.

Words alone hold nothing, nor does a text that is an ordinary time or address as a whole. A pattern that begins with a
plain character is found as fast as that character is. One large regular expression takes several times as long: it
tries each branch at each character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_BONES: Final = bytes(
    ord("0") if chr(code) in "0123456789" else ord("A") if "A" <= chr(code) <= "Z" else code for code in range(256)
)
_GONE: Final = " .-\u00a0".encode()


_DULL: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
    r"|https?://[a-z.-]{1,80}(?:/(?:[a-z0-9]{0,10}|(?:[a-z]{1,15}-)+[a-z]{1,15}))*",
    re.ASCII,
)
"""Times, and addresses of small words without query or user. A part of an address fits one branch only: no way back."""


def is_dull(text: str) -> bool:
    """Return whether a text is one of the usual ones that hold nothing: words, an ISO time, a plain address."""
    return text.replace(" ", "").replace(",", "").isalpha() or _DULL.fullmatch(text) is not None


class Hint(NamedTuple):
    """What a text has in which something may be found; it may be there too often, never too seldom.

    The plain texts are looked for first, which takes next to no time; if one is there, the pattern decides.

    Args:
        needles: Texts of which one is there.
        skeleton: What is there once blanks, dots and dashes are gone, each digit is a 0 and each capital an A.
        pattern: A regular expression that matches; empty if the needles are enough.
    """

    needles: tuple[str, ...] = ()
    skeleton: bytes = b""
    pattern: str = ""


class Glance:
    """Whether a text has one of the hints."""

    def __init__(self, hints: Sequence[Hint]) -> None:
        patterns = [(hint, re.compile(hint.pattern).search) for hint in hints if hint.pattern]
        self._needles = tuple(needle for hint in hints if not hint.pattern for needle in hint.needles)
        self._by_needle = [(hint.needles, search) for hint, search in patterns if hint.needles]
        self._by_skeleton = [(hint.skeleton, search) for hint, search in patterns if hint.skeleton]

    def __call__(self, text: str) -> bool:
        """Return whether a text has one of the hints."""
        if is_dull(text):
            return False
        for needle in self._needles:
            if needle in text:
                return True
        for needles, search in self._by_needle:
            for needle in needles:
                if needle in text:
                    if search(text):
                        return True
                    break
        bones = text.encode("utf-8", "surrogatepass").translate(_BONES, _GONE)
        for skeleton, search in self._by_skeleton:  # noqa: SIM110 - a generator takes longer than what it asks
            if skeleton in bones and search(text):
                return True
        return False
