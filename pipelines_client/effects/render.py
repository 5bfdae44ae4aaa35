"""A report as text, JSON and Markdown. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pipelines_client.effects.changes import Weight
from pipelines_client.effects.render_findings import markdown_of_findings, text_of_findings
from pipelines_client.effects.render_forecast import markdown_of_forecast, text_of_forecast
from pipelines_client.effects.report import ChangeRow, EffectsReport, EffectsVerdict, changes_of
from pipelines_client.wording import one_line, plural

_MOST_ROWS: Final = 50
_HEADINGS: Final = {
    Weight.BREAKS: "Stops matching",
    Weight.UNKNOWN: "Not known",
    Weight.MINOR: "Changes without breaking a condition",
}
_VERDICTS: Final = {
    EffectsVerdict.SAME: "same: no condition stops matching",
    EffectsVerdict.BREAKS: "breaks: conditions in segments and campaigns stop matching",
    EffectsVerdict.UNKNOWN: "unknown: whether every condition still matches is not known",
}
_MARKS: Final = str.maketrans({"|": "\\|", "\n": " ", "\r": " ", "<": "&lt;", "`": "'"})


def _text(report: EffectsReport) -> str:
    forecast = () if report.forecast is None else (*text_of_forecast(report.forecast), "")
    return "\n".join((*_head(report), "", *_text_of_changes(report), *text_of_findings(report.findings), *forecast))


def _head(report: EffectsReport) -> Iterator[str]:
    yield _VERDICTS[report.verdict]
    yield f"{_counted(report.calls, 'call')} of {_people(report.people, is_estimate=report.is_estimate)}"
    cured = f", with {report.cures}" if report.cures else ""
    yield f"today: {report.today}; then: {report.then}, dates {report.dates}{cured}"
    yield from (f"not looked at: {line}" for line in lines_not_looked_at(report))


def lines_not_looked_at(report: EffectsReport) -> Iterator[str]:
    """Yield what was not looked at, a line each."""
    for reason, count in sorted(report.unseen.unreadable.items()):
        yield f"{_counted(count, 'line')} that cannot be read: {one_line(reason)}"
    if report.unseen.without_payload:
        yield f"{_counted(report.unseen.without_payload, 'message')} whose payload the source does not hold"
    if report.unseen.not_found:
        yield f"{_counted(report.unseen.not_found, 'message')} of the ledger and of no other source; add their archive"
    if not report.calls:
        yield "any call: the sources hold none"


def _text_of_changes(report: EffectsReport) -> Iterator[str]:
    for weight, heading in _HEADINGS.items():
        found = changes_of(report, weight)
        if not found:
            continue
        yield f"{heading}:"
        for change in found[:_MOST_ROWS]:
            yield f"  {one_line(change.says)}"
            yield f"    {_context(change)}"
            yield f"    cure: {change.cure}"
        yield from _more(len(found))
        yield ""


def _context(change: ChangeRow) -> str:
    place = f"{change.type} {one_line(change.path)}" if change.path != "action" else change.type
    return f"{place}, {_people(change.people, is_estimate=change.is_estimate)} (FACTS {change.facts})"


def _people(count: int, *, is_estimate: bool) -> str:
    return f"{'about ' if is_estimate else ''}{plural(count, 'person', 'people')}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def _more(count: int) -> Iterator[str]:
    if count > _MOST_ROWS:
        yield f"  and {count - _MOST_ROWS:,} more; --format json has them all"


def _json(report: EffectsReport) -> str:
    return json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n"


def _markdown(report: EffectsReport) -> str:
    forecast = () if report.forecast is None else markdown_of_forecast(report.forecast)
    return "\n".join((*_markdown_lines(report), *forecast, ""))


def _markdown_lines(report: EffectsReport) -> Iterator[str]:
    first, *rest = _head(report)
    yield f"## What changes in the workspace: {first}"
    yield ""
    yield from (f"- {line}" for line in rest)
    for weight, heading in _HEADINGS.items():
        found = changes_of(report, weight)
        if not found:
            continue
        yield from ("", f"### {heading}", "", "| what | where | calls | for | cure |", "|---|---|---:|---:|---|")
        for change in found[:_MOST_ROWS]:
            cells = (
                change.says,
                _place(change),
                f"{change.messages:,}",
                _people(change.people, is_estimate=change.is_estimate),
                change.cure,
            )
            yield f"| {' | '.join(map(_cell, cells))} |"
        yield from _more(len(found))
    yield from markdown_of_findings(report.findings)


def _place(change: ChangeRow) -> str:
    return f"{change.type} {change.path}{f' ({change.event})' if change.event else ''}"


def _cell(text: str) -> str:
    return one_line(text).translate(_MARKS)


ENDINGS: Final[Mapping[str, str]] = {".txt": "text", ".json": "json", ".md": "markdown"}
"""The rendering that the ending of a file names."""

RENDERINGS: Final[Mapping[str, Callable[[EffectsReport], str]]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
"""Every rendering by the name that `--format` takes."""
