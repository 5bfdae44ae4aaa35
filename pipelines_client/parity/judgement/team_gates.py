"""The gates that a team adds in `parity.toml`: of single events and of classes of findings. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.evidence import Evidence
from pipelines_client.parity.judgement.gates import BASELINE, CLASS, judge
from pipelines_client.parity.model import Gate, GateResult, Limits
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import ClassReport, Noise
    from pipelines_client.parity.questions.rows import DuplicatesRow, EventsRow
    from pipelines_client.parity.rules import Bound, EventGates, Gates


def judge_rules(
    gates: Gates,
    whole: Evidence,
    events: Iterable[EventsRow],
    duplicates: Iterable[DuplicatesRow],
    classes: Iterable[ClassReport],
) -> tuple[Gate, ...]:
    """Compare events and classes with their limits, in the order of the file.

    `whole` is the evidence over all messages; its gaps are gaps of each event too. `classes` has every class, also
    those without findings.
    """
    rows, surplus = list(events), list(duplicates)
    reports = {report.name: report for report in classes}
    of_events = (
        gate
        for event, limits in gates.events.items()
        for gate in _judge_event(event, limits, _evidence_of(event, whole, rows, surplus))
    )
    is_enough = whole.messages >= gates.limits().min_events
    of_classes = (
        _judge_class(reports[name], limit.max, whole, is_enough=is_enough) for name, limit in gates.classes.items()
    )
    return (*of_events, *of_classes)


def judge_baseline(noise: Noise | None, limits: Limits) -> tuple[Gate, ...]:
    """Judge whether the baseline has enough messages to measure noise; without a baseline there is no gate."""
    if noise is None:
        return ()
    compared, side = noise.baseline_compared, TITLES[noise.side]
    is_enough = compared >= max(1, limits.min_events)
    text = f"{plural(compared, 'message')} of {side} compared with themselves"
    text += "" if is_enough else "; too few to measure its noise"
    result: GateResult = "passed" if is_enough else "inconclusive"
    return (BASELINE.gate(limits.min_events, compared, "messages", result, text),)


def _judge_event(event: str, gates: EventGates, evidence: Evidence) -> tuple[Gate, ...]:
    asked = gates.asked()
    judged = judge(evidence, gates.limits())
    return tuple(replace(gate, event=event) for gate in judged if gate.kind in asked)


def _evidence_of(event: str, whole: Evidence, events: list[EventsRow], duplicates: list[DuplicatesRow]) -> Evidence:
    rows = [row for row in events if row.event == event]
    surplus = {side: sum(row.count for row in duplicates if row.event == event and row.side == side) for side in SIDES}
    sides = {side: source for side, source in whole.sources.items() if side in SIDES}

    def total(column: str) -> int:
        return sum(getattr(row, column) for row in rows)

    def by_side(column: str) -> dict[str, int]:
        return {side: total(f"{column}_{side}") for side in sides}

    return Evidence(
        messages=total("messages"),
        compared=total("compared"),
        drift=total("drift"),
        identity=total("identity"),
        renamed=total("renamed"),
        sources={
            side: replace(source, rows=total(side) + surplus[side], messages=total(side), duplicates=surplus[side])
            for side, source in sides.items()
        },
        missing=by_side("missing"),
        proven_missing=by_side("proven"),
        too_young=by_side("young"),
    )


def _judge_class(report: ClassReport, bound: Bound, whole: Evidence, *, is_enough: bool) -> Gate:
    kind = BY_NAME[report.name]
    actual = percent(report.count, whole.messages) if bound.is_share else float(report.count)
    result: GateResult = "passed"
    text = f"{plural(report.count, report.unit.removesuffix('s'))}: {report.meaning.rstrip('.')}"
    if actual > bound.value:
        is_hidden = kind.needs_whole_evidence and any(source.gaps for source in whole.sources.values())
        is_proof = not kind.is_short_evidence and not is_hidden and (is_enough or not bound.is_share)
        result = "failed" if is_proof else "inconclusive"
        text += "" if is_proof else ", which proves nothing while evidence is short"
    elif kind.needs_ledger and "ledger" not in whole.sources:
        result, text = "inconclusive", "Only a ledger shows this: give --ledger"
    unit = "%" if bound.is_share else report.unit
    return CLASS.gate(bound.value, actual, unit, result, text, subject=report.name)
