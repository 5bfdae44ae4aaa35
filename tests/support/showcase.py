"""One small report that has something of everything: what the snapshots and the page's tests look at."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from evidence import START, Evidence

from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.parity.judgement.runs import History, Run, run_of
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.rules import parse_rules

EVENTS = ("Account Created", "Order Completed", "Feature Used", "Cart Updated")
DAYS = 3


RULES = {
    "gates": {"ready_after_days": 5, "events": {"Order Completed": {"max_missing": "0.5%"}}},
    "check": [
        {"name": "Orders of a new account", "reason": "the welcome campaign counts on it", "expect": "no rows",
         "sql": "SELECT side, event, count(*) AS messages FROM missing GROUP BY side, event ORDER BY side, event"},
        {"name": "No day is empty", "expect": "> 10", "sql": "SELECT count(*) AS messages FROM sent"},
    ],
    "expected": [
        {"name": "legacy totals", "path": "properties.total", "kind": "missing_key", "event": "Order *",
         "reason": "the old checkout sends no total", "owner": "kim", "expiry": date(2026, 12, 1)},
        {"name": "coupon codes", "path": "properties.index", "event": "Cart Updated",
         "reason": "indexes were texts until the deploy", "owner": "ada", "expiry": date(2026, 10, 31)},
    ],
}  # fmt: skip
F, P, U = Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE
VERDICTS = (F, F, P, U, F, F, None, U, P, P, P, P)  # of the days before; None is a day without a run


def showcase_report(folder: Path) -> ParityReport:
    """Compare three days of four events with a few faults each; no path of this machine is in the report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        paths = plant(folder).paths()
        options = ParityOptions(rules=parse_rules(RULES, "parity.toml"), baseline=str(again(paths["customerio"])))
        now = START + timedelta(days=DAYS)
        first = run_of(run_parity(paths, options, now=now))
        return run_parity(paths, replace(options, history=before(first)), now=now)


def before(today: Run) -> History:
    """Return the runs of the days before, judged by the same gates as today's."""
    runs = []
    for back, verdict in enumerate(reversed(VERDICTS), 1):
        day = date.fromisoformat(today.day) - timedelta(days=back)
        values = {
            "at": f"{day}T06:15:00.000Z",
            "newest": dict.fromkeys(today.newest, f"{day}T04:00:00.000Z"),
            "verdict": verdict,
            "messages": 240 + 9 * back,
            "missing_pct": 0.2 * back if verdict is F else 0.0,
            "drift_pct": 0.04,
            "broken": {F: ("missing_customerio",), U: ("evidence_segment",)}.get(verdict, ()),
        }
        runs += [] if verdict is None else [today.model_copy(update=values)]
    return History(tuple(reversed(runs)))


def again(archive: Path) -> Path:
    """Return a second pass of an archive, in which one number of four hundred is a text."""
    second = Path(shutil.copytree(archive, "again"))
    file = second / "2184.13699.1.track.json"
    file.write_text(file.read_text().replace('"total": 9.5', '"total": "9.5"', 1))
    return second


def plant(folder: Path) -> Evidence:
    """Write down what was sent and what arrived."""
    evidence = Evidence(folder.relative_to(folder))
    for index in range(240):
        event = EVENTS[index % len(EVENTS)]
        call = {
            "type": "track",
            "userId": f"u{index % 7}",
            "event": event,
            "properties": {"total": 9.5, "index": index},
        }
        evidence.add(call, after=timedelta(days=index * DAYS // 240, seconds=index))
    edits = (
        ("u1", 0, {"plan": "pro", "email": "kim@example.com"}),
        ("u2", 0, {"email": "kim@example.com"}),
        ("u1", -1, {}),
    )
    for user, hours, traits in edits:
        call = {"type": "identify", "userId": user, "traits": {"plan": "free", **traits}}
        edit = evidence.add(call, after=timedelta(days=DAYS - 1, seconds=len(evidence.messages)))
        edit.writer, edit.occurred_at = "web-1-4711-0badcafe", edit.at + timedelta(hours=hours)
        edit.sides["segment"]["originalTimestamp"] = edit.occurred_at.isoformat()
    visit = {"type": "track", "anonymousId": "a1", "event": "Feature Used", "properties": {"total": 9.5, "index": 0}}
    evidence.add(visit, after=timedelta(days=DAYS - 1))
    sent = evidence.messages
    for index in (8, 12):
        for call in (sent[index].call, *sent[index].sides.values()):
            call["properties"]["trial_ends_at"] = 1_795_167_000_000 if index == 8 else 1_795_167_000
    for index in (13, 17, 101):
        sent[index].lose("customerio")
    sent[21].not_sent("segment", "rejected", "400: event is too old")
    for index in (30, 31, 32):
        sent[index].payload("customerio")["total"] = "9.5"
    del sent[33].payload("segment")["total"]
    for index in (87, 91):
        sent[index].payload("customerio")["index"] = str(index)
    sent[40].copies["customerio"] = 3
    sent[51].sides["segment"]["userId"] = "somebody else"
    for index in range(60, 72, 4):
        sent[index].sides["customerio"]["event"] = "Account Made"
    for index in range(100, 130):
        sent[index].received_after["customerio"] = timedelta(seconds=45 + index)
    evidence.raw["segment"].append(b'{"messageId": "torn')
    return evidence
