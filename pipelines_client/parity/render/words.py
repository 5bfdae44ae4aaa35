"""The words for numbers, names and causes, the same in every rendering. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.causes import CAUSE_OF
from pipelines_client.parity.judgement.gates import BY_KIND, COUNTS, title_of
from pipelines_client.parity.model import Gate, GateKey, Verdict
from pipelines_client.parity.rules import ANY
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.parity.model import (
        ClassReport,
        CountsRow,
        DriftRow,
        EffectsSection,
        ExpectedRow,
        LatencyRow,
        ParityReport,
        ReasonRow,
        Sample,
        SampleDifference,
        Side,
        SourceReport,
        SourceTotals,
    )


class _Names(dict[str, str]):
    """Titles of sources; a source of counts goes by the name it was given."""

    def __missing__(self, key: str) -> str:
        return key


_EVENTS_NAMED = 5
_OPTIONS = 5
"""Options to vouch for gaps that are shown."""

NAMES = _Names({**TITLES, "ledger": "Ledger"})
EFFECTS = {
    "same": "No condition in segments and campaigns stops matching",
    "breaks": "Conditions in segments and campaigns stop matching",
    "unknown": "Whether every condition still matches is not known",
}
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


def gap_notes(report: ParityReport) -> list[str]:
    """Say what follows from the gaps, and how to vouch for them."""
    if not report.gaps:
        return []
    left_out = sum(report.replay.left_out.values()) if report.replay else 0
    options = " ".join(gap.option for gap in report.gaps[:_OPTIONS])
    note = (
        "What is absent there may be in files that are not here, so it does not count as missing. If you have checked"
        f" that there are no more files, vouch for it: {options}"
    )
    return [
        note,
        *([f"{left_out:,} are left out of the replay list; --even-in-gaps puts them in."] if left_out else []),
    ]


def counts_rows(report: ParityReport) -> list[tuple[str, CountsRow]]:
    """List by source the counts that are beyond the limit."""
    limit_pct = {gate.side: gate.limit for gate in report.gates if gate.kind == COUNTS.name}
    return [
        (name, row)
        for name, counted in report.counts.items()
        for row in counted.rows
        if row.is_judged and row.deviation_pct > limit_pct[name]
    ]


def missing_lines(report: ParityReport, only: str = "") -> list[str]:
    """Say by side, or of one only, which events are missing, the most frequent by name."""
    lines = []
    for side in dict.fromkeys(row.side for row in report.missing_by_event if only in ("", row.side)):
        rows = [row for row in report.missing_by_event if row.side == side]
        parts = [f"{row.count:,} {row.event or row.type}" for row in rows[:_EVENTS_NAMED]]
        more = rows[_EVENTS_NAMED:]
        if more:
            parts.append(f"{sum(row.count for row in more):,} of {plural(len(more), 'other event')}")
        listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
        verb = "is" if sum(row.count for row in rows) == 1 else "are"
        lines.append(f"{listed} {verb} not at {NAMES[side]}.")
    return lines


def folded(command: str, width: int) -> list[str]:
    """Return a command in lines that a shell takes as one; an option stays with its value, however long."""
    parts: list[str] = []
    for word in shlex.split(command):
        quoted = shlex.quote(one_line(word))
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and not word.startswith("--"):
            parts[-1] += f" {quoted}"
        else:
            parts.append(quoted)
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(f"  {part}" if lines else part)
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def summary(report: ParityReport) -> str:
    """Say in one sentence how many messages each side has of those meant for it, and how many differ."""
    totals = report.totals
    there = [
        f"{counts.messages:,} of {counts.meant:,} at {NAMES[side]}{not_judged(report, side)}"
        for side, counts in totals.sides.items()
    ]
    counts = {
        "drifted": totals.drift,
        "differ as expected": totals.drift_expected,
        "differ as the baseline does": totals.drift_noise,
        "cured as asked": totals.cured,
        "with another identity": report.identity.count,
        "renamed": report.renamed.count,
    }
    numbers = [f"{number:,} {word}" for word, number in counts.items() if number or word == "drifted"]
    return f"{plural(totals.messages, 'message')}: {', '.join(there + numbers)}."


def effects_lines(found: EffectsSection) -> list[str]:
    """Say what the routes come to, what was assumed, and where the rest is."""
    cured = f", with {found.cures}" if found.cures else ""
    lines = [
        f"{EFFECTS[found.verdict]}, for {plural(found.calls, 'call')}. This is not part of parity's verdict.",
        f"Today: {found.today}; then: {found.then}, dates {found.dates}{cured}.",
    ]
    more = found.count - len(found.changes)
    return [*lines, *([f"{plural(more, 'more change')} in {found.path}."] if more else [])]


def not_judged(report: ParityReport, side: Side) -> str:
    """Say how many messages a side lacks that are neither there nor missing, in brackets; empty if there are none."""
    counts = {
        "in gaps": sum(gap.absent for gap in report.gaps if gap.side == side),
        "too young to tell": report.totals.too_young.get(side) or 0,
    }
    parts = [f"{number:,} more {word}" for word, number in counts.items() if number]
    return f" ({', '.join(parts)})" if parts else ""


def tile(report: ParityReport, count: int, *dimensions: str) -> str:
    """Return how many messages differ in some dimensions, or that nothing was compared there."""
    is_compared = any(row.compared for row in report.compared_dimensions if row.dimension in dimensions)
    return f"{count:,}" if count or is_compared or not report.totals.messages else "not compared"


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


def loss_short(report: ParityReport) -> str:
    """Say in one line what is proven about loss."""
    bounds = ", ".join(f"{percentage(bound.at_most_pct)} at {NAMES[bound.side]}" for bound in report.unseen.bounds)
    thin = report.unseen.thin_events
    few = (
        f"; {plural(thin, 'event')} {'has' if thin == 1 else 'have'} too few messages to prove the limit"
        if thin
        else ""
    )
    return f"With {report.unseen.confidence_pct:.4g} % confidence at most {bounds}{few}."


def minute(at: str | None) -> str:
    """Return an instant to the minute."""
    return "\N{EN DASH}" if at is None else at[:16].replace("T", " ")


def _edge(at: str | None) -> str:
    return "…" if at is None else minute(at)
