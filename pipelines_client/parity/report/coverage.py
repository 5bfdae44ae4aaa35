"""What the evidence of each side does not cover, and what a team vouches for, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.evidence.instants import iso_ms, minute_of
from pipelines_client.parity import model
from pipelines_client.parity.complete import complete_option
from pipelines_client.parity.questions.coverage_rows import IN_GAPS
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from pipelines_client.parity.complete import SideSpan
    from pipelines_client.parity.judgement.coverage import Gap
    from pipelines_client.parity.report.inputs import ReportInputs


_FILES_NAMED = 5


def gap_reports(inputs: ReportInputs) -> tuple[model.GapReport, ...]:
    """Return the gaps in the order of sides and time."""
    counts = list(inputs.answers[IN_GAPS])
    reports = []
    for gap in inputs.scope.coverage.gaps:
        own = [row for row in counts if gap.holds(row)]
        counts = [row for row in counts if row not in own]
        reports.append(_report(gap, sum(row.count for row in own), inputs))
    return tuple(reports)


def vouched_reports(inputs: ReportInputs) -> tuple[model.VouchedReport, ...]:
    """Return who vouches for what, of the sides that were given."""
    used = inputs.scope.coverage.used
    return tuple(
        model.VouchedReport(
            side=one.side,
            since=iso_ms(one.span.from_ms) or "",
            until=iso_ms(one.span.until_ms) or "",
            owner=one.owner,
            reason=one.reason,
            absent=used.get(one.span, 0),
        )
        for one in inputs.scope.complete
        if one.side in inputs.sources
    )


def _report(gap: Gap, absent: int, inputs: ReportInputs) -> model.GapReport:
    side = gap.span.side
    return model.GapReport(
        side=side,
        types=gap.types,
        since=iso_ms(gap.span.from_ms) or "",
        until=iso_ms(gap.span.until_ms) or "",
        absent=absent,
        present=gap.present,
        words=_words(gap, absent, is_empty=not inputs.sources[side].reading.rows),
        files=tuple(inputs.sources[side].to_fetch(gap.types, gap.span.from_ms, gap.span.until_ms)[:_FILES_NAMED]),
        option=complete_option(gap.span),
    )


def _words(gap: Gap, absent: int, *, is_empty: bool) -> str:
    """Say what is not here, such as `Segment's files for 2026-11-22 10:00 to 13:00 are not here (150 messages)`."""
    whose, count = f"{TITLES[gap.span.side]}'s", plural(absent, "message")
    if is_empty:
        return f"{whose} export is empty ({count} should be there)"
    types = " and ".join(filter(None, (", ".join(gap.types[:-1]), *gap.types[-1:])))
    what = f"files of {types} calls" if types else "files"
    if gap.is_first and gap.is_last:
        return f"{whose} {what} are not here ({count})"
    if gap.is_last:
        return f"{whose} {what} end at {minute_of(gap.span.from_ms)} ({count} after it)"
    if gap.is_first:
        return f"{whose} {what} begin at {minute_of(gap.span.until_ms)} ({count} before it)"
    return f"{whose} {what} for {_between(gap.span)} are not here ({count})"


def _between(span: SideSpan) -> str:
    since, until = minute_of(span.from_ms), minute_of(span.until_ms)
    return f"{since} to {until[11:] if since[:10] == until[:10] else until}"
