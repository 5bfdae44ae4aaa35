"""Rows of answers for tests that need some columns only."""

from __future__ import annotations

from typing import Any, get_type_hints

from pipelines_client.parity import findings, suppressed
from pipelines_client.parity.questions import related, rows, windows
from pipelines_client.parity.questions.coverage_rows import COVERAGE_QUESTIONS

ASKED = (
    *rows.QUESTIONS,
    related.RELATIONS,
    related.TWINS,
    windows.CLOSED,
    windows.NEWEST,
    suppressed.SUPPRESSED,
    *COVERAGE_QUESTIONS,
    *findings.QUESTIONS,
    findings.identity_collisions.LIST,
)
"""Every question that a run may ask."""


def filled(row: Any, **given: Any) -> Any:
    """Return a row of a type: columns as given, else 0, an empty text or None."""
    empty = {int: 0, str: ""}
    return row(**{name: empty.get(kind) for name, kind in get_type_hints(row).items()} | given)
