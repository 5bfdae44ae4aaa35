"""The first sentence of a report and the first thing to do about it. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.gates import CHECK
from pipelines_client.parity.model import ClassReport, Counts, DriftRow, ExpectedRow, Gate, Side, Totals, Verdict
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES

CAUSE_ADVICE = {
    "accepted_but_absent": "{side} answered 2xx and its export lacks them: ask {side} where they went, and replay.",
    "rejected": "{side} refused them: read the ledger's reason, repair the call, then replay.",
    "dropped": "The client gave them up: read the reason (a full spool, a message too large) and raise that limit.",
    "in_spool": "They are still in a spool: look at `pipelines-client status`, drain it, then run again.",
    "foreign_writer": "Not in the ledger: another writer sends to the other side only; find it and move it.",
    "unknown": "The other side has them: give --ledger as well, and each will have a cause.",
    "skipped": "As intended by stage or rule.",
    "too_young": "Sent after the last message of this export: run again with a newer one.",
    "expected": "Known differences of the two vendors (aliases, calls without a person).",
}
"""What to do about an absence, by its cause."""

_GATE_ADVICE = {
    "identity": "Look at the identity rows first: the same message names two people, which no replay repairs.",
    "renamed": "Look at the renamed rows first: campaigns listen to exact names.",
    "counts": "Look for events of another name there (a column map's [names] tells), then for a second writer.",
    "check": "Look at the rows that the check found, and hold back what depends on them until it passes.",
    "baseline": "Give a baseline with more messages: a second archive of as many days as you can get.",
    "min_days": "Run again when there are more days, widen the window with --since or --all, or lower min_days.",
    "min_events": "Let more messages through, widen the window with --since or --all, or lower --min-events.",
}

Causes = dict[Side, Counts | None]


def advise(
    verdict: Verdict,
    gates: tuple[Gate, ...],
    causes: Causes,
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
    subject = first.name.removeprefix(CHECK) if first.name.startswith(CHECK) else first.event
    headline = (
        (f"{subject}: " if subject else "")
        + first.evidence
        + (f", and {others} more {'gate' if others == 1 else 'gates'} {wanted}" if others else "")
        + "."
    )
    return headline, _first_step(first, causes, drift)


def _next_step(classes: tuple[ClassReport, ...]) -> str:
    """Say what to look at although no limit is broken."""
    first = next((found for found in classes if found.count), None)
    if first is None:
        return "Nothing to repair; keep comparing daily until the cutover."
    return f"No limit is broken. Worth a look is “{first.title}” ({first.count:,} {first.unit}): {first.advice}"


def expired_words(expected: tuple[ExpectedRow, ...]) -> str:
    """Say which rules excuse nothing any more although there is something to excuse; a sentence, or nothing."""
    ended = [f"“{row.name}” of {row.owner} ({row.count:,})" for row in expected if row.is_expired and row.count]
    return f" Expired, and counted again: {', '.join(ended)}." if ended else ""


def _weight(gate: Gate) -> float:
    """Order gates by what to look at first: what no replay repairs, then gaps, then the size of the breach.

    Checks come last: what they find is what came of the rest.
    """
    if gate.name.startswith(CHECK):
        return 0.0
    if gate.name in _GATE_ADVICE:
        return 0.0 if gate.name.startswith(("min_", "baseline")) else float("inf")
    if gate.unit == "gaps":
        return 1e12
    return gate.actual / gate.limit if gate.limit else gate.actual * 1e6


def _first_step(gate: Gate, causes: Causes, drift: tuple[DriftRow, ...]) -> str:
    kind, _, side = gate.name.replace(CHECK, "check_", 1).partition("_")
    if gate.name in _GATE_ADVICE or kind in ("class", "counts", "check"):
        return _GATE_ADVICE.get(gate.name) or (BY_NAME[side].advice if kind == "class" else _GATE_ADVICE[kind])
    if kind == "missing":
        counts = {
            cause: count
            for cause, count in _of(causes, side).items()
            if cause not in ("skipped", "too_young", "expected")
        }
        cause = max(counts, key=lambda name: counts[name])
        return f"Most are {cause.replace('_', ' ')}. " + CAUSE_ADVICE[cause].format(side=TITLES[side])
    if kind == "drift" and drift:
        worst = drift[0]
        return f"Start with {worst.path} ({worst.kind}, {plural(worst.count, 'message')}), then compare the samples."
    if kind == "duplicates":
        return (
            f"Find who sends to {TITLES[side]} twice: a second forwarding destination, or a retry with a new request."
        )
    if kind == "evidence":
        return f"Get a whole export of {TITLES[side]} (see sources), then run again."
    return "Run again when the exports have caught up with what was sent."


def _of(causes: Causes, side: str) -> Counts:
    return (causes["segment"] if side == "segment" else causes["customerio"]) or {}
