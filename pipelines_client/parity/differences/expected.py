"""Expected differences: finds the rule that explains a difference or an absence. Pure.

The rules of `parity.toml` come first, in their order, then the built-in ones. An expired rule explains nothing. The
wildcard `*` matches any characters, dots too; a key that has a dot itself is quoted (`paths.below`). The wildcard never
matches a payload of which only the hash is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipelines_client.evidence.paths import last_key
from pipelines_client.parity.differences.diff import Difference
from pipelines_client.parity.model import ExpectedRow
from pipelines_client.parity.questions.related import ByWriter
from pipelines_client.parity.rules import ANY, MISSING, Builtin, ExpectedRule, Rules

WHOLE_PAYLOAD = "(whole payload)"
"""The path of a difference from the ledger, which keeps a hash and no payload."""

MAX_VALUE_BYTES = 1000
MAX_NAME_BYTES = 150
"""What Customer.io keeps of an attribute's value and name (FACTS C13)."""

_MAX_CHARACTER_BYTES = 4
_WITH_ATTRIBUTES = frozenset(("identify", "group"))


@dataclass(frozen=True, slots=True)
class Known:
    """One rule with its patterns compiled."""

    row: ExpectedRow
    path: re.Pattern[str]
    event: re.Pattern[str]

    def explains_drift(self, path: str, kind: str, event: str, builtin: str) -> bool:
        """Return whether the rule explains a difference; `builtin` names the built-in rule that knows its values."""
        if self.row.is_builtin:
            return builtin == self.row.name
        is_path = path == self.row.path or (path != WHOLE_PAYLOAD and self.path.fullmatch(path) is not None)
        return is_path and self.row.kind in ("", kind) and self.event.fullmatch(event) is not None

    def explains_absence(self, side: str, event: str, writer: ByWriter) -> bool:
        """Return whether the rule explains an absence of what this writer sent."""
        if self.row.kind != MISSING or self.row.is_builtin or self.row.side not in ("", side):
            return False
        return self.event.fullmatch(event) is not None and self._is_about(writer)

    def _is_about(self, writer: ByWriter) -> bool:
        row, library = self.row, writer.library or ""
        return (
            row.library in ("", library, library.partition("/")[0])
            and row.write_key in ("", writer.write_key_suffix)
            and row.source in ("", writer.origin)
        )


def known_differences(rules: Rules, today: date) -> tuple[Known, ...]:
    """Return the rules in the order in which they apply, without built-in ones that are switched off."""
    own = (_known(_row(rule, number, today)) for number, rule in enumerate(rules.expected, start=1))
    return (*own, *(_known(row) for row in BUILTIN if getattr(rules.builtin, row.name)))


def builtin_of(difference: Difference, type_: str) -> str:
    """Name the built-in rule that knows a difference by its values, or return an empty text. Left is Segment.

    The limits of FACTS C13 are those of attributes: of people and objects, not of the properties of an event.
    """
    if type_ not in _WITH_ATTRIBUTES:
        return ""
    return next((name for name, knows in _BY_VALUE.items() if knows(difference)), "")


def is_expected(known: Iterable[Known], side: str, event: str, writer: ByWriter) -> bool:
    """Return whether a rule in force explains that a side lacks what this writer sent."""
    return first_of(rule for rule in known if rule.explains_absence(side, event, writer))[0] is not None


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
    """Return a pattern that takes time in proportion to the text, however many `*` there are.

    Each part between two of them is taken where it comes first. A lookahead, once it has matched, is not tried again.
    """
    first, *rest = map(re.escape, text.split(ANY))
    between = (f"(?=(?P<part{number}>.*?{part}))(?P=part{number})" for number, part in enumerate(rest[:-1]))
    return re.compile("".join([first, *between, *(f".*{last}" for last in rest[-1:])]), re.DOTALL)


def _row(rule: ExpectedRule, number: int, today: date) -> ExpectedRow:
    return ExpectedRow(
        name=rule.name or f"rule {number}",
        kind=rule.kind or "",
        path=rule.path,
        event=rule.event,
        side=rule.side or "",
        library=rule.library,
        write_key=rule.write_key[-4:],
        source=rule.source,
        reason=rule.reason,
        owner=rule.owner,
        expiry=str(rule.expiry),
        is_builtin=False,
        is_expired=today > rule.expiry,
        count=0,
    )


def _is_cut(difference: Difference) -> bool:
    """Return whether Customer.io cut a text at its limit, which may be inside a character."""
    whole, part = difference.left, difference.right
    if difference.kind != "value" or not isinstance(whole, str) or not isinstance(part, str):
        return False
    kept = part.rstrip("\N{REPLACEMENT CHARACTER}")
    size = len(kept.encode("utf-8", "surrogatepass"))
    return whole != kept and whole.startswith(kept) and MAX_VALUE_BYTES - _MAX_CHARACTER_BYTES < size <= MAX_VALUE_BYTES


def _is_long(difference: Difference) -> bool:
    """Return whether Customer.io left out an attribute because its name is too long."""
    if difference.kind != "missing_key" or difference.right is not Difference.ABSENT:
        return False
    return len(last_key(difference.path).encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES


_BY_VALUE: dict[str, Callable[[Difference], bool]] = {"value_cut": _is_cut, "long_name": _is_long}


def _builtin(
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
    _builtin("alias", "missing", "", "An alias call is rarely kept in an export (FACTS T)."),
    _builtin(
        "groupid_only",
        "missing",
        "segment",
        "A call with a groupId and no person: Customer.io takes it, Segment drops it (FACTS T, C10, S3).",
    ),
    _builtin("value_cut", "value", "", "Customer.io keeps 1,000 bytes of an attribute (FACTS C13)."),
    _builtin(
        "long_name", "missing_key", "", "Customer.io keeps no attribute whose name is over 150 bytes (FACTS C13)."
    ),
)
"""The differences of FACTS T that need a rule. Of the others, `writeKey` and `timestamp` are not compared, a late
arrival counts as too young, and a drop behind a 200 counts as a loss."""

assert {row.name for row in BUILTIN} == set(Builtin.model_fields)  # noqa: S101
