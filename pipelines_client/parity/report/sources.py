"""One source that was read → its report and its evidence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.instants import iso_ms
from pipelines_client.parity import model
from pipelines_client.parity.judgement.evidence import SourceEvidence
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from pipelines_client.evidence.files.base import Rejected
    from pipelines_client.parity.questions.rows import TotalsRow
    from pipelines_client.parity.report.inputs import ReportScope, SourceRead

_NOTES_LISTED = 5


def source_report(
    name: str, read: SourceRead, scope: ReportScope, empty: dict[str, dict[str, int]]
) -> model.SourceReport:
    """Return the report of a source."""
    span = scope.spans.get(name)
    first = last = None
    if span is not None:
        appended = (span.first_appended_ms, span.last_appended_ms)
        first, last = appended if name == "ledger" else (span.first_ms, span.last_ms)
    return model.SourceReport(
        path=read.path,
        files=len(read.listing.files),
        bytes=sum(file.bytes for file in read.listing.files),
        rows=read.reading.rows,
        rejected_lines=read.reading.rejected_lines,
        rejected=tuple(map(place_of, read.reading.rejected)),
        incomplete=tuple(map(place_of, read.reading.incomplete)),
        holes=read.holes,
        empty_days=tuple(empty.get(name, ())),
        waiting=read.waiting,
        ignored_files=len(read.listing.ignored),
        first_at=iso_ms(first),
        watermark=iso_ms(last),
        notes=(*([read.fidelity] if read.fidelity else []), *_notes(name, read, scope), *_some(read.reading.notes)),
    )


def _some(notes: list[str]) -> list[str]:
    """Return the first few notes of reading, and how many more there are."""
    more = len(notes) - _NOTES_LISTED
    return [*notes[:_NOTES_LISTED], *([f"and {more} more files like these"] if more > 0 else [])]


def _notes(name: str, read: SourceRead, scope: ReportScope) -> list[str]:
    notes = []
    if read.waiting:
        legs = " and ".join(f"{count:,} for {TITLES.get(leg, leg)}" for leg, count in read.waiting.items())
        notes.append(
            f"Messages wait in a spool, as the run files say: {legs}. A message that waits for every leg is not in the"
            " ledger yet, so it is not counted here: drain the spools, then run again."
        )
    if name == "ledger" and not scope.settings.knows_identity:
        notes.append(
            "There is no identity key beside the ledger or in PIPELINES_LEDGER_KEY: only the identities of the two"
            " exports were compared."
        )
    if name == "ledger":
        notes += [
            f"The ledger has no record of the {side} leg: never configured, or no message has left its spool yet."
            for side in SIDES
            if side not in scope.legs and "ledger" in scope.spans and getattr(scope.settings, f"has_{side}")
        ]
    if name in scope.spans:
        notes += scope.spans[name].notes
    return notes


def place_of(place: Rejected) -> model.Place:
    """Return a place for the report."""
    return model.Place(file=place.file, line=place.line, reason=place.reason)


def source_evidence(
    name: str, read: SourceRead, total: TotalsRow, empty: dict[str, int], legs: tuple[str, ...]
) -> SourceEvidence:
    """Return the evidence of a source: its counts, and what is missing in it."""
    gaps = [place_of(place).text for place in read.reading.incomplete]
    gaps += [f"{hole} is missing" for hole in read.holes]
    gaps += [f"no messages on {day}, where {lacking:,} are missing" for day, lacking in empty.items()]
    if not read.reading.rows:
        gaps.append("it is empty")
    return SourceEvidence(
        rows=getattr(total, f"{name}_rows"),
        messages=getattr(total, f"{name}_messages"),
        duplicates=getattr(total, f"{name}_duplicates"),
        rejected_lines=read.reading.rejected_lines - sum(not place.line for place in read.reading.incomplete),
        files=len(read.listing.files),
        gaps=tuple(gaps),
        unreadable=read.reading.unreadable,
        waiting=min((read.waiting.get(leg, 0) for leg in legs), default=0),  # what one leg has settled is in a record
    )
