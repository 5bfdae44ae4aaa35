"""The faults of a plan as text, as JSON, and as annotations of a pull request on GitHub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pipelines_client.plan.lint.base import DocumentPath, LintFault
from pipelines_client.plan.lint.baseline import LintJudgement
from pipelines_client.wording import one_line, plural


class LintReport(NamedTuple):
    """What a run of the lint found.

    Attributes:
        file: The plan file, as the user named it.
        judged: The faults, new and known.
        lines: The line of each key of the file; empty if they are not known.
        fixed: How many faults were cured in the file.
    """

    file: str
    judged: LintJudgement
    lines: Mapping[DocumentPath, int]
    fixed: int = 0

    def line_of(self, fault: LintFault) -> int | None:
        """Return the line of the nearest key above a fault."""
        path = fault.path
        return next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)

    def sorted(self) -> list[LintFault]:
        """Return the new faults in the order of the file, as far as lines are known."""
        return sorted(self.judged.new, key=lambda fault: self.line_of(fault) or 0)


def _text(report: LintReport) -> str:
    return "".join(f"{line}\n" for line in _text_lines(report))


def _text_lines(report: LintReport) -> Iterator[str]:
    for fault in report.sorted():
        line = report.line_of(fault)
        where = f"{report.file}:{line}" if line else report.file
        yield one_line(f"{where}: {fault.severity} {fault.code}: {_told(fault)}")
    judged = report.judged
    counts = Counter(fault.severity for fault in judged.new)
    found = [plural(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    nothing = "no new fault" if judged.known else "no fault"
    beside = [f"{len(judged.known):,} known"] if judged.known else []
    beside += [f"{report.fixed:,} fixed"] if report.fixed else []
    yield (" and ".join(found) or nothing) + (f" ({', '.join(beside)})" if beside else "")
    if judged.gone:
        yield f"{plural(judged.gone, 'fault')} of the baseline gone: run it with --write-baseline to forget them"
    fixable = sum(fault.edit is not None for fault in judged.new)
    if fixable:
        yield f"{fixable:,} can be fixed: run it with --fix"


def _told(fault: LintFault) -> str:
    return f"{' > '.join(fault.place)}: {fault.text}; {fault.cure}"


def _json(report: LintReport) -> str:
    known = {fault.fingerprint for fault in report.judged.known}
    faults = [*report.sorted(), *report.judged.known]
    value: dict[str, Any] = {
        "file": report.file,
        "new": len(report.judged.new),
        "known": len(report.judged.known),
        "gone": report.judged.gone,
        "fixed": report.fixed,
        "faults": [
            {
                "code": fault.code,
                "severity": fault.severity,
                "place": list(fault.place),
                "line": report.line_of(fault),
                "text": fault.text,
                "cure": fault.cure,
                "fixable": fault.edit is not None,
                "fingerprint": fault.fingerprint,
                "known": fault.fingerprint in known,
            }
            for fault in faults
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _github(report: LintReport) -> str:
    return "".join(f"{line}\n" for line in _annotations(report))


def _annotations(report: LintReport) -> Iterable[str]:
    for fault in report.sorted():
        line = report.line_of(fault)
        parts = {"file": report.file, **({"line": str(line)} if line else {}), "title": fault.code}
        told = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in parts.items())
        yield f"::{fault.severity} {told}::{_escaped(_told(fault))}"


def _escaped(text: str, more: str = "") -> str:
    """Return a text as GitHub's workflow commands take it, on one line."""
    return "".join(f"%{ord(char):02X}" if char in f"%{more}" else char for char in one_line(text))


LINT_FORMATS: Final[Mapping[str, Callable[[LintReport], str]]] = {"text": _text, "json": _json, "github": _github}
"""How a report is written, by the name of the format."""
