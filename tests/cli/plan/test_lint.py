"""`pipelines-client plan lint`, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
DIRTY = """\
plan: 1
conventions: {events: Title Case}
events:
  Order Completed: {description: A person has paid., stage: conversion}
  # Sent by the old app.
  account_created: {stage: Activation, description: 'A person, or a team: has signed up.'}
  Email Verified: {stage: activation, description: Verified.}
  Trial Started: {stage: activation, description: Started.}
"""
CLEAN = DIRTY.replace("account_created: {stage: Activation,", "Account Created: {stage: activation,")


@pytest.fixture(autouse=True)
def dirty(tmp_path: Path) -> Path:
    """A plan with two faults, one of which is safe to fix."""
    path = tmp_path / "tracking-plan.yaml"
    path.write_text(DIRTY, "utf-8")
    return path


def test_faults_are_shown_with_their_lines_and_exit_1(plan: Run) -> None:
    """File, line, severity, code, place, what is wrong, and what to do."""
    done = plan("lint", "tracking-plan.yaml")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        (
            "tracking-plan.yaml:6: warning event-name: events > account_created: the name is not in Title Case;"
            ' send it as "Account Created", and keep this name under its aliases until no code sends it'
        ),
        (
            "tracking-plan.yaml:6: warning stage-spelling: events > account_created: the stage is spelled"
            ' "Activation"; write "activation"'
        ),
        "2 warnings",
        "1 can be fixed: run it with --fix",
    ]


def test_a_clean_plan_exits_0(plan: Run, dirty: Path) -> None:
    """And says so."""
    dirty.write_text(CLEAN, "utf-8")
    done = plan("lint", "tracking-plan.yaml")
    assert (done.exit_code, done.stdout) == (0, "no fault\n")


def test_a_baseline_forgives_yesterdays_faults_and_one_new_one_fails(plan: Run, dirty: Path) -> None:
    """Also after the events were sorted; what was cured is counted."""
    done = plan("lint", "tracking-plan.yaml", "--baseline", "known.json", "--write-baseline")
    assert (done.exit_code, done.stdout) == (0, "")
    assert plan("lint", "tracking-plan.yaml", "--baseline", "known.json").exit_code == 0
    dirty.write_text(DIRTY + "  Cart Emptied: {description: The cart is empty.}\n", "utf-8")
    done = plan("lint", "tracking-plan.yaml", "--baseline", "known.json")
    assert done.exit_code == 1
    assert "no-stage: events > Cart Emptied" in done.stdout
    assert "1 warning (2 known)" in done.stdout
    dirty.write_text(CLEAN, "utf-8")
    done = plan("lint", "tracking-plan.yaml", "--baseline", "known.json")
    assert done.exit_code == 0
    assert "2 faults of the baseline gone" in done.stdout


def test_fix_changes_what_is_safe_once_and_leaves_the_rest(plan: Run, dirty: Path) -> None:
    """Comments and quotes stay; the second run writes nothing."""
    done = plan("lint", "tracking-plan.yaml", "--fix")
    assert done.exit_code == 1
    assert "1 warning (1 fixed)" in done.stdout
    assert dirty.read_text("utf-8") == DIRTY.replace("Activation", "activation")
    before = dirty.stat().st_mtime_ns
    assert "fixed" not in plan("lint", "tracking-plan.yaml", "--fix").stdout
    assert dirty.stat().st_mtime_ns == before


def test_annotations_of_github_name_file_and_line(plan: Run, tmp_path: Path) -> None:
    """Characters that GitHub would read as its own are escaped."""
    (tmp_path / "a,b.yaml").write_text("plan: 1\nevents:\n  '100%': {description: x}\n", "utf-8")
    done = plan("lint", "a,b.yaml", "--format", "github")
    assert done.stdout.startswith(
        "::warning file=a%2Cb.yaml,line=3,title=no-stage::events > 100%25: it has no stage; write `stage:`, such as"
    )


def test_json_has_each_fault_with_its_fingerprint(plan: Run) -> None:
    """Also the known ones."""
    plan("lint", "tracking-plan.yaml", "--baseline", "known.json", "--write-baseline")
    report = json.loads(plan("lint", "tracking-plan.yaml", "--baseline", "known.json", "--format", "json").stdout)
    assert [report[key] for key in ("new", "known", "gone", "fixed")] == [0, 2, 0, 0]
    assert [(fault["code"], fault["line"], fault["known"]) for fault in report["faults"]] == [
        ("event-name", 6, True),
        ("stage-spelling", 6, True),
    ]


def test_rules_are_left_out_and_mild_faults_pass_where_that_is_asked(plan: Run) -> None:
    """By code, or by severity."""
    both = ("--ignore", "event-name", "--ignore", "stage-spelling")
    assert plan("lint", "tracking-plan.yaml", *both).exit_code == 0
    done = plan("lint", "tracking-plan.yaml", "--fail-on", "error")
    assert (done.exit_code, "2 warnings" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--ignore", "event-nam"), "did you mean event-name?"),
        (("--format", "xml"), "text, json, github"),
        (("--fail-on", "note"), "warning, error"),
        (("--write-baseline",), "needs --baseline"),
        (("--baseline", "none.json"), "does not exist; write it with --write-baseline"),
    ],
)
def test_what_cannot_be_right_exits_2(plan: Run, words: tuple[str, ...], told: str) -> None:
    """With the cure."""
    done = plan("lint", "tracking-plan.yaml", *words)
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", "").split())


def test_a_plan_of_another_tool_is_linted_and_not_changed(plan: Run, tmp_path: Path) -> None:
    """Its faults have no lines."""
    rules = {"rules": {"events": [{"name": "order_done", "version": 1, "rules": {}}]}}
    (tmp_path / "segment.json").write_text(json.dumps(rules), "utf-8")
    done = plan("lint", "segment.json")
    assert done.exit_code == 1
    assert done.stdout.startswith("segment.json: warning no-description: events > order_done: it has no")
    done = plan("lint", "segment.json", "--fix")
    assert done.exit_code == 2
    assert "plan import" in done.output


@pytest.mark.parametrize("form", ["text", "github"])
def test_no_name_begins_a_line_of_the_report(plan: Run, dirty: Path, form: str) -> None:
    """A line of its making would be a command to GitHub, and an escape sequence one to the terminal."""
    dirty.write_text('plan: 1\nevents: {"A\\n::set-output name=a::b\\e[2J\\u202e": {}}\n', "utf-8")
    done = plan("lint", "tracking-plan.yaml", "--format", form)
    assert done.exit_code == 1
    assert not [line for line in done.stdout.splitlines() if line.startswith("::set-output")]
    assert {char for char in done.stdout if not char.isprintable()} == {"\n"}


def test_a_name_without_letters_is_not_sent_as_nothing(plan: Run, dirty: Path) -> None:
    """The cure says what such a name lacks."""
    dirty.write_text(
        'plan: 1\nconventions: {properties: snake_case}\nevents: {Paid: {properties: {"🎉": string}}}\n', "utf-8"
    )
    assert "give it a name of letters and digits" in plan("lint", "tracking-plan.yaml").stdout
