"""Parity over archives of messages that the vendors' own, unmodified clients sent. No client of ours, no ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from pipelines_client.sandbox import Sandbox, Scenario

VENDOR_APP = Path(__file__).parents[2] / "examples" / "vendor_app.py"
PARITY = [sys.executable, "-c", "from pipelines_client.cli import main; main()", "parity", "--no-history"]
SEGMENT, CUSTOMERIO = "segment.analytics.client", "customerio.analytics.client"


def send(module: str, key: str, host: str, *, people: int = 40) -> None:
    """Send the journeys of a few people through a vendor's client, in a process of its own: one of them warns."""
    command = [sys.executable, str(VENDOR_APP), module, key, host]
    options = ["--people", str(people), "--until", "2026-11-02T12:00+00:00"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def compare(exports: Path) -> tuple[int, dict[str, Any]]:
    """Run the command over both exports; return its exit code and its report."""
    report = exports / "report.json"
    sources = ["--segment", str(exports / "segment"), "--customerio", str(exports / "customerio")]
    done = subprocess.run(
        [*PARITY, *sources, "--output", str(report)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.returncode, json.loads(report.read_text("utf-8"))


def sent_by_both(scenario: dict[str, Any], exports: Path) -> Sandbox:
    """Have each vendor's client write the same messages to its own API; the one with faults comes last.

    Without a ledger, a message is only missed in an export that reaches further than where the other one has it. The
    key is new each time: ports are used again, and what a client of another test or process still sends to this one is
    refused and not stored. One such message was once in an export, and in no count of ours.
    """
    key = token_hex(8)
    keys = {"segment": [key], "customerio": [key]}
    with Sandbox(out=exports, scenario=Scenario.model_validate(scenario), write_keys=keys) as sandbox:
        clients = [("segment", SEGMENT, sandbox.segment.url), ("customerio", CUSTOMERIO, sandbox.customerio.url)]
        for _, module, url in sorted(clients, key=lambda client: client[0] in scenario):
            send(module, key, url)
    return sandbox


def test_what_both_vendors_clients_sent_passes(tmp_path: Path) -> None:
    """The same calls through two unmodified clients, read back from two layouts, are the same messages."""
    sandbox = sent_by_both({}, tmp_path)
    code, report = compare(tmp_path)
    assert (code, report["verdict"]) == (0, "pass"), report["headline"]
    totals = report["totals"]
    assert totals["messages"] == totals["matched"] == totals["compared"] == sandbox.segment.count > 400
    assert totals["missing"] == {"segment": 0, "customerio": 0}
    assert {row["type"] for row in report["events"]} == {"identify", "track", "page", "screen", "group"}
    assert sandbox.segment.message_ids() == sandbox.customerio.message_ids()


@pytest.mark.parametrize("side", ["customerio", "segment"])
def test_a_loss_behind_the_vendors_clients_is_counted_exactly(tmp_path: Path, side: str) -> None:
    """Seven orders that one API swallowed after its 200 are seven missing there, by event, and none elsewhere."""
    sandbox = sent_by_both({side: {"swallow": [{"event": "Order Completed", "limit": 7}]}}, tmp_path)
    assert len(sandbox.planted) == 7
    code, report = compare(tmp_path)
    assert (code, report["verdict"]) == (1, "fail"), report["headline"]
    missing: Counter[tuple[str, str]] = Counter()
    for row in report["events"]:
        missing += Counter({(row["event"], at): count for at, count in row["missing"].items()})
    assert missing == {("Order Completed", side): 7}
    assert report["totals"]["missing"] == {"segment": 0, "customerio": 0, side: 7}
    assert report["totals"]["matched"] == report["totals"]["messages"] - 7
