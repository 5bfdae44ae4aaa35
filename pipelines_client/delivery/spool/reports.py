"""A leg's counts, as a spool has them, in the form of the run file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.delivery.spool.waiting import SpoolCounts
from pipelines_client.state.ledger import Outcome
from pipelines_client.state.runfile import LegReport


def leg_report(spool: Spool, leg: str, *, last: LegReport | None = None) -> LegReport:
    """Return a leg's counts as its spool has them, with the health that `last` reported."""
    recorded, pending, tally = spool.counts(leg)
    seen = SpoolCounts(recorded, pending, spool.standing.cursors[leg].resent, tally)
    return replace(report_of(seen, last=last), oldest_pending_at=spool.oldest_pending_at(leg))


def report_of(seen: SpoolCounts, *, last: LegReport | None = None) -> LegReport:
    """Return counts as a report, with what else `last` reported."""
    by_outcome: dict[Outcome, dict[str, int]] = {outcome: {} for outcome in Outcome}
    for (outcome, reason), count in sorted(seen.tally.items()):
        by_outcome[outcome][reason] = count
    counts: dict[str, Any] = {
        "recorded": seen.recorded,
        "pending": seen.pending,
        "accepted": sum(by_outcome[Outcome.ACCEPTED].values()),
        "rejected": by_outcome[Outcome.REJECTED],
        "dropped": by_outcome[Outcome.DROPPED],
        "skipped": by_outcome[Outcome.SKIPPED],
        "resent": seen.resent,
    }
    return replace(last, **counts) if last else LegReport(**counts)
