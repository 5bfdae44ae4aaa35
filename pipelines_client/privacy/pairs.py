"""Names and values within a text: `password=…` in an address or a log line, `"password": "…"` in JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from pipelines_client.privacy.glance import Hint

_VALUE: Final = r"[^\s\"'&,;<>{}\[\]|/=:]"
_PAIR: Final = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{1,40})(?:(?<=[A-Za-z_.-])|(?<=[A-Za-z_.-][0-9]))"
    rf"(?P<close>[\"']?)(?P<sign>\s?[=:]\s?)(?P<open>[\"']?)(?P<value>{_VALUE}(?:{_VALUE}|[/=:])*)",
    re.ASCII,
)
HINTS: Final = tuple(Hint((sign,), pattern=rf"{sign}(?<![0-9][0-9]{sign})\s?[\"']?{_VALUE}") for sign in ("=", ":"))
"""A text that has a pair has one. The time of day has none: `T09:30`."""
_LIKE_A_SECRET: Final = re.compile(r"(?=.*[\d\W_]).{6,}")
_SHORTEST: Final = 4


class Pair(NamedTuple):
    """A name, its value, and where the value stands."""

    name: str
    value: str
    start: int
    end: int


def pairs_in(text: str) -> Iterator[Pair]:
    """Yield the pairs in a text; of a sentence with a colon ("password: try again") only what looks like a secret."""
    for match in _PAIR.finditer(text):
        value = match["value"]
        is_said = match["sign"].strip() == ":" and not match["close"] and not match["open"]
        if len(value) >= _SHORTEST and (not is_said or _LIKE_A_SECRET.fullmatch(value)):
            yield Pair(match["name"], value, *match.span("value"))
