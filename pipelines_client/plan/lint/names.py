"""How names are written: words, styles, and which names are one name in two spellings. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Final

_SEPARATORS = re.compile(r"[\W_]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SNAKE = re.compile(r"[^\W_A-Z]+(_[^\W_A-Z]+)*")
_CAMEL = re.compile(r"[a-z][^\W_]*")
_TITLE_WORD = re.compile(r"[^\W_a-z](?:[^\W_]|['&/+.#-])*")
_SMALL_WORDS: Final = frozenset(
    """a an and as at by for from in of on or the to via vs with""".split()  # noqa: SIM905 - words read better as text
)
_ENDINGS: Final = ("ied", "ed", "ing", "ies", "es", "s", "d", "e")
_LEAST_STEM = 3
_LEAST_WORD = 5
"""Letters that a word needs before one letter more or less is taken for a typing error: `card` and `cart` are two."""


@cache
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters: of `orderCompleted` and `Order Completed` the same two."""
    parts = (part for each in _SEPARATORS.split(name) for part in _HUMPS.split(each))
    return tuple(part.lower() for part in parts if part)


def folded(name: str) -> str:
    """Return what spellings of one name share: `orderId`, `order_id` and `Order ID` are `orderid`."""
    return "".join(words_of(name)) or name


@cache
def stem(word: str) -> str:
    """Return a word without its usual endings: of `completed`, `completes` and `complete` the same."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
            break
    return word.removesuffix(word[-1]) if _ends_twice(word) else word


def bag(name: str) -> str:
    """Return what names of the same words share: of `Complete Order` and `Order Completed` the same."""
    return " ".join(sorted(map(stem, words_of(name)))) or name


def _ends_twice(word: str) -> bool:
    """Return whether the last letter stands there twice, as in `cancell` and `stopp`."""
    return len(word) > _LEAST_STEM and word[-1] == word[-2] and word[-1] in "bdgklmnprt"


def _is_title(name: str) -> bool:
    words = name.split(" ")
    return all(_TITLE_WORD.fullmatch(word) or (number and word in _SMALL_WORDS) for number, word in enumerate(words))


STYLES: Final[Mapping[str, Callable[[str], bool]]] = {
    "Title Case": _is_title,
    "snake_case": lambda name: _SNAKE.fullmatch(name) is not None,
    "camelCase": lambda name: _CAMEL.fullmatch(name) is not None,
}


def in_style(name: str, style: str) -> str:
    """Return a name as a style writes it.

    Example:
        ```python
        assert in_style("orderCompleted", "Title Case") == "Order Completed"
        assert in_style("Order ID", "snake_case") == "order_id"
        ```
    """
    words = words_of(name)
    if style == "snake_case":
        return "_".join(words)
    if style == "camelCase":
        return "".join([*words[:1], *(word.capitalize() for word in words[1:])])
    small = (word if word in _SMALL_WORDS and number else word.capitalize() for number, word in enumerate(words))
    return " ".join(small)


def usual_style(names: Iterable[str], styles: Iterable[str]) -> str | None:
    """Return the style that most names have; None if none has one of these."""
    tried = {style: STYLES[style] for style in styles}
    counts = Counter(style for name in names for style, has in tried.items() if has(name))
    most = max(counts.values(), default=0)
    return next((style for style in tried if most and counts[style] == most), None)


def pairs_one_letter_apart(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of names of which one looks like a typing error of the other, each pair once.

    One letter of a long word is missing, added, replaced, or has changed place with the next one. Digits are no
    letters here: `Step 1 Viewed` and `Step 2 Viewed` are two names.
    """
    keys: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(set(names)):
        words = words_of(name)
        for number, word in enumerate(words):
            if len(word) < _LEAST_WORD - 1:
                continue
            shorter = {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
            for each in sorted(shorter):
                keys.setdefault((*words[:number], each, "\0", *words[number + 1 :]), []).append(name)
    seen: set[tuple[str, str]] = set()
    for group in keys.values():
        for number, left in enumerate(group):
            for right in group[number + 1 :]:
                if (left, right) not in seen and _is_typo(words_of(left), words_of(right)):
                    seen.add((left, right))
                    yield left, right


def _is_typo(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    differing = [(one, other) for one, other in zip(left, right, strict=False) if one != other]
    return len(left) == len(right) and len(differing) == 1 and _is_one_letter_apart(*differing[0])


def _is_one_letter_apart(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(long) < _LEAST_WORD or any(char.isdigit() for char in one + other):
        return False
    if len(short) < len(long):
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    apart = [at for at, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
    if len(apart) == 1:
        return True
    if len(apart) != len("ab") or apart[1] != apart[0] + 1:
        return False
    first, second = apart
    return one[first] == other[second] and one[second] == other[first]
