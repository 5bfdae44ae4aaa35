"""How numbers, names and causes are said, the same in every rendering. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pipelines_client.parity.advice import CAUSE_ADVICE
from pipelines_client.parity.spelling import duration
from pipelines_client.parity.verdict import TITLES, Gate, Verdict, plural

if TYPE_CHECKING:
    from pipelines_client.parity.counts import CountsRow
    from pipelines_client.parity.report import (
        Bucket,
        ClassReport,
        ClassRow,
        DriftRow,
        EventRow,
        LatencyRow,
        ParityReport,
        ReasonRow,
        RenamedRow,
        Sample,
        SourceReport,
        SourceTotals,
    )


class _Names(dict[str, str]):
    """Names of sources; one that only counts goes by the name it was given."""

    def __missing__(self, key: str) -> str:
        return key


NAMES = _Names({**TITLES, "ledger": "Ledger"})
VERDICTS = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}
GATES = {
    "min_events": "Enough messages",
    "drift": "Drift",
    "identity": "Identity",
    "renamed": "Renamed",
    "missing": "Missing at {side}",
    "too_young": "Too young to tell at {side}",
    "duplicates": "Duplicates at {side}",
    "evidence": "Evidence of {side}",
    "counts": "Counts of {side}",
}
_OWN_TABLES = frozenset(("missing", "drift", "duplicates", "identity", "renamed"))
_CLEAN, _SOME, _MORE = 100.0, 99.0, 95.0  # percent of an event's messages in a day that are as they should be


def gate_title(gate: Gate) -> str:
    """Name a gate in words."""
    if gate.name in GATES:
        return GATES[gate.name]
    kind, _, source = gate.name.rpartition("_")
    return GATES[kind].format(side=TITLES.get(source, source))


def amount(value: float, unit: str) -> str:
    """Spell a gate's limit or value with its unit."""
    return f"{value:.4g} %" if unit == "%" else f"{value:,.0f} {unit}"


def limit(gate: Gate) -> str:
    """Spell what a gate allows."""
    return ("at least " if gate.name == "min_events" else "at most ") + amount(gate.limit, gate.unit)


def cause(name: str) -> str:
    """Spell a cause."""
    return name.replace("_", " ")


def cause_note(row: ReasonRow) -> str:
    """Say what to do about an absence."""
    return CAUSE_ADVICE[row.cause].format(side=TITLES[row.side])


def count(value: int | None) -> str:
    """Spell a count; a side that was not given has a dash."""
    return "\N{EN DASH}" if value is None else f"{value:,}"


def one_line(text: object) -> str:
    """Return text that came from outside without line ends, control characters or direction marks."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co") else char
        for char in str(text)
    )


def window_line(report: ParityReport) -> str:
    """Say which time was compared."""
    window = report.window
    if window.since is None and window.until is None:
        return "all time"
    return f"{_edge(window.since)} to {_edge(window.until)} UTC"


def names_of(row: RenamedRow) -> list[tuple[str, str]]:
    """Pair each source that knows a name with it."""
    pairs = (("Ledger", row.ledger), ("Segment", row.segment), ("Customer.io", row.customerio))
    return [(source, name) for source, name in pairs if name is not None]


def found_classes(report: ParityReport) -> list[ClassReport]:
    """List the classes of which there is something, what to look at first first."""
    return [found for found in report.classes if found.count]


def class_tables(report: ParityReport) -> list[tuple[ClassReport, tuple[ClassRow, ...]]]:
    """List the classes that have no table of their own, with their rows."""
    return [(found, found.rows) for found in found_classes(report) if found.name not in _OWN_TABLES]


def class_count(found: ClassReport) -> str:
    """Spell how many of a class there are."""
    return plural(found.count, found.unit.removesuffix("s"))


def measure(row: LatencyRow) -> str:
    """Name what a lag is of."""
    return {"delivery": "delivery", "clock": "clocks"}[row.measure]


def lag(ms: int) -> str:
    """Spell a lag in the unit that fits it."""
    return duration(ms)


def grade_class(row: LatencyRow) -> str:
    """Name the colour of a grade."""
    return {"healthy": "passed", "acceptable": "passed", "slow": "inconclusive", "trouble": "failed"}[row.grade]


def bucket(item: Bucket) -> str:
    """Spell the bound of a bucket."""
    return "more" if item.up_to_ms is None else f"\N{LESS-THAN OR EQUAL TO} {duration(item.up_to_ms)}"


def share(item: Bucket, row: LatencyRow) -> str:
    """Spell how much of a row is in a bucket, for a style."""
    return f"{100 * item.count / row.messages:.3g}%" if row.messages else "0%"


def sample_title(sample: Sample) -> str:
    """Say what a sample shows."""
    where = f" at {TITLES[sample.side]}" if sample.side in TITLES else ""
    why = f": {cause(sample.cause)}" if sample.cause else ""
    reason = f" ({sample.reason})" if sample.reason else ""
    return f"{cause(sample.kind)}{where}{why}{reason}"


def sources(report: ParityReport) -> list[tuple[str, SourceReport, SourceTotals]]:
    """Pair each source that was given with its counts in the window."""
    totals = {"ledger": report.totals.ledger, "segment": report.totals.segment, "customerio": report.totals.customerio}
    pairs = [(name, source, totals[name]) for name, source in report.sources.items()]
    return [(name, source, counts) for name, source, counts in pairs if counts is not None]


def missing_at(report: ParityReport, name: str) -> str:
    """Spell how many messages a source lacks; a dash for the ledger, of which that is not asked."""
    missing = report.totals.missing
    return count({"segment": missing["segment"], "customerio": missing["customerio"]}.get(name))


def alerts(report: ParityReport, *, places: int = 20) -> list[tuple[str, str]]:
    """List, by source, what a reader must know about its evidence: notes, unread lines, holes."""
    found: list[tuple[str, str]] = []
    for name, source in report.sources.items():
        found += [(name, note) for note in source.notes]
        found += [(name, f"{place.file}:{place.line}: {place.reason}") for place in source.rejected[:places]]
        more = source.rejected_lines - len(source.rejected[:places])
        if more > 0:
            found.append((name, f"{plural(more, 'more line')} could not be read"))
        found += [(name, f"{hole} is missing from the sequence") for hole in source.holes[:places]]
        found += [(name, f"nothing of {day}, where there should be many") for day in source.empty_days[:places]]
        if source.ignored_files:
            found.append((name, f"{plural(source.ignored_files, 'other file')} there: not read"))
    for name, counted in report.counts.items():
        found += [(name, note) for note in counted.notes]
        if counted.unknown_events:
            found.append((name, f"{plural(counted.unknown_events, 'event')} that we did not send: not judged"))
    return found


def counts_rows(report: ParityReport, *, rows: int) -> list[tuple[str, CountsRow]]:
    """List, by source, the counts that are beyond the limit."""
    limit_pct = {gate.name: gate.limit for gate in report.gates}
    return [
        (name, row)
        for name, counted in report.counts.items()
        for row in counted.rows[:rows]
        if row.is_judged and row.deviation_pct > limit_pct[f"counts_{name}"]
    ]


def outside(report: ParityReport) -> str:
    """Say how many messages the window left out, by source."""
    left = {NAMES[name]: number for name, number in report.window.outside.items() if number}
    return ", ".join(f"{number:,} of {name}" for name, number in left.items())


def sides(row: DriftRow) -> str:
    """Say who differs from what was sent."""
    return ", ".join(f"{NAMES.get(side, side)} {number:,}" for side, number in row.sides.items())


def days_of(report: ParityReport) -> list[str]:
    """List the days of the report."""
    return sorted({row.day for row in report.events})


def by_event(report: ParityReport) -> list[tuple[tuple[str, str], dict[str, EventRow]]]:
    """Arrange the event rows by event and type, then by day; the events that fare worst come first."""
    grid: dict[tuple[str, str], dict[str, EventRow]] = {}
    for row in report.events:
        grid.setdefault((row.event, row.type), {})[row.day] = row
    return sorted(grid.items(), key=lambda item: (min(map(_soundness, item[1].values())), item[0]))


def heat(row: EventRow) -> str:
    """Name the colour of a cell."""
    sound = _soundness(row)
    if sound >= _CLEAN:
        return "hy" if row.too_young else "h0"
    return "h1" if sound >= _SOME else "h2" if sound >= _MORE else "h3"


def _soundness(row: EventRow) -> float:
    """Return the share in percent of messages without any fault, surplus rows included."""
    return 100 * (1 - min(1, row.faults / row.messages)) if row.messages else row.health


def cell_faults(row: EventRow) -> str:
    """Spell what is wrong in a cell, shortly."""
    return f"{row.faults:,}" if row.faults else ""


def cell_words(row: EventRow) -> str:
    """Spell a cell in full."""
    parts = [f"{row.messages:,} messages, {row.matched:,} matched"]
    parts += [f"{number:,} missing at {TITLES[side]}" for side, number in row.missing.items() if number]
    numbers = {
        "drifted": row.drift,
        "doubled": row.duplicates,
        "of another identity": row.identity,
        "renamed": row.renamed,
        "too young": row.too_young,
    }
    return ", ".join(parts + [f"{number:,} {word}" for word, number in numbers.items() if number])


def minute(at: str | None) -> str:
    """Spell an instant to the minute."""
    return "\N{EN DASH}" if at is None else at[:16].replace("T", " ")


def _edge(at: str | None) -> str:
    return "…" if at is None else minute(at)
