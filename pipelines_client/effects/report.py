"""What was counted → a report: its verdict, its rows in words, its JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final

from pipelines_client.effects.changes import CHANGES, REASONS, Weight
from pipelines_client.effects.findings import EffectsFinding
from pipelines_client.effects.forecast import PeopleForecast
from pipelines_client.effects.tally import ChangeSample, ChangeTally, CountedChange

FORMAT: Final = 1
_ORDER: Final = {Weight.BREAKS: 0, Weight.UNKNOWN: 1, Weight.MINOR: 2}
_NAMES: Final = {
    "identify": ("identify", "identifies"),
    **{kind: (f"{kind} call", f"{kind} calls") for kind in ("track", "page", "screen", "group", "alias")},
}


class EffectsVerdict(str, Enum):
    """What the differences come to, and the exit code of the command."""

    SAME = "same"
    BREAKS = "breaks"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """0 if no condition stops matching, 1 if one does, 3 if that cannot be told."""
        return {"same": 0, "breaks": 1, "unknown": 3}[self.value]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A row of the report.

    Attributes:
        code: The kind of change, a key of `changes.CHANGES`.
        weight: What it means for conditions.
        path: Where, in the call: `traits.plan`.
        type: The type of the calls.
        event: The event's name, for track calls and changes that differ by event; else empty.
        messages: In how many calls.
        people: For how many people, estimated if `is_estimate`.
        is_estimate: Whether `people` is an estimate, mostly within 5 %.
        says: What changes, in a sentence.
        cure: What to do about it.
        facts: The facts on which this rests.
        samples: Up to three of the messages.
    """

    code: str
    weight: Weight
    path: str
    type: str
    event: str
    messages: int
    people: int
    is_estimate: bool
    says: str
    cure: str
    facts: str
    samples: tuple[ChangeSample, ...]


@dataclass(frozen=True, slots=True)
class NotLookedAt:
    """What was not looked at, so that it may change as well.

    Attributes:
        unreadable: Lines that could not be read, by reason.
        without_payload: Messages whose payload the source does not hold.
        not_found: Messages that the ledger has and no other source holds; an estimate above 131,072.
    """

    unreadable: Mapping[str, int] = field(default_factory=dict)
    without_payload: int = 0
    not_found: int = 0

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(self.unreadable or self.without_payload or self.not_found)


@dataclass(frozen=True, slots=True)
class EffectsReport:
    """What changes in the workspace because the route changes.

    Attributes:
        today: The title of the old route.
        then: The title of the new one.
        dates: What was assumed of dates on the new route.
        calls: How many calls were looked at.
        people: How many people they are about, estimated if `is_estimate`.
        is_estimate: Whether `people` is an estimate, within 1 %.
        changes: What changes, the gravest and most frequent first.
        unseen: What was not looked at.
        forecast: How many people the calls add to the workspace.
        cures: The settings of the client that were taken into account, as they are written.
        findings: What is wrong in the calls themselves; it has no part in the verdict.
    """

    today: str
    then: str
    dates: str
    calls: int
    people: int
    is_estimate: bool
    changes: tuple[ChangeRow, ...]
    unseen: NotLookedAt = field(default_factory=NotLookedAt)
    forecast: PeopleForecast | None = None
    cures: str = ""
    findings: tuple[EffectsFinding, ...] = ()

    @property
    def verdict(self) -> EffectsVerdict:
        """What it comes to: a change that breaks is proven; without any call, or with some unseen, nothing is."""
        weights = {change.weight for change in self.changes}
        if Weight.BREAKS in weights:
            return EffectsVerdict.BREAKS
        is_open = Weight.UNKNOWN in weights or bool(self.unseen) or not self.calls
        return EffectsVerdict.UNKNOWN if is_open else EffectsVerdict.SAME

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        found = asdict(self)
        return {
            "format": FORMAT,
            "verdict": self.verdict.value,
            "exit_code": self.verdict.exit_code,
            **{name: value for name, value in found.items() if name != "changes"},
            "changes": found["changes"],
        }


def report_of(
    tally: ChangeTally,
    dates: str,
    unseen: NotLookedAt | None = None,
    forecast: PeopleForecast | None = None,
    *,
    cures: str = "",
) -> EffectsReport:
    """Return the report of what was counted."""
    changes = sorted(map(_change_row, tally.rows.values()), key=_rank)
    return EffectsReport(
        tally.today.title,
        tally.then.title,
        dates,
        tally.calls,
        len(tally.people),
        not tally.people.is_exact,
        tuple(changes),
        unseen or NotLookedAt(),
        forecast,
        cures,
    )


def _rank(change: ChangeRow) -> tuple[int, int, str, str, str, str]:
    return (
        _ORDER[change.weight],
        -change.messages,
        change.path,
        change.type,
        change.event,
        change.code,
    )


def _change_row(row: CountedChange) -> ChangeRow:
    key, change = row.key, CHANGES[row.key.code]
    why = f" Why nothing today: {REASONS[row.why]}." if row.why in REASONS else ""
    return ChangeRow(
        key.code,
        change.weight,
        key.path,
        key.type,
        key.event,
        row.messages,
        len(row.people),
        not row.people.is_exact,
        f"{_subject(row)} {change.says}.{why}",
        change.cure,
        change.facts,
        tuple(row.samples),
    )


def _subject(row: CountedChange) -> str:
    """Return what a row is about: ``Trait `plan` on 12 identifies``, or ``12 track calls of `Order Completed`:``."""
    key = row.key
    event = f" of `{key.event}`" if key.event else ""
    if key.path == "action":
        return f"{_calls(row)}{event}:"
    root, dot, rest = key.path.partition(".")
    noun = _NOUNS.get(root)
    place = f"{noun} `{rest}`" if dot and noun else _WHOLE.get(key.path, f"`{key.path}`")
    return f"{place}{event} on {_calls(row)}"


def _calls(row: CountedChange) -> str:
    one, several = _NAMES.get(row.key.type, ("call", "calls"))
    return f"{row.messages:,} {one if row.messages == 1 else several}"


_NOUNS: Final = {"traits": "Trait", "properties": "Property", "attributes": "Attribute"}
_WHOLE: Final = {
    "at": "The time",
    "name": "The name",
    "person": "The person",
    "merged": "The person who is merged",
    "object": "The object",
    "relationships": "The relationship",
}


def changes_of(report: EffectsReport, weight: Weight) -> Sequence[ChangeRow]:
    """Return the changes of a weight."""
    return [change for change in report.changes if change.weight is weight]
