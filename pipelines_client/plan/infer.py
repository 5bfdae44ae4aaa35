"""Writes a first plan from what was sent: names, types, what is always there, values that are few, dates, amounts.

What it says holds for all messages that are not left out, so that these pass the check of the plan. It knows no
meaning: descriptions, stages and owners are for people. A value gets into the plan only if many messages share it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from pipelines_client.plan.lint.names import words_of
from pipelines_client.plan.model import (
    ANY_NAME,
    NAME_FIELDS,
    Conventions,
    IdConvention,
    PlannedCall,
    Schema,
    TrackingPlan,
)
from pipelines_client.plan.shapes import DateSpellingName, PrivacyQuestion, ValueShape, is_telling_name

_PAYLOADS: Final[Mapping[str, str]] = {
    "track": "properties", "page": "properties", "screen": "properties", "identify": "traits", "group": "traits",
}  # fmt: skip
_MOST_EVENTS: Final = 2_000
_MOST_PAGES: Final = 50
_AMOUNTS: Final = frozenset("amount cents discount fee mrr price revenue shipping subtotal tax total".split())  # noqa: SIM905
_PREFIX: Final = re.compile(r"[A-Za-z]{2,20}[_-]")
_LEAST_IDS: Final = 20


class Inference:
    """Takes messages one by one, and keeps the shape of their payloads.

    Args:
        is_private: Whether a text must not get into the plan, asked with the name of its property. Texts whose name
            speaks of a person, texts with two capitalised words, and texts that few messages share, never do.

    Example:
        ```python
        inference = Inference()
        for call in calls:
            inference.add(call)
        print(dump_plan(inference.plan("Shop")))
        ```
    """

    def __init__(self, is_private: PrivacyQuestion = lambda _name, _value: False) -> None:
        self._is_private = is_private
        self.messages = 0
        """How many messages were looked at."""
        self.left_out = 0
        """How many have a name that says who a person is, one too many for a plan, or a type that is not known."""
        self._shapes: dict[tuple[str, str], ValueShape] = {}
        self._prefixes: Counter[str] = Counter()

    def add(self, call: Mapping[str, Any]) -> None:
        """Look at a message; one that is none is counted as left out."""
        kind = call.get("type")
        if kind == "alias":
            self.messages += 1
            return
        if not isinstance(kind, str) or kind not in _PAYLOADS:
            self.left_out += 1
            return
        name = call.get(NAME_FIELDS[kind]) if kind in NAME_FIELDS else ""
        key = (kind, name if isinstance(name, str) else "")
        if key not in self._shapes and is_telling_name(key[1], self._is_private):
            key = (kind, "")  # one page of such a name makes all of them free
        if (kind == "track" and not key[1]) or (key not in self._shapes and len(self._shapes) >= _MOST_EVENTS):
            self.left_out += 1
            return
        self.messages += 1
        payload = call.get(_PAYLOADS[kind])
        self._shapes.setdefault(key, ValueShape()).add(payload if isinstance(payload, dict) else {})
        user_id = call.get("userId")
        if isinstance(user_id, str):
            found = _PREFIX.match(user_id)
            self._prefixes[found[0] if found and len(self._prefixes) < _LEAST_IDS else ""] += 1

    @property
    def names_left_out(self) -> int:
        """How many names of properties are not in the plan: they hold blanks, or may be names of persons, or ids."""
        return sum(shape.names_left_out(self._is_private) for shape in self._shapes.values())

    def plan(self, name: str = "") -> TrackingPlan:
        """Return the plan: the same for the same messages in any order."""
        return TrackingPlan(
            name=name,
            conventions=self._conventions(),
            identify=self._one("identify"),
            group=self._one("group"),
            pages=self._listed("page"),
            screens=self._listed("screen"),
            events=tuple(
                PlannedCall("track", key[1], schema=self._schema(shape))
                for key, shape in sorted(self._shapes.items())
                if key[0] == "track"
            ),
        )

    def _schema(self, shape: ValueShape) -> Schema:
        return shape.schema(is_private=self._is_private)

    def _one(self, kind: Any) -> PlannedCall | None:
        shape = self._shapes.get((kind, ""))
        return None if shape is None else PlannedCall(kind, schema=self._schema(shape))

    def _listed(self, kind: Any) -> tuple[PlannedCall, ...] | None:
        """Return the names of pages or screens if they are few; a site with many is not listed."""
        named = {name: shape for (its, name), shape in sorted(self._shapes.items()) if its == kind}
        if not named:
            return None
        if "" in named or ANY_NAME in named or len(named) > _MOST_PAGES:
            return (PlannedCall(kind, ANY_NAME),)
        return tuple(PlannedCall(kind, name, schema=self._schema(shape)) for name, shape in named.items())

    def _conventions(self) -> Conventions:
        leaves = [leaf for shape in self._shapes.values() for leaf in shape.leaves()]
        amounts = [(name, leaf) for name, leaf in leaves if _is_amount(name) and leaf.is_number]
        cents = any("cents" in words_of(name) for name, _ in amounts)
        parts = any(leaf.has_fractions for _, leaf in amounts)
        dates: set[DateSpellingName] = {
            spelling for name, leaf in leaves if (spelling := leaf.date_spelling(name)) is not None
        }
        (prefix, count), *others = self._prefixes.most_common() or [("", 0)]
        money: Literal["cents", "decimals"] = "cents" if cents else "decimals"
        return Conventions(
            money=None if cents == parts else money,
            money_properties=tuple(sorted({name for name, _ in amounts})) if cents != parts else (),
            dates=dates.pop() if len(dates) == 1 else None,
            ids=IdConvention(f"^{re.escape(prefix)}" if prefix and not others and count >= _LEAST_IDS else None),
        )


def _is_amount(name: str) -> bool:
    return not _AMOUNTS.isdisjoint(words_of(name)[-1:])
