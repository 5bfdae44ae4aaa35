"""What a key says of its value: its words, and whether they speak of something. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

KeyWords = tuple[str, ...]
"""The words of a key in small letters: `cardNumber`, `card_number` and `Card Number` are `("card", "number")`."""

_LOWER_UPPER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])")
_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST_KEY: Final = 200
_PROSE: Final = frozenset(
    {
        *("answer", "body", "comment", "comments", "content", "description", "details", "feedback", "memo"),
        *("message", "note", "notes", "remark", "remarks", "reply", "subject", "text"),
    }
)
_IDENTIFIERS: Final = frozenset(
    {
        *("account", "at", "barcode", "code", "coupon", "date", "ean", "gtin", "hash", "id", "ids", "imei"),
        *("invoice", "isbn", "ms", "order", "phone", "ref", "reference", "serial", "sku", "time", "timestamp"),
        *("tracking", "ulid", "upc", "uuid", "voucher"),
    }
)
_GENERIC: Final = frozenset(["data", "digits", "no", "nr", "num", "number", "raw", "text", "token", "val", "value"])


class Phrases:
    """A set of phrases to look for in the words of keys; a phrase matches however its words are joined.

    Example:
        ```python
        assert Phrases("credit card").are_in(words_of("creditcardNumber2"))
        ```
    """

    def __init__(self, *phrases: str) -> None:
        split = [phrase.split() for phrase in phrases]
        self._joined = frozenset("".join(words) for words in split)
        self._firsts = frozenset("".join(words[:count]) for words in split for count in range(1, len(words) + 1))
        self._lasts = frozenset("".join(words[place:]) for words in split for place in range(len(words)))
        self._counts = range(1, max(map(len, split)) + 1)

    def are_in(self, words: KeyWords) -> bool:
        """Return whether some of the words, one after the other, are a phrase."""
        return any(
            "".join(words[place : place + count]) in self._joined
            for place, word in enumerate(words)
            if word in self._firsts
            for count in self._counts
        )

    def end(self, words: KeyWords) -> bool:
        """Return whether the last words are a phrase."""
        if not words or words[-1] not in self._lasts:
            return False
        return any("".join(words[-count:]) in self._joined for count in self._counts)


@dataclass(frozen=True, slots=True)
class KeyMeaning:
    """What a key says of its value.

    Args:
        words: Its words; after those of the key above it, if it says nothing itself (`number`, `value`).
        speaks_of: Codes of the detectors that it names.
    """

    words: KeyWords = ()
    speaks_of: frozenset[str] = frozenset()

    @property
    def is_prose(self) -> bool:
        """Whether people write into it: a comment, a note."""
        return not _PROSE.isdisjoint(self.words[-2:])

    @property
    def is_identifier(self) -> bool:
        """Whether it is a number of something else: an order, a parcel, an instant."""
        return not _IDENTIFIERS.isdisjoint(self.words)


@lru_cache(2048)
def words_of(key: str) -> KeyWords:
    """Return the words of a key, without accents; of a very long key, those of its beginning."""
    text = key[:_LONGEST_KEY]
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text)
        text = "".join(each for each in plain if not unicodedata.combining(each))
    return tuple(word.lower() for word in _WORD.findall(_LOWER_UPPER.sub(" ", text)))


def is_generic(words: KeyWords) -> bool:
    """Return whether words say nothing of a value, so that the key above decides: `number`, `value`, `0`."""
    return bool(words) and all(word in _GENERIC or word.isdecimal() for word in words)


def joined(above: KeyWords, own: KeyWords) -> KeyWords:
    """Return the words by which a key is judged: with those of the key above it, if it says nothing itself."""
    return (*above, *own) if above and is_generic(own) else own
