"""Rows of answers for tests that need some columns only."""

from __future__ import annotations

from typing import Any, get_type_hints

from pipelines_client.parity import findings
from pipelines_client.parity.questions import rows

ASKED = (*rows.QUESTIONS, *findings.QUESTIONS)
"""Every question that a run may ask."""


def filled(row: Any, **given: Any) -> Any:
    """Return a row of a type: columns as given, else 0, an empty text or None."""
    empty = {int: 0, str: ""}
    return row(**{name: empty.get(kind) for name, kind in get_type_hints(row).items()} | given)
