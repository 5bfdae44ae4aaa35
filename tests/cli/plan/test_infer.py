"""`pipelines-client plan infer`, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import Evidence

from pipelines_client.plan.document import load_plan

Run = Callable[..., Any]


def test_an_archive_becomes_a_plan_that_can_be_read(plan: Run, tmp_path: Path) -> None:
    """Twice the same."""
    archive = Evidence(tmp_path, count=30).write_segment()
    done = plan("infer", archive, "--name", "Shop", "--output", "tracking-plan.yaml")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "written to tracking-plan.yaml" in done.output
    found = load_plan(tmp_path / "tracking-plan.yaml")
    assert found.name == "Shop"
    assert found.events
    assert plan("infer", archive, "--name", "Shop").stdout == (tmp_path / "tracking-plan.yaml").read_text("utf-8")


def test_calls_of_standard_input_are_read_and_what_is_none_is_said(plan: Run) -> None:
    """One JSON object a line."""
    lines = [
        json.dumps({"type": "track", "event": "Order Completed", "properties": {"total": 1}}),
        "",
        "no",
        "[1]",
        "{}",
    ]
    done = plan("infer", "-", input="\n".join(lines))
    assert done.exit_code == 0
    assert "Order Completed" in done.stdout
    assert "3 lines were left out" in done.stderr


def test_no_message_and_no_source_are_bad_input(plan: Run) -> None:
    """An empty plan would be a lie."""
    done = plan("infer", "-", input="")
    assert (done.exit_code, "no message to learn from" in done.output) == (2, True)
    done = plan("infer")
    assert (done.exit_code, "--dead-letters" in done.output) == (2, True)


def test_a_value_that_privacy_would_take_out_is_not_in_the_plan(plan: Run) -> None:
    """Also where many messages share it: a list of health data stays a text."""
    calls = [
        {"type": "track", "event": "Visit Booked", "properties": {"diagnosis": "asthma", "channel": "web"}}
        for _ in range(20)
    ]
    done = plan("infer", "-", input="\n".join(map(json.dumps, calls)))
    assert "web" in done.stdout
    assert "asthma" not in done.stdout


def test_a_plan_that_people_wrote_is_not_replaced(plan: Run, tmp_path: Path) -> None:
    """Their descriptions are not in any archive."""
    (tmp_path / "tracking-plan.yaml").write_text("plan: 1\n", "utf-8")
    done = plan("infer", "-", "--output", "tracking-plan.yaml", input='{"type": "track", "event": "Paid"}')
    assert (done.exit_code, "name another file" in done.output) == (2, True)
    assert (tmp_path / "tracking-plan.yaml").read_text("utf-8") == "plan: 1\n"


def test_names_of_persons_are_not_in_the_plan(plan: Run) -> None:
    """Neither as a list of values nor as properties; those left out are counted."""
    names = ("Ada Lovelace", "Alan Turing", "Grace Hopper")
    calls = [
        {"type": "track", "event": "Ticket Moved", "properties": {key: name, "friends": {name: 1, "total": 3}}}
        for key in ("assigned_to", "author", "region")
        for name in names * 5
    ]
    done = plan("infer", "-", input="\n".join(map(json.dumps, calls)))
    assert done.exit_code == 0
    assert not [word for name in names for word in name.split() if word in done.stdout]
    assert "assigned_to" in done.stdout
    assert "3 properties are not in the plan" in done.stderr
