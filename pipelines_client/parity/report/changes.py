"""What changed between two reports. Pure.

The result is *worse* if the verdict is worse (pass, inconclusive, fail), a gate is worse, or a new gate does not pass.
Counts alone are listed and do not make it worse: gates have limits for that. Two reports that did not look at the same
sources through the same gates and limits are *not comparable*: the later one may only look better.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field, ValidationError

from pipelines_client.errors import SourceError
from pipelines_client.parity.judgement.gates import title_of
from pipelines_client.parity.model import SCHEMA_VERSION, Frozen, GateKey, GateResult, ParityReport, Verdict
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipelines_client.parity.model import Gate

_VERDICTS = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
_RESULTS: tuple[GateResult, ...] = ("passed", "inconclusive", "failed")
_TOTALS = ("messages", "matched", "compared", "drift", "unrecorded")
_BY_SIDE = ("missing", "skipped", "too_young", "expected")


class ComparedReport(Frozen):
    """One of the two reports."""

    generated_at: str
    verdict: Verdict
    headline: str
    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateChange(GateKey):
    """A gate whose result, limit or value changed; None if a report does not have the gate."""

    unit: str
    before: GateResult | None
    after: GateResult | None
    before_actual: float | None
    after_actual: float | None
    before_limit: float | None
    after_limit: float | None
    is_worse: bool

    @property
    def is_same(self) -> bool:
        """Whether both reports have the gate with the same result, value and limit."""
        before = (self.before, self.before_actual, self.before_limit)
        return before == (self.after, self.after_actual, self.after_limit)


class CountChange(Frozen):
    """A count that changed: a total, a cause with its side, or a class. 0 if a report does not have it."""

    name: str
    before: int
    after: int


class DriftChange(Frozen):
    """A path whose count changed. It appeared if `before` is 0, and vanished if `after` is 0."""

    path: str
    kind: str
    before: int
    after: int


class EventChange(Frozen):
    """An event whose counts over all days changed; 0 if a report does not have the event."""

    event: str
    type: str
    messages_before: int
    messages_after: int
    faults_before: int
    faults_after: int


class Changes(Frozen):
    """The changes from one report to another."""

    schema_version: int = 1
    result: Literal["better", "same", "worse", "not_comparable"]
    reasons: tuple[str, ...] = Field(default=(), description="Why the two reports cannot be compared, in words.")
    before: ComparedReport
    after: ComparedReport
    gates: tuple[GateChange, ...]
    totals: tuple[CountChange, ...]
    causes: tuple[CountChange, ...]
    classes: tuple[CountChange, ...]
    drift_by_path: tuple[DriftChange, ...]
    events: tuple[EventChange, ...]

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 1 if the result is worse, 3 if it is not known, else 0; 2 is bad input."""
        return {"worse": 1, "not_comparable": 3}.get(self.result, 0)

    def to_json(self) -> str:
        """Return the changes as JSON text, indented, with a last newline."""
        return self.model_dump_json(indent=2) + "\n"


def parse_report(text: bytes, where: str) -> ParityReport:
    """Return the report in a text that `ParityReport.to_json` wrote; errors name the file `where`.

    Raises:
        SourceError: The text is not a report of this version; says what to do.
    """
    try:
        version = _Versioned.model_validate_json(text).schema_version
    except ValidationError:
        raise SourceError(f"{where}: not a parity report; write one with `parity --output report.json`") from None
    if version != SCHEMA_VERSION:
        cure = "compare the sources again with this version" if version < SCHEMA_VERSION else "update this package"
        raise SourceError(
            f"{where}: the report has schema_version {version}, this version reads {SCHEMA_VERSION}: {cure}"
        )
    try:
        return ParityReport.model_validate_json(text)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise SourceError(f"{where}: not a complete parity report: {place} is missing or wrong") from None


def compare_reports(before: ParityReport, after: ParityReport) -> Changes:
    """Return what changed."""
    gates = _gates(before.gates, after.gates)
    reasons = tuple(_incomparable(before, after, gates))
    return Changes(
        result="not_comparable" if reasons else _result(before.verdict, after.verdict, gates),
        reasons=reasons,
        before=_side(before),
        after=_side(after),
        gates=gates,
        totals=_counts(_totals(before), _totals(after)),
        causes=_counts(_causes(before), _causes(after)),
        classes=_counts(_classes(before), _classes(after)),
        drift_by_path=_drift(before, after),
        events=_events(before, after),
    )


class _Versioned(BaseModel):
    schema_version: int


def _incomparable(before: ParityReport, after: ParityReport, gates: Iterable[GateChange]) -> Iterator[str]:
    """Yield why the two cannot be compared."""
    looked = (("earlier", before, after), ("later", after, before))
    for name, report, other in looked:
        lacking = [TITLES.get(source, source) for source in _sources(other) if source not in _sources(report)]
        if lacking:
            yield f"The {name} report did not look at {' and '.join(lacking)}"
    modes = (before.window.mode, after.window.mode)
    if "all" in modes and modes[0] != modes[1]:
        name = "earlier" if modes[0] == "all" else "later"
        yield f"The {name} report looked at everything in its sources, the other at a window"
    gone = [gate for gate in gates if gate.after is None and {gate.side} <= {"", *_sources(after)}]
    if gone:
        yield f"The later report has no gate {' and no gate '.join(map(_title, gone))}"
    moved = [gate for gate in gates if None not in {gate.before, gate.after} and gate.before_limit != gate.after_limit]
    if moved:
        yield f"Other limits: {', '.join(map(_title, moved))}"


def _sources(report: ParityReport) -> list[str]:
    return [*report.sources, *report.counts]


def _title(gate: GateChange) -> str:
    return f"“{title_of(gate)}”"


def _result(before: Verdict, after: Verdict, gates: Iterable[GateChange]) -> Literal["better", "same", "worse"]:
    step = _VERDICTS.index(after) - _VERDICTS.index(before)
    changed = [gate for gate in gates if gate.before != gate.after]
    if step > 0 or any(gate.is_worse for gate in changed):
        return "worse"
    is_better = any(gate.before is not None and gate.after is not None for gate in changed)
    return "better" if step < 0 or is_better else "same"


def _side(report: ParityReport) -> ComparedReport:
    return ComparedReport(
        generated_at=report.generated_at,
        verdict=report.verdict,
        headline=report.headline,
        since=report.window.since,
        until=report.window.until,
    )


def _gates(before: Iterable[Gate], after: Iterable[Gate]) -> tuple[GateChange, ...]:
    old, new = ({(gate.name, gate.event): gate for gate in gates} for gates in (before, after))
    changes = [_gate(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    changed = [change for change in changes if not change.is_same]
    return tuple(sorted(changed, key=lambda change: (not change.is_worse, change.before == change.after)))


def _gate(before: Gate | None, after: Gate | None) -> GateChange:
    known = after or before
    assert known is not None  # noqa: S101 - one of the two is there
    worst_before = 0 if before is None else _RESULTS.index(before.result)
    return GateChange(
        kind=known.kind,
        side=known.side,
        subject=known.subject,
        event=known.event,
        unit=known.unit,
        before=before.result if before is not None else None,
        after=after.result if after is not None else None,
        before_actual=before.actual if before is not None else None,
        after_actual=after.actual if after is not None else None,
        before_limit=before.limit if before is not None else None,
        after_limit=after.limit if after is not None else None,
        is_worse=after is not None and _RESULTS.index(after.result) > worst_before,
    )


def _counts(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[CountChange, ...]:
    names = dict.fromkeys((*before, *after))
    changes = (CountChange(name=name, before=before.get(name, 0), after=after.get(name, 0)) for name in names)
    return tuple(change for change in changes if change.before != change.after)


def _totals(report: ParityReport) -> dict[str, int]:
    totals = report.totals
    by_side = {f"{name}_{side}": count or 0 for name in _BY_SIDE for side, count in getattr(totals, name).items()}
    findings = {name: getattr(report, name).count for name in ("duplicates", "identity", "renamed")}
    return {name: getattr(totals, name) for name in _TOTALS} | by_side | findings


def _causes(report: ParityReport) -> dict[str, int]:
    given = {side: causes for side, causes in report.missing_by_cause.items() if causes is not None}
    return {f"{cause}_{side}": count for side, causes in given.items() for cause, count in causes.items()}


def _classes(report: ParityReport) -> dict[str, int]:
    return {found.name: found.count for found in report.classes}


def _drift(before: ParityReport, after: ParityReport) -> tuple[DriftChange, ...]:
    old, new = ({(row.path, row.kind): row.count for row in report.drift_by_path} for report in (before, after))
    changes = (
        DriftChange(path=path, kind=kind, before=old.get((path, kind), 0), after=new.get((path, kind), 0))
        for path, kind in dict.fromkeys((*old, *new))
    )
    found = [change for change in changes if change.before != change.after]
    return tuple(sorted(found, key=lambda change: (-abs(change.after - change.before), change.path, change.kind)))


def _events(before: ParityReport, after: ParityReport) -> tuple[EventChange, ...]:
    old, new = _by_event(before), _by_event(after)
    changes = (
        EventChange(
            event=event,
            type=kind,
            messages_before=old["messages"][event, kind],
            messages_after=new["messages"][event, kind],
            faults_before=old["faults"][event, kind],
            faults_after=new["faults"][event, kind],
        )
        for event, kind in dict.fromkeys((*old["messages"], *new["messages"]))
    )
    found = [
        change
        for change in changes
        if (change.messages_before, change.faults_before) != (change.messages_after, change.faults_after)
    ]
    return tuple(
        sorted(found, key=lambda change: (change.faults_before - change.faults_after, change.event, change.type))
    )


def _by_event(report: ParityReport) -> dict[str, Counter[tuple[str, str]]]:
    sums: dict[str, Counter[tuple[str, str]]] = {"messages": Counter(), "faults": Counter()}
    for row in report.events:
        sums["messages"][row.event, row.type] += row.messages
        sums["faults"][row.event, row.type] += row.faults
    return sums
