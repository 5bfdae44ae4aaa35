"""Archives as sources of a replay: files that are cut, ledgers of other hosts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from pipelines_client.history import RunOptions, replay

AT = "2026-01-01T09:30:00.000Z"


def call(number: int) -> dict[str, Any]:
    """Return a call as an archive has it."""
    ids = {"messageId": f"m{number}", "userId": "u1", "receivedAt": AT, "sentAt": AT}
    return {"type": "track", "event": "Ordered", "properties": {"n": number}, "originalTimestamp": AT, **ids}


def test_a_file_that_is_cut_costs_what_is_cut_off_and_is_told(client: Any, sandbox: Any, tmp_path: Path) -> None:
    """What could be read is sent; the rest is a refusal, so that it is not taken for all."""
    lines = "".join(json.dumps({**call(n), "anonymousId": f"{n * 7919:x}" * 40}) + "\n" for n in range(3_000))
    packed = gzip.compress(lines.encode())
    folder = tmp_path / "segment-logs" / "s" / "1767225600000"
    folder.mkdir(parents=True)
    (folder / "calls.gz").write_bytes(packed[: len(packed) * 2 // 3])
    summary = replay("customerio", "segment-archive", tmp_path, settings=client.settings)
    assert 0 < summary.accepted < 3_000
    assert (summary.refused["unreadable"] >= 1, summary.exit_code) == (True, 1)
    assert sandbox.customerio.count == summary.accepted
    assert sandbox.customerio.accepted[0] == {
        name: value
        for name, value in {**call(0), "anonymousId": "0" * 40, "timestamp": AT}.items()
        if name not in ("originalTimestamp", "receivedAt", "sentAt")
    }


def test_what_another_host_has_sent_is_known_by_its_ledger(client: Any, sandbox: Any, tmp_path: Path) -> None:
    """Of three, one was accepted there, and one was dropped."""
    day = tmp_path / "other" / "ledger" / "2026-01-01"
    day.mkdir(parents=True)
    common = {"leg": "customerio", "finished_at": AT, "stage": "dual", "reason": "spool_full", "occurred_at": AT}
    records = [
        {**common, "message_id": f"m{n}", "outcome": outcome} for n, outcome in enumerate(("accepted", "dropped"))
    ]
    (day / "other.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    archive = tmp_path / "calls.jsonl"
    archive.write_text("".join(json.dumps(call(n)) + "\n" for n in range(3)), "utf-8")
    known: dict[str, Any] = {"ledger": tmp_path / "other", "settings": client.settings}
    dry = replay("customerio", "jsonl", archive, **known, options=RunOptions(is_dry_run=True))
    assert (dry.read, dry.already_sent, dry.chosen) == (3, 1, 2)
    (tmp_path / "state" / "run").mkdir(parents=True, exist_ok=True)
    summary = replay("customerio", "ledger+archive", archive=archive, **known)
    assert (summary.read, summary.accepted) == (1, 1)
    assert sandbox.customerio.message_ids() == ["m1"]
