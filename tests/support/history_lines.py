"""Lines of parity's history, as a daily job writes them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipelines_client.parity.judgement.runs import Run
from pipelines_client.parity.model import Verdict

MONDAY = date(2026, 11, 2)


def run(day: int, verdict: Verdict = Verdict.PASS, *, hour: int = 8, **other: Any) -> Run:
    """Return the run of a day, counted from a Monday: it judged the 24 hours up to four o'clock."""
    today, yesterday = (str(MONDAY + timedelta(days=day - back)) for back in (0, 1))
    newest = dict.fromkeys(("ledger", "segment", "customerio"), f"{today}T03:59:00.000Z")
    return Run.model_validate(
        {
            "at": f"{today}T{hour:02}:00:00.000Z",
            "verdict": verdict,
            "since": f"{yesterday}T04:00:00.000Z",
            "until": f"{today}T04:00:00.000Z",
            "settled_until": f"{today}T04:00:00.000Z",
            "gates": "g",
            "sources": tuple(newest),
            "newest": newest,
            "messages": 500,
            "missing_pct": 0,
            "drift_pct": 0,
            "broken": () if verdict is Verdict.PASS else ("drift",),
            **other,
        }
    )
