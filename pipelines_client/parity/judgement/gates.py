"""Gates: counts against limits → passed, failed or inconclusive; and of all gates, one verdict. Pure.

A gate *fails* only on proof, and it *passes* only on whole evidence:

- Shares and minimums are counted for each side, over the messages that were meant for it: what a share of people sends
  to Customer.io is not diluted by what Segment alone receives. One gate over both sides is that of the worse side.
- A rate needs `min_events` messages. With fewer, a breach is *inconclusive*.
- A message that may lie in a gap whose time is known (`coverage`) is not missing; what is missing beside it is.
- "Missing at a side" proves nothing while that side's evidence has gaps of unknown time (a cut or unreadable file, a
  hole in the sequence): the message may lie in the gap. Then only what the ledger itself recorded as rejected or
  dropped is proven. Without gaps, the missing messages may still be the unreadable lines, one for one.
- What is there is proof, whatever is missing: drift, duplicates, another identity, another name.

Over all gates a proven failure beats short evidence: no gap can turn a failure into a pass, so waiting for better
evidence would only delay the repair. Short evidence beats a pass: it is never read as one.

To add a kind of gate, add an entry to `KINDS`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.causes import IN_GAP, main_cause
from pipelines_client.parity.judgement.dimension_gates import CALL_TYPE, CONTEXT, SHARED_IDS, TIME
from pipelines_client.parity.judgement.dimensions import identifiers_lacking
from pipelines_client.parity.judgement.evidence import (
    Evidence,
    first_gaps,
    gaps_of,
    not_compared,
    uncovered_of,
    unreadable,
)
from pipelines_client.parity.judgement.gate_kind import Breakdown, GateKind
from pipelines_client.parity.model import Gate, GateKey, GateResult, Limits, Verdict
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable


def title_of(gate: GateKey) -> str:
    """Name a gate in words; a kind or class that this version does not know goes by its name."""
    kind = BY_KIND.get(gate.kind)
    if kind is None or (kind is CLASS and gate.subject not in BY_NAME):
        return gate.name
    subject = BY_NAME[gate.subject].title if kind is CLASS else gate.subject
    title = kind.title.format(side=TITLES.get(gate.side, gate.side), subject=subject)
    return f"{title}: {gate.event}" if gate.event else title


def judge(evidence: Evidence, limits: Limits) -> tuple[Gate, ...]:
    """Compare the evidence with the limits, in the order of `KINDS`."""
    return tuple(gate for kind in KINDS if kind.judge is not None for gate in kind.judge(evidence, limits))


def conclude(gates: tuple[Gate, ...]) -> Verdict:
    """Return the verdict that the gates come to (see the module for why a failure comes first)."""
    results = {gate.result for gate in gates}
    if "failed" in results:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if "inconclusive" in results else Verdict.PASS


_WORST_LAST = ("passed", "inconclusive", "failed")


def unproven(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Return the gates of sources that do not belong together: what differs between them fails nothing."""
    return tuple(replace(gate, result="inconclusive") if gate.result == "failed" else gate for gate in gates)


def _sides(evidence: Evidence) -> list[str]:
    return [side for side in SIDES if side in evidence.sides]


def _min_events(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    meant = sorted((evidence.sides[side].meant, f" meant for {TITLES[side]}") for side in _sides(evidence))
    meant = meant or [(evidence.messages, "")]
    fewest, needed = meant[0][0], max(1, limits.min_events)
    is_enough = fewest >= needed
    counts = " and ".join(f"{plural(count, 'message')}{where}" for count, where in meant)
    text = f"{counts} in the window{'' if is_enough else f'; a rate takes {needed:,} at each side'}"
    result: GateResult = "passed" if is_enough else "inconclusive"
    yield MIN_EVENTS.gate(limits.min_events, fewest, "messages", result, text)


def _min_days(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    """Count the days that have their share of `min_events`: a few backdated messages do not make a day."""
    if not limits.min_days:
        return
    share = max(1, limits.min_events // limits.min_days)
    days = {side: sum(count >= share for count in evidence.sides[side].days) for side in _sides(evidence)}
    fewest = min(days.values(), default=0)
    is_enough = fewest >= limits.min_days
    text = f"{plural(fewest, 'day')} of at least {plural(share, 'message')} at each side"
    text += "" if is_enough else "; too few to judge"
    yield MIN_DAYS.gate(limits.min_days, fewest, "days", "passed" if is_enough else "inconclusive", text)


def _evidence(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for name, source in evidence.sources.items():
        gaps, uncovered = gaps_of(name, evidence, limits), uncovered_of(name, evidence, limits)
        text = f"{plural(source.files, 'file')} read whole, {plural(source.rows, 'row')}"
        if gaps:
            others = "; ".join(first_gaps(gaps[len(uncovered) :]))
            text = "; ".join([*uncovered, *([f"{TITLES[name]}: {others}"] if others else [])])
            text = text[0].upper() + text[1:]
        yield EVIDENCE.gate(0, len(gaps), "gaps", "inconclusive" if gaps else "passed", text, side=name)


def _missing(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    return (_missing_at(side, evidence, limits) for side in _sides(evidence))


def _missing_at(side: str, evidence: Evidence, limits: Limits) -> Gate:
    there = evidence.sides[side]
    actual = percent(there.missing, there.meant)
    result: GateResult = "passed"
    text = f"{there.missing:,} of {there.meant:,} messages are not in {TITLES[side]}'s export"
    if actual > limits.max_missing_pct:
        surely = percent(evidence.surely_missing(side), there.meant)
        is_proven = surely > limits.max_missing_pct and there.is_enough(limits)
        result = "failed" if is_proven else "inconclusive"
        if not is_proven:
            text += ", which proves nothing while evidence is short"
    elif not there.is_covered(limits):
        result, text = "inconclusive", f"{text}, and {there.hidden:,} more may lie in gaps of its evidence"
    return MISSING.gate(limits.max_missing_pct, actual, "%", result, text, side=side)


def _too_young(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for side in _sides(evidence):
        there = evidence.sides[side]
        whole = there.meant + there.too_young
        actual = percent(there.too_young, whole)
        text = f"{there.too_young:,} of {whole:,} messages were sent after the last one that {TITLES[side]} exported"
        if actual > limits.max_missing_pct:
            text += "; run again later"
        yield TOO_YOUNG.rate(actual, limits.max_missing_pct, text, is_proof=False, side=side)


def _drift(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    gates = [_drift_at(side, evidence, limits) for side in _sides(evidence)]
    if gates:
        yield max(gates, key=lambda gate: (_WORST_LAST.index(gate.result), gate.actual))


def _drift_at(side: str, evidence: Evidence, limits: Limits) -> Gate:
    there = evidence.sides[side]
    share = percent(there.drift, there.compared)
    text = f"{there.drift:,} of {plural(there.compared, 'payload')} at {TITLES[side]} differ"
    if share <= limits.max_drift_pct:
        unknown = not_compared(side, "compared", evidence, limits) or unreadable(side, evidence, limits)
        return DRIFT.gate(limits.max_drift_pct, share, "%", "inconclusive" if unknown else "passed", unknown or text)
    if there.unproven_drift:
        text += f"; {there.unproven_drift:,} of them may be noise: the baseline is too short to tell"
    proven = there.proven_pct(there.drift - there.unproven_drift, there.compared, limits)
    return DRIFT.rate(share, limits.max_drift_pct, text, is_proof=proven > limits.max_drift_pct)


def _duplicates(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for side in _sides(evidence):
        source, there = evidence.sources[side], evidence.sides[side]
        text = (
            f"{plural(source.duplicates, 'row')} of {TITLES[side]} repeat one of {plural(source.messages, 'message')}"
        )
        share = percent(source.duplicates, source.messages)
        is_proof = there.is_enough(limits)
        yield DUPLICATES.rate(share, limits.max_duplicates_pct, text, is_proof=is_proof, side=side)


def _identity(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    where = _where(evidence, "identity", of="identified")
    gate = IDENTITY.count(evidence.identity, limits.max_identity, f"with another identity{where}")
    if gate.result == "passed":
        text = _identity_doubt(evidence, limits)
        gate = replace(gate, result="inconclusive", evidence=text) if text else gate
    yield gate


def _identity_doubt(evidence: Evidence, limits: Limits) -> str:
    """Say why it is not known that all identities are the same; an empty text if it is."""
    if evidence.key_misfits:
        messages = plural(evidence.key_misfits, "message")
        return (
            f"PIPELINES_LEDGER_KEY does not fit this ledger: none of {messages} has the same person in it and at a side"
        )
    unknown = (not_compared(side, "identified", evidence, limits) for side in _sides(evidence))
    return next(filter(None, unknown), "") or identifiers_lacking(evidence.comparisons, limits)


def _renamed(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    where = _where(evidence, "renamed", of="named")
    yield RENAMED.count(evidence.renamed, limits.max_renamed, f"with another event name{where}")


def _where(evidence: Evidence, difference: str, *, of: str) -> str:
    """Say at which sides something differs, and of how many messages that could be compared."""
    sides = ((TITLES[side], evidence.sides[side]) for side in _sides(evidence))
    counts = [(title, getattr(there, difference), getattr(there, of)) for title, there in sides]
    found = [f"{count:,} of {compared:,} compared at {title}" for title, count, compared in counts if count]
    return f": {', '.join(found)}" if found else ""


def _identity_step(gate: Gate, breakdown: Breakdown) -> str:
    del breakdown
    if gate.result == "failed":
        return "See “Another identity” first: one message names two people, which a replay cannot repair."
    return (
        "Pass the key of the hosts that wrote the ledger as PIPELINES_LEDGER_KEY (their state directory has it in"
        " identity.key), and exports with columns of all ids, then run again."
    )


def _evidence_step(gate: Gate, breakdown: Breakdown) -> str:
    side, gaps = TITLES[gate.side], [gap for gap in breakdown.gaps if gap.side == gate.side]
    if not gaps:
        return f"Get a whole export of {side} (see sources), then run again."
    files = ", ".join(dict.fromkeys(file for gap in gaps for file in gap.files))
    return (
        f"Get what is not here of {side}{f': {files}' if files else ''}; then run again. If there are no more files,"
        f" vouch for it, and what is absent there counts as missing: {' '.join(gap.option for gap in gaps)}"
    )


def _missing_step(gate: Gate, breakdown: Breakdown) -> str:
    cause = main_cause(breakdown.causes[gate.side]) or IN_GAP
    return cause.advice.format(side=TITLES[gate.side])


def _drift_step(gate: Gate, breakdown: Breakdown) -> str:
    del gate
    if not breakdown.drift:
        return "None of the payloads that differ could be opened again: run again while no file changes."
    worst = breakdown.drift[0]
    return f"Start with {worst.path} ({worst.kind}, {plural(worst.count, 'message')}), then compare the samples."


def _related_step(gate: Gate, breakdown: Breakdown) -> str:
    del gate
    return breakdown.instead


def _class_step(gate: Gate, breakdown: Breakdown) -> str:
    del breakdown
    return BY_NAME[gate.subject].advice


RELATED = GateKind(name="related", title="Related sources", advise=_related_step)
MIN_EVENTS = GateKind(
    name="min_events",
    title="Enough messages",
    advice="Let more messages through, widen the window with --since or --all, or lower --min-events.",
    judge=_min_events,
    bound="\N{GREATER-THAN OR EQUAL TO} ",
    limit="min_events",
)
MIN_DAYS = GateKind(
    name="min_days",
    title="Enough days",
    advice="Run again when there are more days, widen the window with --since or --all, or lower min_days.",
    judge=_min_days,
    bound="\N{GREATER-THAN OR EQUAL TO} ",
)
EVIDENCE = GateKind(
    name="evidence",
    title="Evidence of {side}",
    advise=_evidence_step,
    judge=_evidence,
)
MISSING = GateKind(name="missing", title="Missing at {side}", advise=_missing_step, judge=_missing, limit="max_missing")
TOO_YOUNG = GateKind(
    name="too_young",
    title="Too young to tell at {side}",
    advice="End the window where every source is whole, with --until; or run again when the exports have caught up.",
    judge=_too_young,
    limit="max_missing",
)
DRIFT = GateKind(name="drift", title="Drift", advise=_drift_step, judge=_drift, limit="max_drift")
DUPLICATES = GateKind(
    name="duplicates",
    title="Duplicates at {side}",
    advice="Find who sends to {side} twice: a second forwarding destination, or a retry with a new request.",
    judge=_duplicates,
    limit="max_duplicates",
)
IDENTITY = GateKind(
    name="identity",
    title="Identity",
    advise=_identity_step,
    judge=_identity,
    limit="max_identity",
)
RENAMED = GateKind(
    name="renamed",
    title="Renamed",
    advice="See “Renamed” first: campaigns listen to exact names.",
    judge=_renamed,
    limit="max_renamed",
)
COUNTS = GateKind(
    name="counts",
    title="Counts of {side}",
    advice="Look for events of another name there (a column map's [names] maps them), then for a second writer.",
)
BASELINE = GateKind(
    name="baseline",
    title="Baseline",
    advice="Give a baseline with more messages: a second archive of as many days as you can get.",
    bound="\N{GREATER-THAN OR EQUAL TO} ",
)
CLASS = GateKind(name="class", title="Class: {subject}", advise=_class_step)
CHECK = GateKind(
    name="check",
    title="Check: {subject}",
    advice="Look at the rows that the check found, and hold back what depends on them until it passes.",
    bound="",
)
KINDS = (
    RELATED,
    MIN_EVENTS,
    MIN_DAYS,
    EVIDENCE,
    MISSING,
    TOO_YOUNG,
    DRIFT,
    DUPLICATES,
    SHARED_IDS,
    IDENTITY,
    CALL_TYPE,
    RENAMED,
    TIME,
    CONTEXT,
    COUNTS,
    BASELINE,
    CLASS,
    CHECK,
)
"""The kinds of gates, in the order of a report: over all messages, then what a source, an event or a team adds."""

BY_KIND = {kind.name: kind for kind in KINDS}
