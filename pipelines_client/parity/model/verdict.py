"""Gates, their limits, and the verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Literal

from pydantic import ConfigDict, computed_field


class Verdict(str, Enum):
    """The verdict of a report; the value is the word in JSON."""

    PASS = "pass"  # noqa: S105 - the verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 0, 1 or 3; 2 is bad input."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}[self]


GateResult = Literal["passed", "failed", "inconclusive"]


SHARED_UNITS = frozenset(("messages", "rows", "copies"))
"""Units that can be limited by a share of all messages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the gates allow. Shares are percent; counts are messages."""

    max_missing_pct: float = 0.1
    max_drift_pct: float = 0.1
    max_duplicates_pct: float = 0.1
    max_counts_pct: float = 5.0
    max_identity: int = 0
    max_renamed: int = 0
    max_shared_ids: int = 0
    max_call_type: int = 0
    max_time_pct: float = 0.1
    max_context_pct: float = 0.1
    min_events: int = 100
    min_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKey:
    """What a gate judges. Each field is empty where it does not apply.

    `side` is a side or another source, `event` a single event, `subject` a class of findings or a truth check.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")  # a report in JSON has the computed name too

    kind: str
    side: str = ""
    subject: str = ""
    event: str = ""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator of a property
    @property
    def name(self) -> str:
        """The name in reports, metrics and the history, without the event: `missing_segment`, `class_late`."""
        about = self.side or self.subject
        joint = ":" if self.kind == "check" else "_"
        return f"{self.kind}{joint}{about}" if about else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(GateKey):
    """One limit and how the evidence stands against it; `unit` belongs to `limit` and `actual`."""

    limit: float
    actual: float
    unit: str
    result: GateResult
    evidence: str
