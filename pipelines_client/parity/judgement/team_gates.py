"""The gates that a team adds in `parity.toml`: of single events and of classes of findings. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.findings.base import Doubt, Need
from pipelines_client.parity.judgement.evidence import Evidence, not_compared, population_of
from pipelines_client.parity.judgement.gates import BASELINE, BY_KIND, CLASS, judge
from pipelines_client.parity.model import Gate, GateResult, Limits
from pipelines_client.parity.model.dimensions import DIMENSIONS
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines_client.parity.findings.base import FindingClass
    from pipelines_client.parity.model import ClassReport, Noise
    from pipelines_client.parity.questions.rows import DuplicatesRow, EventsRow
    from pipelines_client.parity.rules import Bound, EventGates, Gates


def judge_rules(
    gates: Gates,
    whole: Evidence,
    events: Iterable[EventsRow],
    duplicates: Iterable[DuplicatesRow],
    classes: Iterable[ClassReport],
    unproven: Mapping[tuple[str, str], int],
) -> tuple[Gate, ...]:
    """Compare events and classes with their limits, in the order of the file.

    `whole` is the evidence over all messages; its gaps are gaps of each event too. `classes` has every class, also
    those without findings. `unproven` is that of `Explained`.
    """
    rows, surplus = list(events), list(duplicates)
    reports = {report.name: report for report in classes}
    of_events = (
        gate
        for event, own in gates.events.items()
        for gate in _judge_event(event, own, _evidence_of(event, whole, rows, surplus, unproven))
    )
    limits = gates.limits()
    of_classes = (_judge_class(reports[name], limit.max, whole, limits) for name, limit in gates.classes.items())
    return (*of_events, *of_classes)


def judge_baseline(noise: Noise | None, limits: Limits) -> tuple[Gate, ...]:
    """Judge whether the baseline is whole and has enough messages to measure noise; without one there is no gate."""
    if noise is None:
        return ()
    compared, side = noise.baseline_compared, TITLES[noise.side]
    is_enough = compared >= max(1, limits.min_events)
    text = f"{plural(compared, 'message')} of {side} compared with themselves"
    text += "" if is_enough else "; too few to measure its noise"
    text += f"; it has gaps: {'; '.join(noise.gaps)}" if noise.gaps else ""
    result: GateResult = "passed" if is_enough and not noise.gaps else "inconclusive"
    return (BASELINE.gate(limits.min_events, compared, "messages", result, text),)


def _judge_event(event: str, gates: EventGates, evidence: Evidence) -> tuple[Gate, ...]:
    asked = gates.model_dump(exclude_none=True)
    judged = judge(evidence, gates.limits())
    return tuple(replace(gate, event=event) for gate in judged if BY_KIND[gate.kind].limit in asked)


def _evidence_of(
    event: str,
    whole: Evidence,
    events: list[EventsRow],
    duplicates: list[DuplicatesRow],
    unproven: Mapping[tuple[str, str], int],
) -> Evidence:
    """Return the evidence of one event: its own counts, and every reservation about the whole."""
    rows = [row for row in events if row.event == event]
    surplus = Counter[str]()
    for repeated in duplicates:
        surplus[repeated.side] += repeated.count if repeated.event == event else 0
    sides = {side: population_of(side, rows, unproven_drift=unproven.get((event, side), 0)) for side in whole.sides}
    return replace(
        whole,
        messages=sum(row.messages for row in rows),
        identity=sum(row.identity for row in rows),
        renamed=sum(row.renamed for row in rows),
        sources=whole.sources
        | {
            side: replace(
                whole.sources[side],
                rows=there.messages + surplus[side],
                messages=there.messages,
                duplicates=surplus[side],
            )
            for side, there in sides.items()
        },
        sides=sides,
    )


def _judge_class(report: ClassReport, bound: Bound, whole: Evidence, limits: Limits) -> Gate:
    """Judge a class: a share is that of the worse side, of the messages there that the class is about."""
    kind = BY_NAME[report.name]
    shares = {side: percent(report.sides[side], _whole(kind, side, whole)) for side in whole.sides}
    worst = max(shares, key=lambda side: shares[side], default="")
    actual = shares.get(worst, 0.0) if bound.is_share else float(report.count)
    lack = _LACKS[kind.need](whole, limits) or _nothing_compared(kind, whole)
    result: GateResult = "passed"
    text = f"{plural(report.count, report.unit.removesuffix('s'))}: {report.meaning.rstrip('.')}"
    if bound.is_share and actual:
        text += f"; {report.sides[worst]:,} of {_whole(kind, worst, whole):,} at {TITLES[worst]}"
    if actual > bound.value:
        result = "failed" if _is_proven(report, bound, whole, limits) else "inconclusive"
        text += "" if result == "failed" else ", which proves nothing while evidence is short"
    elif lack:
        result, text = "inconclusive", f"{kind.title}: {lack[0].lower()}{lack[1:]}"
    unit = "%" if bound.is_share else report.unit
    return CLASS.gate(bound.value, actual, unit, result, text, subject=report.name)


def _whole(kind: FindingClass, side: str, evidence: Evidence) -> int:
    """Return how many messages of a side a class is about."""
    if kind.name not in DIMENSIONS:
        return int(getattr(evidence.sides[side], kind.population))
    row = evidence.comparisons.get((kind.name, side))
    return 0 if row is None else row.compared


def _is_proven(report: ClassReport, bound: Bound, whole: Evidence, limits: Limits) -> bool:
    """Say whether a class breaks its limit even without the findings that the evidence may explain."""
    kind = BY_NAME[report.name]
    if not bound.is_share:
        return report.count - _DOUBTED[kind.doubt](whole, report.count, tuple(whole.sides)) > bound.value
    return any(
        there.proven_pct(
            max(0, report.sides[side] - _DOUBTED[kind.doubt](whole, report.sides[side], (side,))),
            _whole(kind, side, whole),
            limits,
        )
        > bound.value
        for side, there in whole.sides.items()
    )


def _has_two_sources(whole: Evidence) -> bool:
    return sum(bool(source.messages) for source in whole.sources.values()) > 1


def _not_compared(population: str, whole: Evidence, limits: Limits) -> str:
    return next(filter(None, (not_compared(side, population, whole, limits) for side in whole.sides)), "")


def _nothing_compared(kind: FindingClass, whole: Evidence) -> str:
    """Say that no message was compared in the dimension of a class, if it has one."""
    if kind.name not in DIMENSIONS or any(_whole(kind, side, whole) for side in whole.sides):
        return ""
    return f"{DIMENSIONS[kind.name]} was not compared"


_LACKS: Mapping[Need, Callable[[Evidence, Limits], str]] = {
    Need.NOTHING: lambda _, __: "",
    Need.LEDGER: lambda whole, _: "" if "ledger" in whole.sources else "Only a ledger shows this: give --ledger",
    Need.TWO_SOURCES: lambda whole, _: (
        "" if _has_two_sources(whole) else "Only two sources that have messages show this"
    ),
    Need.PAYLOADS: lambda whole, limits: _not_compared("compared", whole, limits),
    Need.IDENTITIES: lambda whole, limits: _not_compared("identified", whole, limits),
}
"""What the evidence lacks to show findings that need it, in words; an empty text if nothing."""


def _in_gaps(whole: Evidence, count: int, names: Iterable[str]) -> int:
    """Return how many of the findings may lie in the gaps of these sources."""
    sources = [whole.sources[name] for name in names if name in whole.sources]
    return (
        count
        if any(source.gaps or source.uncovered for source in sources)
        else sum(source.rejected_lines for source in sources)
    )


_DOUBTED: Mapping[Doubt, Callable[[Evidence, int, tuple[str, ...]], int]] = {
    Doubt.NONE: lambda _, __, ___: 0,
    Doubt.LEDGER_GAPS: lambda whole, count, _: count if whole.has_lost_lines else 0,
    Doubt.SIDE_GAPS: lambda whole, count, sides: count - sum(map(whole.surely_missing, sides)),
    Doubt.ANY_GAPS: lambda whole, count, _: _in_gaps(whole, count, whole.sources),
    Doubt.NOISE: lambda whole, _, sides: _maybe_noise(whole, sides),
    Doubt.ALWAYS: lambda _, count, __: count,
}
"""How many of the findings of a class at some sides the evidence may explain."""


def _maybe_noise(whole: Evidence, sides: tuple[str, ...]) -> int:
    """Return how much of the drift at one side, or of all drift, may be noise."""
    return whole.sides[sides[0]].unproven_drift if len(sides) == 1 else whole.unproven_drift
