"""`pipelines-client plan check`, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence import Evidence

Run = Callable[..., Any]
PLAN = "plan: 1\nevents:\n  Order Completed: {properties: {total: number}}\n  Cart Emptied: {}\n"


@pytest.fixture(autouse=True)
def planned(tmp_path: Path) -> Path:
    """A plan of two events."""
    path = tmp_path / "tracking-plan.yaml"
    path.write_text(PLAN, "utf-8")
    return path


def lines(*calls: dict[str, Any]) -> str:
    """Return calls as JSON lines."""
    return "".join(f"{json.dumps({'userId': 'usr_1', **call})}\n" for call in calls)


ORDER = {"type": "track", "event": "Order Completed", "properties": {"total": 1}}


def test_calls_as_planned_exit_0_and_unused_events_fail_where_that_is_asked(plan: Run) -> None:
    """Read from standard input."""
    done = plan("check", "tracking-plan.yaml", "-", input=lines(ORDER))
    assert done.exit_code == 0
    assert done.stdout.startswith("as planned: 1 message, 1 of 2 active events sent\n")
    assert plan("check", "tracking-plan.yaml", "-", "--fail-on-unused", input=lines(ORDER)).exit_code == 1


def test_what_is_not_planned_and_what_is_wrong_exit_1(plan: Run, tmp_path: Path) -> None:
    """From a file of calls, with its line."""
    wrong = {**ORDER, "properties": {"total": "1"}}
    (tmp_path / "calls.jsonl").write_text(lines(ORDER, wrong, {"type": "track", "event": "Cart Emptyed"}), "utf-8")
    done = plan("check", "tracking-plan.yaml", "jsonl:calls.jsonl")
    assert done.exit_code == 1
    assert "1  Cart Emptyed (did you mean Cart Emptied?)" in done.stdout
    assert "at properties.total" in done.stdout
    assert "calls.jsonl:2" in done.stdout
    report = json.loads(plan("check", "tracking-plan.yaml", "jsonl:calls.jsonl", "--format", "json").stdout)
    assert [row["name"] for row in report["unplanned"]] == ["Cart Emptyed"]
    assert report["unused"] == ["Cart Emptied"]


def test_no_message_exits_3_and_bad_input_2(plan: Run) -> None:
    """Nothing read proves nothing."""
    assert plan("check", "tracking-plan.yaml", "-", input="no call\n").exit_code == 3
    assert plan("check", "tracking-plan.yaml", "-", input=f"{lines(ORDER)}{{cut").exit_code == 3
    assert plan("check", "tracking-plan.yaml").exit_code == 2
    assert plan("check", "none.yaml", "-", input="").exit_code == 2
    assert plan("check", "tracking-plan.yaml", "-", "--format", "xml", input="").exit_code == 2


def test_a_plan_that_was_inferred_from_an_archive_fits_the_archive(plan: Run, tmp_path: Path) -> None:
    """And finds what another message does differently."""
    archive = Evidence(tmp_path, count=30).write_segment()
    assert plan("infer", archive, "--output", "first.yaml").exit_code == 0
    done = plan("check", "first.yaml", archive, "--fail-on-unused")
    assert (done.exit_code, done.stdout.partition(":")[0]) == (0, "as planned"), done.stdout
    assert plan("check", "first.yaml", "-", input=lines({"type": "track", "event": "Never Sent"})).exit_code == 1


def test_dead_letters_are_checked_too(plan: Run, tmp_path: Path) -> None:
    """Those that an API refused, out of the state directory."""
    letters = tmp_path / "state" / "dead-letters"
    letters.mkdir(parents=True, mode=0o700)
    (tmp_path / "state" / "run").mkdir()
    letter = {
        "message_id": "m1", "leg": "segment", "type": "track", "event": "Nope", "identity": None, "occurred_at": "x",
        "rejected_at": "2026-11-02T08:00:00Z", "reason": None, "http_status": 400, "payload_hash": "h",
        "body": lines({"type": "track", "event": "Nope"}).strip(), "letter": "l1",
    }  # fmt: skip
    (letters / "2026-11-02.jsonl").write_text(json.dumps(letter) + "\n", "utf-8")
    done = plan("check", "tracking-plan.yaml", "--dead-letters", "state")
    assert done.exit_code == 1
    assert "Not planned:\n  1  Nope" in done.stdout
