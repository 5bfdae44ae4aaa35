"""What was sent against a plan, as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipelines_client.plan.coverage import NO_RELEASE, CoverageReport
from pipelines_client.wording import one_line, plural

_MOST_ROWS = 50
_MOST_RELEASES = 3


def coverage_text(report: CoverageReport) -> str:
    """Return the report as text: the verdict first, then a section for each thing that there is to say."""
    return "".join(f"{one_line(line)}\n" for line in _lines(report))


def _lines(report: CoverageReport) -> Iterator[str]:
    verdict = "as planned" if report.is_as_planned else "not as planned"
    if report.is_as_planned and not report.is_conclusive:
        verdict = "as planned as far as it could be read"
    used = f"{report.planned - len(report.unused):,} of {plural(report.planned, 'active event')} sent"
    yield f"{verdict if report.messages else 'no message'}: {plural(report.messages, 'message')}, {used}"
    if report.unreadable:
        yield f"{plural(report.unreadable, 'line')} could not be read, or held no call"
    if report.not_shown:
        yield f"{plural(report.not_shown, 'message')} had more names, releases or kinds of violation than are listed"
    yield from _section(
        "Not planned",
        [
            f"{row.messages:,}  {_title(row.kind, row.name)}{f' (did you mean {row.nearest}?)' if row.nearest else ''}"
            f"{_releases(row.releases)}"
            for row in report.unplanned
        ],
    )
    yield from _section("Planned and not sent", report.unused)
    yield from _section(
        "Violations",
        [
            f"{row.messages:,}  {_title(row.kind, row.name)}: {row.code}{f' at {row.path}' if row.path else ''}"
            f"{f' ({row.hint})' if row.hint else ''}{_releases(row.releases)}; first in {row.example}"
            for row in report.violations
        ],
    )
    if len(report.releases) > 1 or any(row.release != NO_RELEASE for row in report.releases):
        yield from _section(
            "By release",
            [
                f"{row.release or 'no release'}: {plural(row.messages, 'message')}, {row.violating:,} with violations,"
                f" {row.unplanned:,} not planned"
                for row in report.releases
            ],
        )


def _releases(counts: Mapping[str, int]) -> str:
    """Return which releases sent it, those that sent most of it first; nothing if the messages name none."""
    if not any(release != NO_RELEASE for release in counts):
        return ""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    words = [f"{release or 'no release'} ({count:,})" for release, count in ranked[:_MOST_RELEASES]]
    more = [f"{len(ranked) - _MOST_RELEASES:,} more"] if len(ranked) > _MOST_RELEASES else []
    return f"; sent by {', '.join([*words, *more])}"


def _section(title: str, rows: Iterable[str]) -> Iterator[str]:
    listed = list(rows)
    if not listed:
        return
    yield ""
    yield f"{title}:"
    yield from (f"  {row}" for row in listed[:_MOST_ROWS])
    if len(listed) > _MOST_ROWS:
        yield f"  … and {len(listed) - _MOST_ROWS:,} more: --format json has all"


def _title(kind: str, name: str) -> str:
    return f"{kind} {name}" if name and kind != "track" else name or kind
