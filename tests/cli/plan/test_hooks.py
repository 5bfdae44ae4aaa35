"""The hooks for pre-commit and the workflow for GitHub: what they run is there and does its work."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
HOOKS = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
GIT = shutil.which("git") or ""
BEFORE = """\
plan: 1
events:
  Order Completed: {description: Paid., stage: conversion, properties: {total: number}}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose last commit has a plan."""
    (tmp_path / "tracking-plan.yaml").write_text(BEFORE, "utf-8")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "A plan")):
        subprocess.run([GIT, *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def run(hook: dict[str, Any], folder: Path) -> int:
    """Run a hook on the plan, as pre-commit does."""
    words = [*shlex.split(hook["entry"]), "tracking-plan.yaml"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TMPDIR": str(folder)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False).returncode


@pytest.mark.skipif(not GIT, reason="a hook needs git")
@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_lets_a_good_change_pass_and_stops_a_bad_one(name: str, repository: Path) -> None:
    """A property that is now required breaks calls, and an event without a stage is unclean."""
    assert run(HOOKS[name], repository) == 0
    bad = {
        "tracking-plan-lint": BEFORE.replace(" stage: conversion,", ""),
        "tracking-plan-diff": BEFORE.replace("total: number", "total: {type: number, required: true}"),
    }
    (repository / "tracking-plan.yaml").write_text(bad[name], "utf-8")
    assert run(HOOKS[name], repository) == 1
    assert [path.name for path in repository.iterdir() if path.name != ".git"] == ["tracking-plan.yaml"]


def test_the_workflow_runs_lint_and_diff_on_pull_requests() -> None:
    """Both with options that exist (the commands themselves are tested beside this)."""
    steps = yaml.safe_load((ROOT / "examples/plans/github-actions.yml").read_text("utf-8"))["jobs"]["plan"]["steps"]
    lines = [line for step in steps for line in str(step.get("run", "")).splitlines()]
    assert [line.split()[2] for line in lines if line.strip().startswith("pipelines-client plan")] == ["lint", "diff"]
