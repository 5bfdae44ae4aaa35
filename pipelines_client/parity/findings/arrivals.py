"""Messages that arrived late, slowly, or before they were sent. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, _row
from pipelines_client.parity.spell import duration


def _of(name: str, material: Material) -> list[Finding]:
    rows = (row for row in material.answers["arrival_faults"] if row["class"] == name)
    return [Finding(_row(row, f"up to {duration(row['worst_ms'])}"), row) for row in rows]


LATE = FindingClass(
    name="late",
    title="Late",
    unit="messages",
    meaning="A side received them long after it had taken them.",
    advice="Wait that much longer before you judge a day, and ask the vendor about the delay.",
    question="arrival_faults",
    sample="late",
    needs_ledger=True,
    find=lambda material: _of("late", material),
)
SLOW = FindingClass(
    name="slow",
    title="Slow",
    unit="messages",
    meaning="They took over 2 minutes from the call to the side.",
    advice="Look at `pipelines-client status` and at the outages of those hours.",
    question="arrival_faults",
    sample="slow",
    needs_ledger=True,
    find=lambda material: _of("slow", material),
)
CLOCK_SKEW = FindingClass(
    name="clock_skew",
    title="Clock skew",
    unit="messages",
    meaning="A side received them before they were sent.",
    advice="Set the sender's clock by NTP: event times and delays are wrong by as much.",
    question="arrival_faults",
    sample="clock_skew",
    find=lambda material: _of("clock_skew", material),
)
