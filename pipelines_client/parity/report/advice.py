"""The first sentence of a report, the first thing to do about it, and the commands for that. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.judgement.gate_kind import Breakdown
from pipelines_client.parity.judgement.gates import BY_KIND, CHECK
from pipelines_client.parity.model import ClassReport, ExpectedRow, Gate, Totals, Verdict
from pipelines_client.parity.report.steps import finding, lacking, next_step, restart, urgency
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from pipelines_client.parity.model import DriftRow
    from pipelines_client.parity.report.steps import StepFacts


class Advice(NamedTuple):
    """What a report comes to, what to do first (a sentence each), and the commands for it, quoted for a shell."""

    headline: str
    advice: str
    next_step: tuple[str, ...] = ()


def advise(
    verdict: Verdict,
    gates: tuple[Gate, ...],
    totals: Totals,
    drift: tuple[DriftRow, ...],
    classes: tuple[ClassReport, ...],
    now: StepFacts,
) -> Advice:
    """Return what the report comes to: the cause that comes first in `STEPS`, and what to do about it."""
    if verdict is Verdict.PASS:
        return Advice(_arrived(totals), restart(now) or _worth_a_look(classes))
    wanted = "failed" if verdict is Verdict.FAIL else "inconclusive"
    found = sorted((gate for gate in gates if gate.result == wanted), key=lambda gate: urgency(gate, now.causes))
    first, others = found[0], len(found) - 1
    subject = first.subject if first.kind == CHECK.name else first.event
    headline = (
        (f"{subject}: " if subject else "")
        + finding(first, now)
        + (f", and {others} more {'gate' if others == 1 else 'gates'} {wanted}" if others else "")
        + "."
    )
    usual = BY_KIND[first.kind].first_step(first, Breakdown(now.causes, drift, now.instead, now.gaps))
    return Advice(headline, lacking(first, now) or usual, next_step(first, now))


def _arrived(totals: Totals) -> str:
    """Say how many messages arrived of those meant for each side, and the same, which only compared ones can be."""
    endings: dict[str, list[str]] = {}
    for side, there in totals.sides.items():
        is_compared = there.compared == there.messages
        arrived = there.same if is_compared else there.messages
        ending = "arrived the same"
        if not is_compared:
            ending = f"arrived, and {there.same:,} of {plural(there.compared, 'compared payload')} are the same"
        if not there.compared:
            ending = "arrived, and no payload of them was compared"
        endings.setdefault(ending, []).append(f"{arrived:,} of {there.meant:,} messages meant for {TITLES[side]}")
    return "; ".join(f"{' and '.join(counts)} {ending}" for ending, counts in endings.items()) + "."


def _worth_a_look(classes: tuple[ClassReport, ...]) -> str:
    """Say what to look at although no limit is broken: the first class that has any findings."""
    first = next((report for report in classes if report.count), None)
    if first is None:
        return "Nothing to repair; keep comparing daily until the cutover."
    return f"No limit is broken. Worth a look is “{first.title}” ({first.count:,} {first.unit}): {first.advice}"


def expired_words(expected: tuple[ExpectedRow, ...]) -> str:
    """Name the rules that have expired and would still apply, in a sentence; an empty text if there are none."""
    ended = [f"“{row.name}” of {row.owner} ({row.count:,})" for row in expected if row.is_expired and row.count]
    return f" Expired, and counted again: {', '.join(ended)}." if ended else ""
