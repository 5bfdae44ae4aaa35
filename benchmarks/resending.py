"""Workloads that send the past: a backfill of a file, and a replay of what the ledger lists as lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson

from benchmarks.calls import payload_of
from benchmarks.run import Result, Run, cpu_s

_SPAN = timedelta(days=30)
_BLOCK = 1_000


def backfill(run: Run) -> Result:
    """Send a file of calls that have no messageId yet."""
    from pipelines_client.history import RunOptions
    from pipelines_client.history import backfill as send

    rows = Path(run.state_dir).with_suffix(".jsonl")
    _write(rows, (call for call in _calls(run)))
    options = RunOptions(rate=run.args.get("rate"))
    return _measured(
        run, lambda: send(f"jsonl:{rows}", idempotency=["userId"], settings=run.clients[0].settings, options=options)
    )


def replay(run: Run) -> Result:
    """Send what the ledger lists as dropped, with bodies from the other side's archive."""
    from pipelines_client.history import RunOptions
    from pipelines_client.history import replay as send

    state, archive = Path(run.state_dir), Path(run.state_dir).with_suffix(".archive.jsonl")
    at = datetime.now(timezone.utc).isoformat()
    calls = [{**call, "messageId": f"m{number}"} for number, call in enumerate(_calls(run))]
    _write(archive, ({**call, "receivedAt": at, "sentAt": at} for call in calls))
    for folder in ("run", "ledger/2026-01-01"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    lost = {"leg": "customerio", "outcome": "dropped", "reason": "spool_full", "stage": "dual", "type": "track"}
    records = (
        {**lost, "message_id": call["messageId"], "occurred_at": call["timestamp"], "finished_at": call["timestamp"]}
        for call in calls
    )
    _write(state / "ledger" / "2026-01-01" / "lost.jsonl", records)
    del calls
    settings, options = run.clients[0].settings, RunOptions(rate=run.args.get("rate"))
    return _measured(
        run,
        lambda: send("customerio", "ledger+archive", archive=f"jsonl:{archive}", settings=settings, options=options),
    )


def _measured(run: Run, send: Callable[[], Any]) -> Result:
    cpu, at = cpu_s(), time.perf_counter()
    summary = send()
    assert summary.accepted == run.count, summary  # noqa: S101 - else nothing was measured
    return {"calls": run.count, "cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - at}


def _calls(run: Run) -> Iterator[dict[str, Any]]:
    """Yield calls of the last month, as `calls.make_caller` makes them."""
    payload = payload_of(run.args.get("size", 700))
    begin, step = datetime.now(timezone.utc) - _SPAN, _SPAN / (run.count + 1)
    for n in range(run.count):
        yield {
            "type": "track",
            "event": "Order Completed",
            "userId": f"u{n}",
            "properties": payload,
            "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
            "timestamp": (begin + n * step).isoformat(),
        }


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in rows)
