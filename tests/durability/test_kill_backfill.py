"""SIGKILL in the middle of a backfill, again and again: each row is sent once, and the last run says so."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from nursery import Child
from proof import Evidence

from pipelines_client.history import backfill
from pipelines_client.state.ledger import Outcome, read_ledger

KILLS, ROWS = 10, 2_000
BACKFILL = """
    import os
    from pipelines_client.history import RunOptions, backfill
    backfill(os.environ["ROWS"], idempotency=["properties.order"], options=RunOptions(rate=1000))
"""


def test_a_backfill_killed_at_random_ten_times_sends_each_row_once_and_says_so(
    start: Callable[..., Child],
    evidence: Evidence,
    sandbox: Any,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    say: Any,
) -> None:
    """By messageId: what was on its way at a kill may arrive twice, with the id that it had."""
    rows = tmp_path / "rows.jsonl"
    day = "2026-11-{:02}T09:30:00Z"
    calls = (
        {
            "type": "track",
            "event": "Ordered",
            "userId": "u",
            "timestamp": day.format(1 + n % 20),
            "properties": {"order": n},
        }
        for n in range(ROWS)
    )
    rows.write_text("".join(json.dumps(call) + "\n" for call in calls), "utf-8")
    random = Random(7)
    for number in range(KILLS):
        child = start(BACKFILL, ROWS=str(rows))
        before = sandbox.customerio.count
        if number % 3:
            sandbox.customerio.wait_for(before + random.randint(1, 150))
        time.sleep(random.uniform(0, 0.3 if number % 3 == 0 else 0.02))  # the instant is the subject
        child.kill()
        assert child.wait() == -9, child.log
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    summary, again = (backfill(rows, idempotency=["properties.order"]) for _ in range(2))

    arrived = evidence.delivered["customerio"]
    orders = Counter({call["messageId"]: call["properties"]["order"] for call in sandbox.customerio.accepted})
    assert sorted(orders.values()) == list(range(ROWS))
    assert sandbox.segment.count == 0
    assert 0 < summary.already_sent < ROWS
    assert (summary.read, summary.already_sent + summary.accepted, summary.exit_code) == (ROWS, ROWS, 0)
    assert (again.already_sent, again.chosen) == (ROWS, 0)
    last = {
        record.message_id: record
        for record in read_ledger(evidence.state_dir / "ledger").records
        if record.outcome is Outcome.ACCEPTED
    }
    assert (last.keys(), {record.stage for record in last.values()}) == (arrived.keys(), {"backfill"})
    status = evidence.status()
    assert (status.is_balanced, status.legs["customerio"].pending, status.unreadable) == (True, 0, [])
    assert list((evidence.state_dir / "replays").glob("*.log")) == []
    say(f"a backfill of {ROWS:,} rows, killed {KILLS} times: each arrived, {arrived.total() - ROWS} of them twice")
