"""`pipelines-client plan docs`, through the real command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_the_ending_of_the_file_sets_the_format(plan: Run, tmp_path: Path) -> None:
    """HTML unless it says Markdown."""
    (tmp_path / "tracking-plan.yaml").write_text("plan: 1\nname: Shop\nevents: {Order Completed: {}}\n", "utf-8")
    assert plan("docs", "tracking-plan.yaml", "--output", "plan.md").exit_code == 0
    assert (tmp_path / "plan.md").read_text("utf-8").startswith("# Shop\n")
    assert plan("docs", "tracking-plan.yaml").stdout.startswith("<!doctype html>")
    assert plan("docs", "tracking-plan.yaml", "--format", "markdown").stdout.startswith("# Shop\n")
    assert plan("docs", "tracking-plan.yaml", "--format", "pdf").exit_code == 2
