"""Conditions on messages, as written after `--where`: `event=Order Completed`, `properties.plan!=free`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import cell

_CONDITION = re.compile(r"\s*([^=!~\s]+)\s*(!=|=|~)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """A path into the call, or a field that only the source knows; an operator; the values to compare with."""

    path: str
    sign: str
    values: tuple[str, ...]

    def holds(self, call: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
        """Return whether a message meets the condition; `about` holds what only the source knows."""
        is_about = self.path.partition(".")[0] in about
        text = _text(cell(about if is_about else call, self.path))
        if self.sign == "~":
            return any(value in text for value in self.values)
        return (text in self.values) == (self.sign == "=")


def parse_where(texts: Iterable[str]) -> tuple[Condition, ...]:
    """Read conditions: `PATH=VALUE`, `PATH!=VALUE` or `PATH~PART`; values may be alternatives, with `|` between them.

    Raises:
        SourceError: A text is not a condition.
    """
    conditions = []
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise SourceError(
                f"--where {text}: write PATH=VALUE, PATH!=VALUE or PATH~PART, as in 'event=Order Completed'"
            )
        path, sign, values = match.groups()
        conditions.append(Condition(path, sign, tuple(value.strip() for value in values.split("|"))))
    return tuple(conditions)


def _text(value: Any) -> str:
    """Return a value as JSON writes it, texts without quotes; a missing value is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
