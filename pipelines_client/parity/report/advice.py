"""The first sentence of a report and the first thing to do about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.gates import BY_KIND, CHECK, Breakdown
from pipelines_client.parity.model import ClassReport, ExpectedRow, Gate, Totals, Verdict

if TYPE_CHECKING:
    from pipelines_client.parity.model import Counts, DriftRow, Side


def advise(
    verdict: Verdict,
    gates: tuple[Gate, ...],
    causes: dict[Side, Counts | None],
    totals: Totals,
    drift: tuple[DriftRow, ...],
    classes: tuple[ClassReport, ...],
) -> tuple[str, str]:
    """Return what the report comes to, and what to do first, a sentence each."""
    if verdict is Verdict.PASS:
        return (
            f"{totals.matched:,} of {totals.messages:,} messages arrived the same wherever they were looked for.",
            _next_step(classes),
        )
    wanted = "failed" if verdict is Verdict.FAIL else "inconclusive"
    first = max((gate for gate in gates if gate.result == wanted), key=_weight)
    others = sum(gate.result == wanted for gate in gates) - 1
    subject = first.subject if first.kind == CHECK.name else first.event
    headline = (
        (f"{subject}: " if subject else "")
        + first.evidence
        + (f", and {others} more {'gate' if others == 1 else 'gates'} {wanted}" if others else "")
        + "."
    )
    known: dict[str, Counts] = {side: counts for side, counts in causes.items() if counts is not None}
    return headline, BY_KIND[first.kind].first_step(first, Breakdown(known, drift))


def _next_step(classes: tuple[ClassReport, ...]) -> str:
    """Say what to look at although no limit is broken: the first class that has any findings."""
    first = next((report for report in classes if report.count), None)
    if first is None:
        return "Nothing to repair; keep comparing daily until the cutover."
    return f"No limit is broken. Worth a look is “{first.title}” ({first.count:,} {first.unit}): {first.advice}"


def expired_words(expected: tuple[ExpectedRow, ...]) -> str:
    """Name the rules that have expired and would still apply, in a sentence; an empty text if there are none."""
    ended = [f"“{row.name}” of {row.owner} ({row.count:,})" for row in expected if row.is_expired and row.count]
    return f" Expired, and counted again: {', '.join(ended)}." if ended else ""


def _weight(gate: Gate) -> float:
    """Order gates by what to look at first: the weight of the kind, else the size of the breach."""
    weight = BY_KIND[gate.kind].weight
    if weight is not None:
        return weight
    return gate.actual / gate.limit if gate.limit else gate.actual * 1e6
