"""Gates: counts against limits → passed, failed or inconclusive; and of all gates, one verdict. Pure.

A gate *fails* only on proof, and it *passes* only on whole evidence:

- A rate needs `min_events` messages. With fewer, a breach is *inconclusive*.
- "Missing at a side" is no proof while that side's evidence has gaps (an empty side, a cut or unreadable file, a hole
  in the positions): the message may lie in the gap. Then only what the ledger itself says was rejected or dropped is
  proven. Without gaps, so many of the missing as there are unreadable lines may be those lines.
- What is there is proof however much is not: drift, duplicates, another identity, another name.

Over all gates a proven failure beats short evidence: nothing that the gaps may hide could turn a failure into a pass,
so waiting for better evidence would only delay the repair. Short evidence beats a pass: it never reads as one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipelines_client.parity.model import Gate, GateResult, Limits, Verdict
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import SIDES, TITLES

CHECK = "check:"
"""What the name of a truth check's gate begins with; then comes the check's own."""


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """What one source brought to the judgement.

    `gaps` says, in words, what its evidence lacks; [] when it is whole. `waiting` messages may be in no record. A file
    that could not be read as a whole is a gap, and none of `rejected_lines`.
    """

    rows: int
    messages: int
    duplicates: int
    rejected_lines: int
    files: int
    gaps: tuple[str, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The counts that the gates look at. `missing` and `too_young` have a key for each side that was given.

    `foreign_missing` is that part of `missing` that the ledger does not know: no proof where it has lost lines, since
    those may say that it was skipped. `unproven_drift` is that part of `drift` that may be noise;
    `is_identity_compared`: two sources or more tell whose a message is, in a form that can be compared; `days` are the
    messages of each UTC day.
    """

    messages: int
    compared: int
    drift: int
    identity: int
    renamed: int
    sources: dict[str, SourceEvidence]
    missing: dict[str, int]
    proven_missing: dict[str, int]
    too_young: dict[str, int]
    foreign_missing: dict[str, int] = field(default_factory=dict)
    unproven_drift: int = 0
    is_identity_compared: bool = True
    days: tuple[int, ...] = ()


def judge(evidence: Evidence, limits: Limits) -> tuple[Gate, ...]:
    """Hold the evidence against the limits, one gate after the other, in a fixed order."""
    sides = [side for side in SIDES if side in evidence.sources]
    return (
        _enough(evidence, limits),
        *_days(evidence, limits),
        *(_whole(name, source, limits) for name, source in evidence.sources.items()),
        *(_missing(side, evidence, limits) for side in sides),
        *(_too_young(side, evidence, limits) for side in sides),
        _drift(evidence, limits),
        *(_duplicates(side, evidence, limits) for side in sides),
        _identity(evidence, limits),
        _none_of("renamed", evidence.renamed, limits.max_renamed, "with another event name on one side"),
    )


def conclude(gates: tuple[Gate, ...]) -> Verdict:
    """Return the verdict that the gates come to (see the module for why a failure comes first)."""
    results = {gate.result for gate in gates}
    if "failed" in results:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if "inconclusive" in results else Verdict.PASS


def _enough(evidence: Evidence, limits: Limits) -> Gate:
    is_enough = evidence.messages >= limits.min_events
    text = f"{evidence.messages:,} messages in the window{'' if is_enough else '; too few to tell a rate'}"
    result: GateResult = "passed" if is_enough else "inconclusive"
    return Gate("min_events", limits.min_events, evidence.messages, "messages", result, text)


def _days(evidence: Evidence, limits: Limits) -> tuple[Gate, ...]:
    """Count the days that bring their part of `min_events`: a few backdated messages make no day."""
    if not limits.min_days:
        return ()
    part = max(1, limits.min_events // limits.min_days)
    days = sum(count >= part for count in evidence.days)
    is_enough = days >= limits.min_days
    text = f"{plural(days, 'day')} of at least {plural(part, 'message')}{'' if is_enough else '; too few to judge'}"
    result: GateResult = "passed" if is_enough else "inconclusive"
    return (Gate("min_days", limits.min_days, days, "days", result, text),)


def gaps_of(name: str, source: SourceEvidence, limits: Limits) -> list[str]:
    """Return, in words, all that a source's evidence lacks: its gaps, and what is more than the limit bears."""
    gaps = list(source.gaps)
    # A killed process tears the last line of its ledger file: one a file is the ledger's normal, and hides no message.
    bad = max(0, source.rejected_lines - source.files) if name == "ledger" else source.rejected_lines
    if percent(bad, source.rows + bad) > limits.max_missing_pct:
        gaps.append(f"{plural(source.rejected_lines, 'line')} could not be read")
    if percent(source.waiting, source.messages + source.waiting) > limits.max_missing_pct:
        gaps.append(f"{plural(source.waiting, 'message')} may wait in a spool and be in no record yet")
    return gaps


def _whole(name: str, source: SourceEvidence, limits: Limits) -> Gate:
    gaps = gaps_of(name, source, limits)
    if gaps:
        text = f"{TITLES[name]}: {'; '.join(gaps)}"
        return Gate(f"evidence_{name}", 0, len(gaps), "gaps", "inconclusive", text[0].upper() + text[1:])
    text = f"{plural(source.files, 'file')} read whole, {plural(source.rows, 'row')}"
    return Gate(f"evidence_{name}", 0, 0, "gaps", "passed", text)


def _missing(side: str, evidence: Evidence, limits: Limits) -> Gate:
    source, missing = evidence.sources[side], evidence.missing[side]
    expected = source.messages + missing
    actual = percent(missing, expected)
    result: GateResult = "passed"
    text = f"{missing:,} of {expected:,} messages are not in {TITLES[side]}'s export"
    if actual > limits.max_missing_pct:
        foreign = evidence.foreign_missing.get(side, 0) if _has_lost_lines(evidence.sources.get("ledger")) else 0
        surely = 0 if source.gaps else missing - foreign - source.rejected_lines
        unexplained = max(evidence.proven_missing[side], surely)
        is_proven = percent(unexplained, expected) > limits.max_missing_pct and _has_enough(evidence, limits)
        result = "failed" if is_proven else "inconclusive"
        if not is_proven:
            text += ", which is no proof while evidence is short"
    return Gate(f"missing_{side}", limits.max_missing_pct, _rounded(actual), "%", result, text)


def _has_lost_lines(ledger: SourceEvidence | None) -> bool:
    """Say whether a ledger has lost any: a line that is torn may be the last of many."""
    return ledger is not None and bool(ledger.gaps or ledger.rejected_lines)


def _too_young(side: str, evidence: Evidence, limits: Limits) -> Gate:
    young = evidence.too_young[side]
    whole = evidence.sources[side].messages + evidence.missing[side] + young
    actual = percent(young, whole)
    text = f"{young:,} of {whole:,} messages were sent after the last one that {TITLES[side]} exported"
    result: GateResult = "passed"
    if actual > limits.max_missing_pct:
        result, text = "inconclusive", text + "; run again later"
    return Gate(f"too_young_{side}", limits.max_missing_pct, _rounded(actual), "%", result, text)


def _drift(evidence: Evidence, limits: Limits) -> Gate:
    text = f"{evidence.drift:,} of {evidence.compared:,} compared payloads differ"
    share = percent(evidence.drift, evidence.compared)
    is_proof = _has_enough(evidence, limits)
    if not evidence.compared:
        text = "No payload could be compared: nothing is said of drift"
    elif evidence.compared < limits.min_events <= evidence.messages and share <= limits.max_drift_pct:
        text = f"{plural(evidence.compared, 'payload')} could be compared; too few to tell a rate"
        return Gate("drift", limits.max_drift_pct, _rounded(share), "%", "inconclusive", text)
    if evidence.unproven_drift:
        text += f"; {evidence.unproven_drift:,} of them may be noise: the baseline is too short to tell"
        proven = percent(evidence.drift - evidence.unproven_drift, evidence.compared)
        is_proof = is_proof and proven > limits.max_drift_pct
    return _rate("drift", share, limits.max_drift_pct, text, is_proof=is_proof)


def _duplicates(side: str, evidence: Evidence, limits: Limits) -> Gate:
    source = evidence.sources[side]
    text = f"{source.duplicates:,} of {source.rows:,} rows of {TITLES[side]} repeat a message"
    share = percent(source.duplicates, source.rows)
    is_proof = _has_enough(evidence, limits)
    return _rate(f"duplicates_{side}", share, limits.max_duplicates_pct, text, is_proof=is_proof)


def _rate(name: str, actual: float, limit: float, text: str, *, is_proof: bool) -> Gate:
    breach: GateResult = "failed" if is_proof else "inconclusive"
    return Gate(name, limit, _rounded(actual), "%", breach if actual > limit else "passed", text)


def _identity(evidence: Evidence, limits: Limits) -> Gate:
    gate = _none_of("identity", evidence.identity, limits.max_identity, "with another identity on one side")
    if evidence.is_identity_compared:
        return gate
    text = "No two sources tell whose a message is: give the identity key of the ledger, or the other export too"
    return replace(gate, result="inconclusive", evidence=text)


def _none_of(name: str, count: int, limit: int, what: str) -> Gate:
    text = f"{plural(count, 'message')} {what}"
    return Gate(name, limit, count, "messages", "failed" if count > limit else "passed", text)


def _has_enough(evidence: Evidence, limits: Limits) -> bool:
    return evidence.messages >= limits.min_events


def _rounded(share: float) -> float:
    """Round for print, but never a breach down to its limit or a loss down to none."""
    return float(f"{share:.6g}")
