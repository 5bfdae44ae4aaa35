"""How numbers, names and causes are said, the same in every rendering. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.gates import CHECK
from pipelines_client.parity.model import Gate, Verdict
from pipelines_client.parity.report.advice import CAUSE_ADVICE
from pipelines_client.parity.rules import ANY
from pipelines_client.parity.spell import duration, plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import (
        Bucket,
        CheckReport,
        ClassReport,
        ClassRow,
        CountsRow,
        DriftRow,
        EventRow,
        ExpectedRow,
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
    "min_days": "Enough days",
    "baseline": "Baseline",
    "drift": "Drift",
    "identity": "Identity",
    "renamed": "Renamed",
    "missing": "Missing at {side}",
    "too_young": "Too young to tell at {side}",
    "duplicates": "Duplicates at {side}",
    "evidence": "Evidence of {side}",
    "counts": "Counts of {side}",
}
_NONCHARS = 0xFFFE  # the last two of each plane
_OWN_TABLES = frozenset(("missing", "drift", "duplicates", "identity", "renamed"))
HEATS = (
    ("h0", "", "none"),
    ("h1", "\N{BULLET}", "below 1 %"),
    ("h2", "\N{BULLET}" * 2, "below 5 %"),
    ("h3", "\N{BULLET}" * 3, "5 % and more"),
    ("hy", "\N{HORIZONTAL ELLIPSIS}", "too young to tell"),
)
"""Class, mark and meaning of a cell: the mark says without colour what the colour says."""
_MARKS = {name: mark for name, mark, _ in HEATS}
_CLEAN, _SOME, _MORE = 100.0, 99.0, 95.0  # percent of an event's messages in a day that are as they should be


def gate_title(gate: Gate) -> str:
    """Name a gate in words."""
    return title_of(gate.name, gate.event)


def title_of(name: str, event: str) -> str:
    """Name the gate of that name, and of that event if it is of one, in words; one that is not known as it is."""
    if name.startswith("class_") and name.removeprefix("class_") in BY_NAME:
        return f"Class: {BY_NAME[name.removeprefix('class_')].title}"
    if name.startswith(CHECK):
        return f"Check: {one_line(name.removeprefix(CHECK))}"
    kind, _, source = name.rpartition("_")
    pattern = GATES.get(name) or GATES.get(kind)
    title = name if pattern is None else pattern.format(side=TITLES.get(source, source))
    return f"{title}: {event}" if event else title


def amount(value: float, unit: str) -> str:
    """Spell a gate's limit or value with its unit."""
    return percentage(value) if unit == "%" else _counted(round(value), unit)


def _counted(number: int, unit: str) -> str:
    """Spell a count of a unit that is given in the plural."""
    one = "copy" if unit == "copies" else unit.removesuffix("s")
    return f"{number:,} {one if number == 1 else unit}"


def limit(gate: Gate) -> str:
    """Spell what a gate allows; of a check its evidence says that."""
    if gate.name.startswith(CHECK):
        return amount(gate.limit, gate.unit)
    return ("at least " if gate.name.startswith(("min_", "baseline")) else "at most ") + amount(gate.limit, gate.unit)


def percentage(value: float) -> str:
    """Spell a share."""
    return f"{value:.4g} %"


def readiness(report: ParityReport) -> str:
    """Say whether the days of late allow the cutover, and why; empty where no history is kept."""
    ready = report.readiness
    if ready is None:
        return ""
    unread = f" {plural(ready.unread_lines, 'line')} of the history could not be read." if ready.unread_lines else ""
    state = "Ready" if ready.state == "ready" else "Not ready yet"
    return f"{state}: {ready.reason}.{unread}"


def rule(row: ExpectedRow) -> str:
    """Say what an expected difference is."""
    where = f" at {NAMES[row.side]}" if row.side else ""
    what = cause(row.kind) or "any difference"
    path = f" at {row.path}" if row.path else ""
    event = "" if row.event == ANY else f", of {row.event}"
    return f"{what}{path}{where}{event}"


def height(value: float, values: Iterable[float]) -> str:
    """Spell a bar's height beside the highest, for a style."""
    highest = max(values, default=0)
    return f"{100 * value / highest:.3g}%" if highest else "0%"


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
    """Return text that came from outside without line ends, control characters, direction marks or noncharacters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unfit(char) else char for char in str(text))


def _is_unfit(char: str) -> bool:
    is_nonchar = ord(char) & _NONCHARS == _NONCHARS or "\ufdd0" <= char <= "\ufdef"  # no XML may hold them
    return is_nonchar or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")


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
    return _counted(found.count, found.unit)


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


def sample_places(sample: Sample) -> list[tuple[str, str]]:
    """Say by side in which file and line a sample is, and at which offset: `2184.1.1.track.json:14 @ 16890`."""
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
        found += [(name, place.text) for place in source.rejected[:places]]
        more = source.rejected_lines - len(source.rejected[:places])
        if more > 0:
            found.append((name, f"{plural(more, 'more place')} could not be read"))
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


def summary(report: ParityReport) -> str:
    """Say what became of the messages, in one line."""
    totals = report.totals
    counts = {
        "matched": totals.matched,
        "drifted": totals.drift,
        "differ as expected": totals.drift_expected,
        "differ as the baseline does": totals.drift_noise,
        "of another identity": report.identity.count,
        "renamed": report.renamed.count,
    }
    parts = [f"{number:,} {word}" for word, number in counts.items() if number or word in ("matched", "drifted")]
    return f"{plural(totals.messages, 'message')}: {', '.join(parts)}"


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


def cell_mark(row: EventRow) -> str:
    """Spell what is wrong in a cell, shortly: the mark of its colour, and how many."""
    return f"{_MARKS[heat(row)]} {row.faults or row.too_young or ''}".strip()


def cell_note(row: EventRow) -> str:
    """Say to who cannot see the mark what its number counts."""
    return " at fault" if row.faults else " too young" if row.too_young else ""


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


def unseen_lines(report: ParityReport) -> list[str]:
    """Say what is proven about loss, side by side, and how sure that is."""
    unseen = report.unseen
    more = f"Too little was seen of {plural(unseen.thin_events, 'event')} to prove their limits."
    return [*(bound.words for bound in unseen.bounds), unseen.words, *([more] if unseen.thin_events else [])]


def broken_checks(report: ParityReport) -> list[CheckReport]:
    """Return the checks that did not pass and have rows to show."""
    return [check for check in report.checks if check.result != "passed" and check.rows]


def cell(value: str | int | None) -> str:
    """Spell a value of a check's answer."""
    return f"{value:,}" if isinstance(value, int) else value or ""
