"""Fourteen days of dual-write, reported each morning by the command: fail, fail, inconclusive, and at last ready."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone

import pytest
from evidence import Evidence
from freezegun import freeze_time

import pipelines_client.routing.stagefile  # noqa: F401  # whose dates would else be frozen ones
from pipelines_client.cli import main

FIRST = datetime(2026, 11, 2, tzinfo=timezone.utc)
DAYS = 14
OUTAGE, DEPLOY, HOLE = 3, 6, 9
EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
RULES = """
[gates]
max_missing = "0.5%"
min_events = 100
ready_after_days = 5

[gates.events."Order Completed"]
max_missing = 0
min_events = 10
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A working directory with the team's rules."""
    (tmp_path / "parity.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def live(desk, day):
    """Send 180 messages on a day, let happen what happened on it, and export it; positions go on from day to day."""
    evidence = Evidence(desk / f"day{day:02}", count=160)
    for index in range(20):
        evidence.track("u1", "Order Completed", {"order_id": index})
    for index, sent in enumerate(evidence.messages):
        sent.call["messageId"] = f"d{day}-{index}"
        sent.at = FIRST + timedelta(days=day - 1, minutes=7 * index)
        for side in sent.sides.values():
            side["messageId"] = sent.id
        if day == OUTAGE and 50 <= index < 75:
            sent.not_sent("customerio", "dropped", "spool_full")
        if day == DEPLOY and sent.call["event"] == "Order Completed" and index % 2:
            sent.sides["customerio"]["event"] = "Order Placed"
    exported = evidence.paths()["customerio"]
    for number in (1, 2):
        (exported / f"2184.13699.{number}.track.json").rename(synced(desk, day, number))


def synced(desk, day, number):
    """Return where the one or the other file of a day's export is synced to."""
    (desk / "customerio").mkdir(exist_ok=True)
    return desk / "customerio" / f"2184.13699.{2 * day + number - 2}.track.json"


def report_of(day, capsys, monkeypatch):
    """Run the command on the morning after a day, for that day; return its exit code and report."""
    morning = FIRST + timedelta(days=day, hours=6)
    window = ("--since", str(morning.date() - timedelta(days=1)), "--until", str(morning.date()))
    given = ("--ledger", "day*/state", "--segment", "day*/bucket", "--customerio", "customerio")
    arguments = ["pipelines-client", "parity", *given, *window, "--cache", "cache", "--format", "json"]
    monkeypatch.setattr(sys, "argv", arguments)
    with freeze_time(morning), pytest.raises(SystemExit) as left:
        main()
    return left.value.code, json.loads(capsys.readouterr().out)


def test_fourteen_days_go_from_fail_to_ready(desk, capsys, monkeypatch):
    """An outage on day 3, an event that a deploy renames on day 6, a hole in an export on day 9, then clean."""
    reports = {}
    for day in range(1, DAYS + 1):
        live(desk, day)
        if day == HOLE:
            synced(desk, day, 1).rename(desk / "late.json")
        code, reports[day] = report_of(day, capsys, monkeypatch)
        assert code == EXIT_CODES[reports[day]["verdict"]]
        assert reports[day]["totals"]["messages"] == 180
        if day == HOLE:
            (desk / "late.json").rename(synced(desk, day, 1))  # by the next morning the export is whole

    found = {day: (report["verdict"], report["readiness"]["days_left"]) for day, report in reports.items()}
    assert found == {
        1: ("pass", 4),
        2: ("pass", 3),
        OUTAGE: ("fail", 5),
        4: ("pass", 4),
        5: ("pass", 3),
        DEPLOY: ("fail", 5),
        7: ("pass", 4),
        8: ("pass", 3),
        HOLE: ("inconclusive", 5),
        10: ("pass", 4),
        11: ("pass", 3),
        12: ("pass", 2),
        13: ("pass", 1),
        14: ("pass", 0),
    }
    assert broken(reports[OUTAGE]) == {"missing_customerio": "failed"}
    assert broken(reports[DEPLOY]) == {"renamed": "failed"}
    assert broken(reports[HOLE]) == dict.fromkeys(
        ("evidence_customerio", "missing_customerio", "min_events"), "inconclusive"
    )
    assert [day for day, report in reports.items() if report["readiness"]["state"] == "ready"] == [DAYS]
    last = reports[DAYS]["readiness"]
    assert [day["verdict"] for day in last["trend"]] == [verdict for verdict, _ in found.values()]
    assert [day["is_in_row"] for day in last["trend"]] == [False] * 9 + [True] * 5
    assert last["reason"] == "5 passing days in a row, since 2026-11-12"
    assert len((desk / "parity-history.jsonl").read_text().splitlines()) == DAYS


def broken(report):
    return {gate["name"]: gate["result"] for gate in report["gates"] if gate["result"] != "passed"}
