"""Same, different or not compared: what the comparison of each dimension comes to. Pure.

What was not compared is never the same. A dimension that a kind of source does not show is left open in the table of
the report and judged nowhere; one that its rows should show and lack is inconclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.model.dimensions import (
    CONTEXT,
    DIMENSIONS,
    IDENTIFIERS,
    Answer,
    DimensionRow,
)
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines_client.parity.model import Limits
    from pipelines_client.parity.questions.rows import ComparisonsRow

Comparisons = dict[tuple[str, str], "ComparisonsRow"]
"""The answer to `comparisons` by dimension and side; an empty side is for messages of any two sources."""


def by_dimension(rows: Iterable[ComparisonsRow], *, names_context: bool) -> Comparisons:
    """Return what was compared; without named paths no context was."""
    return {(row.dimension, row.side): row for row in rows if row.dimension != CONTEXT or names_context}


def dimension_rows(comparisons: Comparisons, given: Iterable[str]) -> tuple[DimensionRow, ...]:
    """Return the rows of a report, in the order of `DIMENSIONS`."""
    sides = [side for side in SIDES if side in given]
    rows = (comparisons.get((dimension, side)) for dimension in DIMENSIONS for side in sides)
    return tuple(DimensionRow(**row._asdict(), answer=_answer(row)) for row in rows if row is not None)


def is_lacking(row: ComparisonsRow, limit_pct: float) -> bool:
    """Return whether more rows lack the dimension than may differ in it."""
    return percent(row.lacking, row.compared + row.lacking) > limit_pct


def lacking_words(dimension: str, row: ComparisonsRow) -> str:
    """Say how many messages could not be compared in a dimension, and why."""
    return (
        f"{row.lacking:,} of {plural(row.compared + row.lacking, 'message')} could not be compared:"
        f" {DIMENSIONS[dimension]} is lacking"
    )


def identifiers_lacking(comparisons: Mapping[tuple[str, str], ComparisonsRow], limits: Limits) -> str:
    """Say which identifier could not be compared where it should be; an empty text if each was."""
    for dimension in IDENTIFIERS:
        row = comparisons.get((dimension, ""))
        if row is not None and is_lacking(row, limits.max_drift_pct):
            return lacking_words(dimension, row)
    return ""


def _answer(row: ComparisonsRow) -> Answer:
    if row.different:
        return "different"
    return "same" if row.compared else "not_compared"
