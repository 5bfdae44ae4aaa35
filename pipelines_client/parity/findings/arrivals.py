"""Messages that arrived late, slowly, or before they were sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, Need, finding
from pipelines_client.parity.questions.rows import FoundRow, Question
from pipelines_client.parity.spell import duration


@dataclass(frozen=True, slots=True)
class ArrivalFaultsRow(FoundRow):
    """Messages that arrived badly in one way (`kind`)."""

    kind: str
    worst_ms: int


QUESTION = Question("arrival_faults", ArrivalFaultsRow)


def _of_kind(kind: str, material: Material) -> list[Finding]:
    rows = (row for row in material.answers[QUESTION] if row.kind == kind)
    return [finding(row, f"up to {duration(row.worst_ms)}") for row in rows]


LATE = FindingClass(
    name="late",
    title="Late",
    unit="messages",
    meaning="A side received them long after its API had accepted them.",
    advice="Wait that much longer before you judge a day, and ask the vendor about the delay.",
    question=QUESTION,
    sample="late",
    need=Need.LEDGER,
    find=lambda material: _of_kind("late", material),
)
SLOW = FindingClass(
    name="slow",
    title="Slow",
    unit="messages",
    meaning="They took over 2 minutes from the call to the side.",
    advice="Look at `pipelines-client status` and at the outages of those hours.",
    question=QUESTION,
    sample="slow",
    need=Need.LEDGER,
    find=lambda material: _of_kind("slow", material),
)
CLOCK_SKEW = FindingClass(
    name="clock_skew",
    title="Clock skew",
    unit="messages",
    meaning="A side received them before they were sent.",
    advice="Set the sender's clock by NTP: event times and delays are wrong by as much.",
    question=QUESTION,
    sample="clock_skew",
    find=lambda material: _of_kind("clock_skew", material),
)
