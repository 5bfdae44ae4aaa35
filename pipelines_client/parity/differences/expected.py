"""Expected differences: which rule explains a difference or an absence, if any does. Pure.

The rules of `parity.toml` come first, in their order, then those that come with the package. An expired rule explains
nothing. Wildcards: `*` stands for any characters, dots too; it never stands for a payload of which only the hash is
known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipelines_client.parity.differences.diff import Difference
from pipelines_client.parity.model import ExpectedRow
from pipelines_client.parity.rules import ANY, MISSING, Builtin, ExpectedRule, Rules

WHOLE_PAYLOAD = "(whole payload)"
"""The path of a difference from the ledger, which keeps a hash and no payload."""

MAX_VALUE_BYTES = 1000
MAX_NAME_BYTES = 150
"""What Customer.io keeps of an attribute's value and name (FACTS C13)."""

_MAX_CHARACTER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Known:
    """One rule, ready to be asked."""

    row: ExpectedRow
    path: re.Pattern[str]
    event: re.Pattern[str]

    def explains_drift(self, path: str, kind: str, event: str, builtin: str) -> bool:
        """Say whether a difference is as the rule says; `builtin` names the one of ours that knows its values."""
        if self.row.is_builtin:
            return builtin == self.row.name
        is_path = path == self.row.path or (path != WHOLE_PAYLOAD and self.path.fullmatch(path) is not None)
        return is_path and self.row.kind in ("", kind) and self.event.fullmatch(event) is not None

    def explains_absence(self, side: str, event: str) -> bool:
        """Say whether an absence is as the rule says."""
        is_asked = self.row.kind == MISSING and not self.row.is_builtin
        return is_asked and self.row.side in ("", side) and self.event.fullmatch(event) is not None


def known_differences(rules: Rules, today: date) -> tuple[Known, ...]:
    """Return the rules in the order in which they are asked; those of ours that are switched off are left out."""
    own = (_known(_row(rule, number, today)) for number, rule in enumerate(rules.expected, start=1))
    return (*own, *(_known(row) for row in BUILTIN if getattr(rules.builtin, row.name)))


def builtin_of(difference: Difference) -> str:
    """Name the built-in rule that knows a difference by its values; empty if none does. Segment's is on the left."""
    return next((name for name, knows in _BY_VALUE.items() if knows(difference)), "")


def first_of(rules: Iterable[Known]) -> tuple[Known | None, Known | None]:
    """Return the first rule that is in force, and the first that has expired."""
    able = list(rules)
    return (
        next((rule for rule in able if not rule.row.is_expired), None),
        next((rule for rule in able if rule.row.is_expired), None),
    )


def _known(row: ExpectedRow) -> Known:
    return Known(row, _pattern(row.path or ANY), _pattern(row.event))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split(ANY))), re.DOTALL)


def _row(rule: ExpectedRule, number: int, today: date) -> ExpectedRow:
    return ExpectedRow(
        name=rule.name or f"rule {number}",
        kind=rule.kind or "",
        path=rule.path,
        event=rule.event,
        side=rule.side or "",
        reason=rule.reason,
        owner=rule.owner,
        expiry=str(rule.expiry),
        is_builtin=False,
        is_expired=today > rule.expiry,
        count=0,
    )


def _is_cut(difference: Difference) -> bool:
    """Tell a text that Customer.io cut at its limit, which may fall into a character."""
    whole, part = difference.left, difference.right
    if difference.kind != "value" or not isinstance(whole, str) or not isinstance(part, str):
        return False
    kept = part.rstrip("\N{REPLACEMENT CHARACTER}")
    size = len(kept.encode("utf-8", "surrogatepass"))
    return whole != kept and whole.startswith(kept) and MAX_VALUE_BYTES - _MAX_CHARACTER_BYTES < size <= MAX_VALUE_BYTES


def _is_long(difference: Difference) -> bool:
    """Tell an attribute that Customer.io left out since its name is too long."""
    if difference.kind != "missing_key" or difference.right is not Difference.ABSENT:
        return False
    return len(difference.path.rpartition(".")[2].encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES


_BY_VALUE: dict[str, Callable[[Difference], bool]] = {"value_cut": _is_cut, "long_name": _is_long}


def _ours(
    name: str, kind: Literal["missing_key", "value", "missing"], side: Literal["segment", ""], reason: str
) -> ExpectedRow:
    return ExpectedRow(
        name=name,
        kind=kind,
        path="" if kind == "missing" else ANY,
        event=ANY,
        side=side,
        reason=reason,
        owner="pipelines-client",
        expiry=None,
        is_builtin=True,
        is_expired=False,
        count=0,
    )


BUILTIN = (
    _ours("alias", "missing", "", "An alias call is rarely kept in an export (FACTS T)."),
    _ours(
        "groupid_only",
        "missing",
        "segment",
        "A call with a groupId and no person: Customer.io takes it, Segment drops it (FACTS T, C10, S3).",
    ),
    _ours("value_cut", "value", "", "Customer.io keeps 1,000 bytes of a value (FACTS C13)."),
    _ours("long_name", "missing_key", "", "Customer.io keeps no attribute whose name is over 150 bytes (FACTS C13)."),
)
"""FACTS T as rules. What else it names needs none: `writeKey` and `timestamp` are not compared, a late arrival is too
young, and a 200 that hides a drop is a loss."""

assert {row.name for row in BUILTIN} == set(Builtin.model_fields)  # noqa: S101
