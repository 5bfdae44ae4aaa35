"""How numbers, names and causes are said, the same in every rendering. Pure."""

from __future__ import annotations

import unicodedata

from pipelines_client.parity.advice import CAUSE_ADVICE
from pipelines_client.parity.report import EventRow, ParityReport, ReasonRow, RenamedRow, Sample
from pipelines_client.parity.verdict import TITLES, Gate, Verdict

NAMES = {**TITLES, "ledger": "Ledger"}
VERDICTS = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}
GATES = {
    "min_events": "Enough messages",
    "drift": "Drift",
    "identity": "Identity",
    "renamed": "Renamed",
    "missing": "Missing at {side}",
    "too_young": "Too young to tell at {side}",
    "duplicates": "Duplicates at {side}",
    "evidence": "Evidence of {side}",
}
_NO_LOSS = ("skipped", "too_young", "expected")


def gate_title(gate: Gate) -> str:
    """Name a gate in words."""
    if gate.name in GATES:
        return GATES[gate.name]
    kind, _, source = gate.name.rpartition("_")
    return GATES[kind].format(side=TITLES[source])


def amount(value: float, unit: str) -> str:
    """Spell a gate's limit or value with its unit."""
    return f"{value:.4g} %" if unit == "%" else f"{value:,.0f} {unit}"


def limit(gate: Gate) -> str:
    """Spell what a gate allows."""
    return ("at least " if gate.name == "min_events" else "at most ") + amount(gate.limit, gate.unit)


def cause(name: str) -> str:
    """Spell a cause."""
    return name.replace("_", " ")


def cause_note(row: ReasonRow) -> str:
    """Say what to do about an absence."""
    return CAUSE_ADVICE[row.cause].format(side=TITLES[row.side])


def count(value: int | None) -> str:
    """Spell a count; a side that was not given has a dash."""
    return "–" if value is None else f"{value:,}"


def one_line(text: object) -> str:
    """Return text that came from outside without line ends, control characters or direction marks."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co") else char
        for char in str(text)
    )


def window_line(report: ParityReport) -> str:
    """Say which time was compared."""
    window = report.window
    if window.since is None and window.until is None:
        return "all time"
    return f"{_minute(window.since)} to {_minute(window.until)} UTC"


def names_of(row: RenamedRow) -> list[tuple[str, str]]:
    """Pair each source that knows a name with it."""
    pairs = (("Ledger", row.ledger), ("Segment", row.segment), ("Customer.io", row.customerio))
    return [(source, name) for source, name in pairs if name is not None]


def sample_title(sample: Sample) -> str:
    """Say what a sample shows."""
    where = f" at {TITLES[sample.side]}" if sample.side in TITLES else ""
    why = f": {cause(sample.cause)}" if sample.cause else ""
    reason = f" ({sample.reason})" if sample.reason else ""
    return f"{sample.kind}{where}{why}{reason}"


def days_of(report: ParityReport) -> list[str]:
    """List the days of the report."""
    return sorted({row.day for row in report.events})


def by_event(report: ParityReport) -> dict[tuple[str, str], dict[str, EventRow]]:
    """Arrange the event rows by event and type, then by day."""
    grid: dict[tuple[str, str], dict[str, EventRow]] = {}
    for row in report.events:
        grid.setdefault((row.event, row.type), {})[row.day] = row
    return grid


def _minute(at: str | None) -> str:
    return "…" if at is None else at[:16].replace("T", " ")
