"""The counts by event and day as CSV, for a spreadsheet. No cell is a formula."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING

from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport

_FORMULA = re.compile(r"(^|[,;|])(\s*[\"']*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])")
"""What a spreadsheet takes for a formula, also after a separator, which differs from country to country."""
_COUNTS = ("messages", "sent", "segment", "customerio", "matched")
_FAULTS = ("drift", "duplicates", "identity", "renamed", "too_young", "faults")


def render(report: ParityReport) -> str:
    """Return a row for each event and day (RFC 4180, lines end in a newline only)."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("day", "event", "type", *_COUNTS, "missing_segment", "missing_customerio", *_FAULTS))
    for row in report.events:
        writer.writerow(
            (
                row.day,
                cell(row.event),
                cell(row.type),
                *(getattr(row, name) for name in _COUNTS),
                row.missing["segment"],
                row.missing["customerio"],
                *(getattr(row, name) for name in _FAULTS),
            )
        )
    return text.getvalue()


def cell(text: str) -> str:
    """Return text from outside as a cell; an apostrophe keeps a spreadsheet from taking it for a formula."""
    return _FORMULA.sub(r"\1\2'", one_line(text))
