"""Findings as lines of text and of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.effects.findings import EffectsFinding, EffectsFindingRow

_MOST_ROWS: Final = 50
_MARKS: Final = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'"})
HEADING: Final = "Wrong in the calls themselves"


def text_of_findings(findings: Sequence[EffectsFinding]) -> Iterator[str]:
    """Yield the lines of findings for a terminal; none if nothing was found."""
    found = [finding for finding in findings if finding.count]
    if not found:
        return
    yield f"{HEADING}:"
    for finding in found:
        yield f"  {_title(finding)}: {finding.says}"
        yield from (f"    {row.count:,}: {_words(row)}" for row in finding.rows[:_MOST_ROWS])
        yield from _more(finding)
        yield f"    cure: {finding.cure}"
    yield ""


def markdown_of_findings(findings: Sequence[EffectsFinding]) -> Iterator[str]:
    """Yield the lines of findings as Markdown."""
    for finding in findings:
        if finding.count:
            yield from ("", f"### {HEADING}: {_title(finding)}", "", finding.says, "", "| count | what |", "|---:|---|")
            rows = finding.rows[:_MOST_ROWS]
            yield from (f"| {row.count:,} | {_words(row).translate(_MARKS)} |" for row in rows)
            yield from ("", *_more(finding), f"Cure: {finding.cure}")


def _title(finding: EffectsFinding) -> str:
    return f"{finding.title}, {finding.count:,} {finding.unit}"


def _words(row: EffectsFindingRow) -> str:
    event = f"{row.event}: " if row.event and row.event != row.type else ""
    return one_line(event + row.detail)


def _more(finding: EffectsFinding) -> Iterator[str]:
    if len(finding.rows) > _MOST_ROWS:
        yield f"    and {len(finding.rows) - _MOST_ROWS:,} more; --format json has them"
