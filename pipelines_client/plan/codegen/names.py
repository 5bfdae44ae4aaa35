"""Identifiers for names of events and properties, which may be any text. Pure.

The rule: a name is written in `snake_case`; a keyword, and a name that the module needs itself, gets `_` at its end. If
two names come out alike, the first in the plan has it, and a later one gets four digits of its hash at the end. So what
a name becomes depends on itself and on what stands above it: adding something below changes nothing.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from unicodedata import normalize

_MOST_LONG: Final = 60
_DIGITS: Final = (4, 8, 16, 64)
_WORD_ENDS: Final = (re.compile(r"([a-z0-9])([A-Z])"), re.compile(r"([A-Z])([A-Z][a-z])"))
_UNNAMED: Final = "unnamed"


class Identifiers:
    """The identifiers of one scope.

    Args:
        reserved: What the scope has already.

    Example:
        ```python
        names = Identifiers(["client"])
        assert [names.claim(snake(each), each) for each in ("orderId", "order id", "class", "client")] == [
            "order_id", "order_id_b2f7", "class_", "client_"
        ]
        ```
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._taken: set[str] = set()

    def claim(self, wanted: str, own: str) -> str:
        """Return an identifier that nothing else in the scope has.

        Args:
            wanted: What it should be: an identifier or a keyword.
            own: What it stands for, whose hash tells it from the others.
        """
        if keyword.iskeyword(wanted) or wanted in self._reserved:
            wanted = f"{wanted}_"
        found = wanted
        for digits in _DIGITS:
            if found not in self._taken and found not in self._reserved:
                break
            found = f"{wanted}_{_hash(own)[:digits]}"
        while found in self._taken or found in self._reserved:
            found += "_"
        self._taken.add(found)
        return found


def snake(text: str) -> str:
    """Return a text as a name in `snake_case`: an identifier or a keyword."""
    return _short("_".join(_words(text)), text)


def pascal(*texts: str) -> str:
    """Return texts as one name in `PascalCase`: an identifier."""
    words = [word for text in texts for word in _words(text)]
    return _short("".join(word[:1].upper() + word[1:] for word in words), "\0".join(texts))


def _words(text: str) -> list[str]:
    text = normalize("NFKC", text)
    for end in _WORD_ENDS:
        text = end.sub(r"\1 \2", text)
    text = normalize("NFKC", text.lower())  # an identifier is read in this form
    return "".join(each if f"a{each}".isidentifier() and each != "_" else " " for each in text).split()


def _short(name: str, text: str) -> str:
    name = normalize("NFKC", name)
    if len(name) > _MOST_LONG:
        name = f"{name[:_MOST_LONG]}_{_hash(text)[:4]}"
    if name and not name.isidentifier():  # it begins with a digit
        name = f"_{name}"
    return name if name.isidentifier() else _UNNAMED


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
