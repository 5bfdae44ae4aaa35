"""What a class of findings consists of: its words, its question, and how its rows are made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from pipelines_client.parity.model import ClassRow
from pipelines_client.parity.questions.rows import Answers, FoundRow, Question
from pipelines_client.sides import SIDES

MIN_MESSAGES = 50
"""A day needs this many messages before its volume is judged."""

F = TypeVar("F", bound=FoundRow)
Day = str
"""A UTC date, as in `2026-11-28`; empty where the day is not known."""


class Need(str, Enum):
    """What the evidence must have to show a finding: without it, none found proves nothing."""

    NOTHING = "nothing"
    LEDGER = "ledger"
    TWO_SOURCES = "two sources"
    PAYLOADS = "payloads that were compared"
    IDENTITIES = "identities that were compared"

    @property
    def cure(self) -> str:
        """What to give where it is lacking; empty if nothing can be lacking."""
        return {
            Need.NOTHING: "",
            Need.LEDGER: "Give --ledger as well.",
            Need.TWO_SOURCES: "Give a second source that has messages.",
            Need.PAYLOADS: "Give sources with payloads, such as Segment's raw archive in place of a warehouse.",
            Need.IDENTITIES: "Give the identity key of the ledger (PIPELINES_LEDGER_KEY), or the other export too.",
        }[self]


class Doubt(str, Enum):
    """What may explain the findings of a class instead: while there is any, they prove nothing."""

    NONE = "none"
    LEDGER_GAPS = "lines that the ledger has lost"
    SIDE_GAPS = "gaps in the export of a side"
    ANY_GAPS = "gaps in any source"
    NOISE = "noise that the baseline is too short to measure"
    ALWAYS = "a finding itself says that evidence is short"


class Example(NamedTuple):
    """A message that shows a finding. `places` are the fields of a sample that say where its lines are."""

    message_id: str
    places: dict[str, Any]


class Finding(NamedTuple):
    """One row of a class, with a message to look at if there is one; `reason` is for the sample, else `row.detail`."""

    row: ClassRow
    example: Example | None = None
    reason: str = ""


class Material(NamedTuple):
    """What classes look at: the answers by question, and what is missing from the evidence of each side.

    `first_day` is the first day that the evidence is about; messages of days before it are backdated.
    """

    answers: Answers
    holes: Mapping[str, Iterable[str]]
    empty: Mapping[str, Mapping[Day, int]]
    first_day: Day = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingClass:
    """One class of findings: a file of this folder, and its place in `CLASSES`.

    Attributes:
        name: In the report, in `parity.toml` and in metrics.
        title: For people.
        unit: What is counted, in the plural.
        meaning: One sentence: what is the case.
        advice: One sentence: what to do about it. The headline of a report that passes gives the advice of the first
            class that has findings.
        find: Returns its findings.
        count_at: Counts the findings at a side where the rows do not tell; else the rows of the side count, and those
            that name neither.
        population: The count of `Population` that a limit in percent is a share of; for the class of a dimension, the
            messages that were compared in it.
        question: The question that it asks, if it needs more than each run asks anyway.
        sample: `Sample.kind` of a message that shows it; empty if no message does.
        need: What the evidence must have to show a finding.
        doubt: What may explain its findings instead.
        has_own_table: The report shows its rows in another table already.
    """

    name: str
    title: str
    unit: str
    meaning: str
    advice: str
    find: Callable[[Material], list[Finding]]
    count_at: Callable[[Material, str], int] | None = None
    population: str = "messages"
    question: Question[Any] | None = None
    sample: str = ""
    need: Need = Need.NOTHING
    doubt: Doubt = Doubt.NONE
    has_own_table: bool = False


def rows_of(question: Question[F], detail: Callable[[F], str] = lambda _: "") -> Callable[[Material], list[Finding]]:
    """Return a `FindingClass.find` that makes a finding of each row of an answer."""
    return lambda material: [finding(row, detail(row)) for row in material.answers[question]]


def finding(row: FoundRow, detail: str = "") -> Finding:
    """Return the finding of an answer's row."""
    return Finding(class_row(row, detail), Example(row.message_id, places_of(row)))


def class_row(row: Any, detail: str = "", **given: Any) -> ClassRow:
    """Return the row of a report: its columns as given, else those of the same name in an answer's row."""
    names = ("side", "event", "type", "day", "count")
    return ClassRow(**{name: given[name] if name in given else getattr(row, name) for name in names}, detail=detail)


def places_of(row: Any) -> dict[str, Any]:
    """Return where the lines of a message are, as the fields of a sample."""
    places: dict[str, Any] = {}
    for side in SIDES:
        file = getattr(row, f"{side}_file")
        places[side] = None if file is None else f"{file}:{getattr(row, f'{side}_line')}"
        places[f"{side}_offset"] = None if file is None else getattr(row, f"{side}_offset")
    return places
