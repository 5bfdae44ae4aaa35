"""The answer to `latency` → rows of the report, and what a lag is worth. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines_client.parity.model import Bucket, LatencyRow
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from pipelines_client.parity.questions.rows import LagsRow

BOUNDS_MS = (1_000, 10_000, 60_000, 120_000, 600_000, 3_600_000, 86_400_000)
"""Upper bounds of the histogram, as the question has them."""

_COPIED = ("side", "measure", "messages", "backwards", "p50_ms", "p90_ms", "p99_ms", "max_ms")
_HEALTHY_MS, _ACCEPTABLE_MS, SLOW_MS = 10_000, 60_000, 120_000

Grade = Literal["healthy", "acceptable", "slow", "trouble"]


def latency_rows(rows: list[LagsRow]) -> tuple[LatencyRow, ...]:
    """Return a row for each side and measure of which there was anything to measure."""
    return tuple(
        LatencyRow(
            **{name: getattr(row, name) for name in _COPIED},
            grade=grade(row.p99_ms if row.measure == "delivery" else row.p50_ms),
            buckets=(
                *(Bucket(up_to_ms=bound, count=getattr(row, f"upto_{bound}")) for bound in BOUNDS_MS),
                Bucket(up_to_ms=None, count=row.beyond),
            ),
        )
        for row in sorted(rows, key=lambda row: (SIDES.index(row.side), row.measure != "delivery"))
    )


def grade(lag_ms: int) -> Grade:
    """Say what a lag is worth: up to 10 s, 60 s and 120 s, and beyond."""
    if lag_ms <= _HEALTHY_MS:
        return "healthy"
    if lag_ms <= _ACCEPTABLE_MS:
        return "acceptable"
    return "slow" if lag_ms <= SLOW_MS else "trouble"
