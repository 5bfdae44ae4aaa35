"""The words for numbers, names and causes, the same in every rendering. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.text import one_line
from pipelines_client.parity.judgement.causes import CAUSE_OF
from pipelines_client.parity.judgement.gates import BY_KIND, COUNTS, title_of
from pipelines_client.parity.model import Gate, GateKey, Verdict
from pipelines_client.parity.rules import ANY
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from pipelines_client.parity.model import (
        ClassReport,
        CountsRow,
        DriftRow,
        ExpectedRow,
        LatencyRow,
        ParityReport,
        ReasonRow,
        Sample,
        SampleDifference,
        SourceReport,
        SourceTotals,
    )


class _Names(dict[str, str]):
    """Titles of sources; a source of counts goes by the name it was given."""

    def __missing__(self, key: str) -> str:
        return key


NAMES = _Names({**TITLES, "ledger": "Ledger"})
VERDICTS = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}


def gate_title(gate: GateKey) -> str:
    """Return the title of a gate."""
    return one_line(title_of(gate))


def amount(value: float, unit: str) -> str:
    """Return a gate's limit or value with its unit."""
    return percentage(value) if unit == "%" else _counted(round(value), unit)


def _counted(number: int, unit: str) -> str:
    """Return a count with its unit, which is given in the plural."""
    one = "copy" if unit == "copies" else unit.removesuffix("s")
    return f"{number:,} {one if number == 1 else unit}"


def limit(gate: Gate) -> str:
    """Return what a gate allows. A check's evidence says how its limit is meant."""
    return BY_KIND[gate.kind].bound + amount(gate.limit, gate.unit)


def percentage(value: float) -> str:
    """Return a share in percent."""
    return f"{value:.4g} %"


def readiness(report: ParityReport) -> str:
    """Say whether the last days allow the cutover, and why; empty where no history is kept."""
    ready = report.readiness
    if ready is None:
        return ""
    lines = plural(ready.unread_lines, "line")
    unreadable = f" {lines} of the history could not be read." if ready.unread_lines else ""
    state = "Ready" if ready.state == "ready" else "Not ready yet"
    return f"{state}: {ready.reason}.{unreadable}"


def rule(row: ExpectedRow) -> str:
    """Say which differences a rule explains."""
    where = f" at {NAMES[row.side]}" if row.side else ""
    what = cause(row.kind) or "any difference"
    path = f" at {row.path}" if row.path else ""
    event = "" if row.event == ANY else f", of {row.event}"
    return f"{what}{path}{where}{event}"


def cause(name: str) -> str:
    """Return a cause in words."""
    return name.replace("_", " ")


def absence(row: ReasonRow) -> str:
    """Say why messages are missing: the cause, the ledger's reason, and whether it counts as a loss."""
    reason = f": {row.reason}" if row.reason else ""
    return f"{cause(row.cause)}{reason}{'' if row.is_counted else ' (not a loss)'}"


def cause_note(row: ReasonRow) -> str:
    """Say what to do about missing messages."""
    return CAUSE_OF[row.cause].advice.format(side=TITLES[row.side])


def count(value: int | None) -> str:
    """Return a count, or a dash for a side that was not given."""
    return "\N{EN DASH}" if value is None else f"{value:,}"


def window_line(report: ParityReport) -> str:
    """Say which time was compared."""
    window = report.window
    if window.since is None and window.until is None:
        return "all time"
    return f"{_edge(window.since)} to {_edge(window.until)} UTC"


def class_count(found: ClassReport) -> str:
    """Return how many findings of a class there are."""
    return _counted(found.count, found.unit)


def measure(row: LatencyRow) -> str:
    """Return what a lag measures."""
    return {"delivery": "delivery", "clock": "clocks"}[row.measure]


def sample_places(sample: Sample) -> list[tuple[str, str]]:
    """Return by side the file, line and offset of a sample: `2184.1.1.track.json:14 @ 16890`."""
    places = (
        ("segment", sample.segment, sample.segment_offset),
        ("customerio", sample.customerio, sample.customerio_offset),
    )
    return [(TITLES[side], f"{place} @ {offset}") for side, place, offset in places if place is not None]


def sample_title(sample: Sample) -> str:
    """Say what a sample shows."""
    where = f" at {TITLES[sample.side]}" if sample.side in TITLES else ""
    why = f": {cause(sample.cause)}" if sample.cause else ""
    reason = f" ({sample.reason})" if sample.reason else ""
    return f"{cause(sample.kind)}{where}{why}{reason}"


def sample_line(sample: Sample) -> str:
    """Return a sample in one line: what it shows, and which message it is."""
    return f"{sample_title(sample)}: {sample.message_id} {sample.event} {sample.day}".rstrip()


def samples_note(report: ParityReport) -> str:
    """Say whether the samples show values."""
    if report.is_redacted:
        return "Values are hidden: only their type and length are shown. --show-values shows them."
    return "With values: share this report only with people who may see them."


def difference(item: SampleDifference) -> str:
    """Return one difference of a sample."""
    return f"{item.path} ({cause(item.kind)}): Segment {item.segment}, Customer.io {item.customerio}"


def sources(report: ParityReport) -> list[tuple[str, SourceReport, SourceTotals]]:
    """Pair each source that was given with its counts in the window."""
    totals = {"ledger": report.totals.ledger, "segment": report.totals.segment, "customerio": report.totals.customerio}
    pairs = [(name, source, totals[name]) for name, source in report.sources.items()]
    return [(name, source, counts) for name, source, counts in pairs if counts is not None]


def where(name: str, source: SourceReport) -> str:
    """Say where a source lies and what time it spans."""
    span = f", {minute(source.first_at)} to {minute(source.watermark)}" if source.first_at else ""
    return f"{NAMES[name]}: {plural(source.files, 'file')} in {source.path}{span}."


def missing_at(report: ParityReport, name: str) -> str:
    """Return how many messages a source lacks; a dash for the ledger."""
    missing = report.totals.missing
    return count({"segment": missing["segment"], "customerio": missing["customerio"]}.get(name))


def alerts(report: ParityReport, *, places: int = 20) -> list[tuple[str, str]]:
    """List by source what a reader must know about its evidence: notes, unreadable lines, holes."""
    found: list[tuple[str, str]] = []
    for name, source in report.sources.items():
        found += [(name, note) for note in source.notes]
        found += [(name, place.text) for place in source.rejected[:places]]
        more = source.rejected_lines - len(source.rejected[:places])
        if more > 0:
            found.append((name, f"{plural(more, 'more place')} could not be read"))
        found += [(name, f"{hole} is missing from the sequence") for hole in source.holes[:places]]
        found += [(name, f"no messages on {day}, where there should be many") for day in source.empty_days[:places]]
        if source.ignored_files:
            found.append((name, f"{plural(source.ignored_files, 'other file')} in the folder: not read"))
    for name, counted in report.counts.items():
        found += [(name, note) for note in counted.notes]
        if counted.unknown_events:
            found.append((name, f"{plural(counted.unknown_events, 'event')} that we did not send: not judged"))
    return found


def counts_rows(report: ParityReport) -> list[tuple[str, CountsRow]]:
    """List by source the counts that are beyond the limit."""
    limit_pct = {gate.side: gate.limit for gate in report.gates if gate.kind == COUNTS.name}
    return [
        (name, row)
        for name, counted in report.counts.items()
        for row in counted.rows
        if row.is_judged and row.deviation_pct > limit_pct[name]
    ]


def summary(report: ParityReport) -> str:
    """Say in one sentence how many messages matched and how many did not."""
    totals = report.totals
    counts = {
        "matched": totals.matched,
        "drifted": totals.drift,
        "differ as expected": totals.drift_expected,
        "differ as the baseline does": totals.drift_noise,
        "with another identity": report.identity.count,
        "renamed": report.renamed.count,
    }
    numbers = [f"{number:,} {word}" for word, number in counts.items() if number or word in ("matched", "drifted")]
    return f"{plural(totals.messages, 'message')}: {', '.join(numbers)}."


def outside(report: ParityReport) -> str:
    """Say how many messages the window left out, by source."""
    left = {NAMES[name]: number for name, number in report.window.outside.items() if number}
    return ", ".join(f"{number:,} of {name}" for name, number in left.items())


def sides(row: DriftRow) -> str:
    """Say which sides differ from what was sent, and how often."""
    return ", ".join(f"{NAMES.get(side, side)} {number:,}" for side, number in row.sides.items())


def loss_lines(report: ParityReport) -> list[str]:
    """Say what is proven about loss at each side, and with which confidence."""
    unseen = report.unseen
    thin = (
        f"Too few messages to prove the limit: {plural(unseen.thin_events, 'event')}."
        " “Needed” is how many messages would prove it."
    )
    return [*(bound.words for bound in unseen.bounds), unseen.words, *([thin] if unseen.thin_events else [])]


def minute(at: str | None) -> str:
    """Return an instant to the minute."""
    return "\N{EN DASH}" if at is None else at[:16].replace("T", " ")


def _edge(at: str | None) -> str:
    return "…" if at is None else minute(at)
