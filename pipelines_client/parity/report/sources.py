"""One source that was read → its report and its evidence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.instants import iso_ms
from pipelines_client.parity import model
from pipelines_client.parity.judgement.coverage import CALL_TYPES
from pipelines_client.parity.judgement.evidence import SourceEvidence, has_too_many_lost_lines
from pipelines_client.parity.questions.watermarks import extent_of
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
    first, last = extent_of(name, scope.spans)
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
    name: str,
    read: SourceRead,
    total: TotalsRow,
    legs: tuple[str, ...],
    *,
    uncovered: tuple[str, ...] = (),
    is_vouched: bool = False,
) -> SourceEvidence:
    """Return the evidence of a source: its counts, and what is missing in it.

    Args:
        name: The source.
        read: What was read of it.
        total: The counts over all messages.
        legs: The legs that the ledger knows.
        uncovered: Its gaps whose time is known, in words.
        is_vouched: Whether a team vouches for a span in which it has nothing.
    """
    gaps = [place_of(place).text for place in read.reading.incomplete]
    gaps += [f"{hole} is missing" for hole in read.holes]
    if not read.reading.rows and not uncovered and not is_vouched:
        gaps.append("it is empty")
    return SourceEvidence(
        rows=getattr(total, f"{name}_rows"),
        messages=getattr(total, f"{name}_messages"),
        duplicates=getattr(total, f"{name}_duplicates"),
        rejected_lines=read.reading.rejected_lines - sum(not place.line for place in read.reading.incomplete),
        files=len(read.listing.files),
        gaps=tuple(gaps),
        uncovered=uncovered,
        unreadable=read.reading.unreadable,
        is_reduced=read.is_reduced,
        waiting=min((read.waiting.get(leg, 0) for leg in legs), default=0),  # what one leg has settled is in a record
    )


def hidden_types(name: str, read: SourceRead, total: TotalsRow, limits: model.Limits) -> frozenset[str]:
    """Return the types of call of which any message may lie in a source's gaps whose time is not known."""
    reading = read.reading
    files = [*(place.file for place in reading.incomplete), *read.holes]
    if has_too_many_lost_lines(name, source_evidence(name, read, total, ()), limits):
        files += [place.file for place in reading.rejected]
        files += [""] if reading.rejected_lines > len(reading.rejected) else []
    types = {read.type_of(file) for file in files}
    return frozenset(CALL_TYPES if None in types else (type_ for type_ in types if type_ is not None))
