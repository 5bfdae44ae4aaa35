"""One source as it was read → its part of the report, and what the gates ask of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.instants import iso_ms
from pipelines_client.parity import model
from pipelines_client.parity.judgement.evidence import SourceEvidence
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from pipelines_client.evidence.files.base import Rejected
    from pipelines_client.parity.questions.rows import TotalsRow
    from pipelines_client.parity.report.inputs import Asked, SourceRead

_NOTES_LISTED = 5


def source_report(name: str, read: SourceRead, asked: Asked, empty: dict[str, dict[str, int]]) -> model.SourceReport:
    """Write down a source as it was read."""
    span = asked.spans.get(name)
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
        notes=(*([read.fidelity] if read.fidelity else []), *_notes(name, read, asked), *_some(read.reading.notes)),
    )


def _some(notes: list[str]) -> list[str]:
    """Return the first few notes of reading, and how many more there are."""
    more = len(notes) - _NOTES_LISTED
    return [*notes[:_NOTES_LISTED], *([f"and {more} more files like these"] if more > 0 else [])]


def _notes(name: str, read: SourceRead, asked: Asked) -> list[str]:
    notes = []
    if read.waiting:
        legs = " and ".join(f"{count:,} for {TITLES.get(leg, leg)}" for leg, count in read.waiting.items())
        notes.append(
            f"Its run files speak of messages that wait in a spool: {legs}. What waits for every leg is in no record"
            " yet, so it is not counted here: drain the spools, then run again."
        )
    if name == "ledger" and not asked.settings.knows_identity:
        notes.append(
            "No identity key beside the ledger or in PIPELINES_LEDGER_KEY: its identities were not compared, only those"
            " of the two exports."
        )
    if name == "ledger":
        notes += [
            f"The ledger has no record of the {side} leg: it was never configured, or nothing has left its spool yet."
            for side in SIDES
            if side not in asked.legs and "ledger" in asked.spans and getattr(asked.settings, f"has_{side}")
        ]
    if name in asked.spans:
        notes += asked.spans[name].notes
    return notes


def place_of(place: Rejected) -> model.Place:
    """Return a place as a report has it."""
    return model.Place(file=place.file, line=place.line, reason=place.reason)


def source_evidence(
    name: str, read: SourceRead, total: TotalsRow, empty: dict[str, int], legs: tuple[str, ...]
) -> SourceEvidence:
    """Return what the gates ask of a source: how much it brought, and what of it is not there."""
    gaps = [place_of(place).text for place in read.reading.incomplete]
    gaps += [f"{hole} is missing" for hole in read.holes]
    gaps += [f"nothing of {day}, where {lacking:,} are absent" for day, lacking in empty.items()]
    if not read.reading.rows:
        gaps.append("it is empty")
    return SourceEvidence(
        rows=getattr(total, f"{name}_rows"),
        messages=getattr(total, f"{name}_messages"),
        duplicates=getattr(total, f"{name}_duplicates"),
        rejected_lines=read.reading.rejected_lines - sum(not place.line for place in read.reading.incomplete),
        files=len(read.listing.files),
        gaps=tuple(gaps),
        waiting=min((read.waiting.get(leg, 0) for leg in legs), default=0),  # what one leg has settled is in a record
    )
