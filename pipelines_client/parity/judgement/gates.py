"""Gates: counts against limits → passed, failed or inconclusive; and of all gates, one verdict. Pure.

A gate *fails* only on proof, and it *passes* only on whole evidence:

- A rate needs `min_events` messages. With fewer, a breach is *inconclusive*.
- "Missing at a side" proves nothing while that side's evidence has gaps (an empty side, a cut or unreadable file, a
  hole in the sequence): the message may lie in the gap. Then only what the ledger itself recorded as rejected or
  dropped is proven. Without gaps, the missing messages may still be the unreadable lines, one for one.
- What is there is proof, whatever is missing: drift, duplicates, another identity, another name.

Over all gates a proven failure beats short evidence: no gap can turn a failure into a pass, so waiting for better
evidence would only delay the repair. Short evidence beats a pass: it is never read as one.

To add a kind of gate, add an entry to `KINDS`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.causes import CAUSE_OF
from pipelines_client.parity.judgement.evidence import Evidence, SourceEvidence, gaps_of
from pipelines_client.parity.model import Counts, DriftRow, Gate, GateKey, GateResult, Limits, Verdict
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Breakdown(NamedTuple):
    """Details that an advice names: absences of each side by cause, and the paths that drift, most frequent first."""

    causes: Mapping[str, Counts]
    drift: tuple[DriftRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKind:
    """One kind of gate.

    Attributes:
        name: `Gate.kind`.
        title: For people; `{side}` and `{subject}` are what the gate judges.
        advice: What to do first if the gate does not pass; `{side}` as in `title`.
        advise: The same where it depends on the gate or on what was counted; None returns `advice`.
        judge: Makes the gates of this kind, for all messages or one event; None where another module does.
        weight: Which gate the headline names: the highest. None is the size of the breach.
        bound: How its limit is said.
    """

    name: str
    title: str
    advice: str = ""
    advise: Callable[[Gate, Breakdown], str] | None = None
    judge: Callable[[Evidence, Limits], Iterable[Gate]] | None = None
    weight: float | None = None
    bound: str = "\N{LESS-THAN OR EQUAL TO} "

    def gate(
        self,
        limit: float,
        actual: float,
        unit: str,
        result: GateResult,
        evidence: str,
        *,
        side: str = "",
        subject: str = "",
    ) -> Gate:
        """Return a gate of this kind; a share is rounded, but never a breach down to its limit or a loss to none."""
        shown = float(f"{actual:.6g}") if unit == "%" else actual
        return Gate(
            kind=self.name,
            side=side,
            subject=subject,
            limit=limit,
            actual=shown,
            unit=unit,
            result=result,
            evidence=evidence,
        )

    def rate(self, actual: float, limit: float, evidence: str, *, is_proof: bool, side: str = "") -> Gate:
        """Return a gate on a share: a breach fails if there is proof."""
        breach: GateResult = "failed" if is_proof else "inconclusive"
        return self.gate(limit, actual, "%", breach if actual > limit else "passed", evidence, side=side)

    def count(self, count: int, limit: int, what: str) -> Gate:
        """Return a gate on a number of messages: each one counts as proof."""
        result: GateResult = "failed" if count > limit else "passed"
        return self.gate(limit, count, "messages", result, f"{plural(count, 'message')} {what}")

    def first_step(self, gate: Gate, breakdown: Breakdown) -> str:
        """Say what to do first about a gate that does not pass."""
        if self.advise is not None:
            return self.advise(gate, breakdown)
        return self.advice.format(side=TITLES.get(gate.side, gate.side))


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


def _sides(evidence: Evidence) -> list[str]:
    return [side for side in SIDES if side in evidence.sources]


def _min_events(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    is_enough = evidence.is_enough(limits)
    text = f"{evidence.messages:,} messages in the window{'' if is_enough else '; too few to tell a rate'}"
    result: GateResult = "passed" if is_enough else "inconclusive"
    yield MIN_EVENTS.gate(limits.min_events, evidence.messages, "messages", result, text)


def _min_days(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    """Count the days that have their share of `min_events`: a few backdated messages do not make a day."""
    if not limits.min_days:
        return
    share = max(1, limits.min_events // limits.min_days)
    days = sum(count >= share for count in evidence.days)
    is_enough = days >= limits.min_days
    text = f"{plural(days, 'day')} of at least {plural(share, 'message')}{'' if is_enough else '; too few to judge'}"
    yield MIN_DAYS.gate(limits.min_days, days, "days", "passed" if is_enough else "inconclusive", text)


def _evidence(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for name, source in evidence.sources.items():
        gaps = gaps_of(name, source, limits)
        text = f"{plural(source.files, 'file')} read whole, {plural(source.rows, 'row')}"
        if gaps:
            text = f"{TITLES[name]}: {'; '.join(gaps)}"
            text = text[0].upper() + text[1:]
        yield EVIDENCE.gate(0, len(gaps), "gaps", "inconclusive" if gaps else "passed", text, side=name)


def _missing(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    return (_missing_at(side, evidence, limits) for side in _sides(evidence))


def _missing_at(side: str, evidence: Evidence, limits: Limits) -> Gate:
    source, missing = evidence.sources[side], evidence.missing[side]
    expected = source.messages + missing
    actual = percent(missing, expected)
    result: GateResult = "passed"
    text = f"{missing:,} of {expected:,} messages are not in {TITLES[side]}'s export"
    if actual > limits.max_missing_pct:
        foreign = evidence.foreign_missing.get(side, 0) if _has_lost_lines(evidence.sources.get("ledger")) else 0
        surely = 0 if source.gaps else missing - foreign - source.rejected_lines
        unexplained = max(evidence.proven_missing[side], surely)
        is_proven = percent(unexplained, expected) > limits.max_missing_pct and evidence.is_enough(limits)
        result = "failed" if is_proven else "inconclusive"
        if not is_proven:
            text += ", which proves nothing while evidence is short"
    return MISSING.gate(limits.max_missing_pct, actual, "%", result, text, side=side)


def _has_lost_lines(ledger: SourceEvidence | None) -> bool:
    """Say whether a ledger has lost any line: one that is torn may be the last of many."""
    return ledger is not None and bool(ledger.gaps or ledger.rejected_lines)


def _too_young(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for side in _sides(evidence):
        young = evidence.too_young[side]
        whole = evidence.sources[side].messages + evidence.missing[side] + young
        actual = percent(young, whole)
        text = f"{young:,} of {whole:,} messages were sent after the last one that {TITLES[side]} exported"
        if actual > limits.max_missing_pct:
            text += "; run again later"
        yield TOO_YOUNG.rate(actual, limits.max_missing_pct, text, is_proof=False, side=side)


def _drift(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    text = f"{evidence.drift:,} of {evidence.compared:,} compared payloads differ"
    share = percent(evidence.drift, evidence.compared)
    is_proof = evidence.is_enough(limits)
    if not evidence.compared:
        text = "No payload could be compared, so drift is unknown"
    elif evidence.compared < limits.min_events <= evidence.messages and share <= limits.max_drift_pct:
        text = f"{plural(evidence.compared, 'payload')} could be compared; too few to tell a rate"
        yield DRIFT.gate(limits.max_drift_pct, share, "%", "inconclusive", text)
        return
    unreadable = sum(source.unreadable for source in evidence.sources.values())
    if share <= limits.max_drift_pct < percent(unreadable, evidence.compared + unreadable):
        text += f", and {plural(unreadable, 'payload')} could not be read, so drift is unknown"
        yield DRIFT.gate(limits.max_drift_pct, share, "%", "inconclusive", text)
        return
    if evidence.unproven_drift:
        text += f"; {evidence.unproven_drift:,} of them may be noise: the baseline is too short to tell"
        proven = percent(evidence.drift - evidence.unproven_drift, evidence.compared)
        is_proof = is_proof and proven > limits.max_drift_pct
    yield DRIFT.rate(share, limits.max_drift_pct, text, is_proof=is_proof)


def _duplicates(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    for side in _sides(evidence):
        source = evidence.sources[side]
        text = f"{source.duplicates:,} of {source.rows:,} rows of {TITLES[side]} repeat a message"
        share = percent(source.duplicates, source.rows)
        is_proof = evidence.is_enough(limits)
        yield DUPLICATES.rate(share, limits.max_duplicates_pct, text, is_proof=is_proof, side=side)


def _identity(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    gate = IDENTITY.count(evidence.identity, limits.max_identity, "with another identity on one side")
    if not evidence.is_identity_compared:
        text = "No two sources show whose a message is: give the identity key of the ledger, or the other export too"
        gate = replace(gate, result="inconclusive", evidence=text)
    yield gate


def _renamed(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    yield RENAMED.count(evidence.renamed, limits.max_renamed, "with another event name on one side")


def _missing_step(gate: Gate, breakdown: Breakdown) -> str:
    counts = {cause: count for cause, count in breakdown.causes[gate.side].items() if CAUSE_OF[cause].is_loss}
    cause = max(counts, key=lambda name: counts[name])
    return f"Most are {cause.replace('_', ' ')}. " + CAUSE_OF[cause].advice.format(side=TITLES[gate.side])


def _drift_step(gate: Gate, breakdown: Breakdown) -> str:
    del gate
    if not breakdown.drift:
        return TOO_YOUNG.advice
    worst = breakdown.drift[0]
    return f"Start with {worst.path} ({worst.kind}, {plural(worst.count, 'message')}), then compare the samples."


def _class_step(gate: Gate, breakdown: Breakdown) -> str:
    del breakdown
    return BY_NAME[gate.subject].advice


_FIRST, _SHORT, _LAST = float("inf"), 1e12, 0.0
"""Weights: what no replay repairs, then gaps in the evidence; last what follows from the rest, or needs only time."""

MIN_EVENTS = GateKind(
    name="min_events",
    title="Enough messages",
    advice="Let more messages through, widen the window with --since or --all, or lower --min-events.",
    judge=_min_events,
    weight=_LAST,
    bound="\N{GREATER-THAN OR EQUAL TO} ",
)
MIN_DAYS = GateKind(
    name="min_days",
    title="Enough days",
    advice="Run again when there are more days, widen the window with --since or --all, or lower min_days.",
    judge=_min_days,
    weight=_LAST,
    bound="\N{GREATER-THAN OR EQUAL TO} ",
)
EVIDENCE = GateKind(
    name="evidence",
    title="Evidence of {side}",
    advice="Get a whole export of {side} (see sources), then run again.",
    judge=_evidence,
    weight=_SHORT,
)
MISSING = GateKind(name="missing", title="Missing at {side}", advise=_missing_step, judge=_missing)
TOO_YOUNG = GateKind(
    name="too_young",
    title="Too young to tell at {side}",
    advice="Run again when the exports have caught up with what was sent.",
    judge=_too_young,
)
DRIFT = GateKind(name="drift", title="Drift", advise=_drift_step, judge=_drift)
DUPLICATES = GateKind(
    name="duplicates",
    title="Duplicates at {side}",
    advice="Find who sends to {side} twice: a second forwarding destination, or a retry with a new request.",
    judge=_duplicates,
)
IDENTITY = GateKind(
    name="identity",
    title="Identity",
    advice="See “Another identity” first: one message names two people, which a replay cannot repair.",
    judge=_identity,
    weight=_FIRST,
)
RENAMED = GateKind(
    name="renamed",
    title="Renamed",
    advice="See “Renamed” first: campaigns listen to exact names.",
    judge=_renamed,
    weight=_FIRST,
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
    weight=_LAST,
    bound="\N{GREATER-THAN OR EQUAL TO} ",
)
CLASS = GateKind(name="class", title="Class: {subject}", advise=_class_step)
CHECK = GateKind(
    name="check",
    title="Check: {subject}",
    advice="Look at the rows that the check found, and hold back what depends on them until it passes.",
    weight=_LAST,
    bound="",
)
KINDS = (
    MIN_EVENTS,
    MIN_DAYS,
    EVIDENCE,
    MISSING,
    TOO_YOUNG,
    DRIFT,
    DUPLICATES,
    IDENTITY,
    RENAMED,
    COUNTS,
    BASELINE,
    CLASS,
    CHECK,
)
"""The kinds of gates, in the order of a report: over all messages, then what a source, an event or a team adds."""

BY_KIND = {kind.name: kind for kind in KINDS}
