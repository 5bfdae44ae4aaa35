"""`pipelines-client plan import` and `export`, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PLAN = """\
plan: 1
name: Shop
events:
  Order Completed:
    stage: conversion
    properties: {total: {type: number, required: true}}
"""


def test_an_export_that_is_imported_again_is_the_same_plan(plan: Run, tmp_path: Path) -> None:
    """Also what Segment has no word for."""
    (tmp_path / "tracking-plan.yaml").write_text(PLAN, "utf-8")
    done = plan("export", "tracking-plan.yaml", "--format", "segment", "--output", "segment.json")
    assert (done.exit_code, done.stdout) == (0, "")
    assert json.loads((tmp_path / "segment.json").read_text("utf-8"))["rules"][0]["key"] == "Order Completed"
    done = plan("import", "segment.json")
    assert done.exit_code == 0
    assert "stage: conversion" in done.stdout
    done = plan("import", "segment.json", "--format", "segment", "--output", "again.yaml")
    assert (done.exit_code, "1 event written to again.yaml" in done.output) == (0, True)
    assert (tmp_path / "again.yaml").read_text("utf-8").startswith("plan: 1\n")


def test_formats_that_are_written_are_listed(plan: Run, tmp_path: Path) -> None:
    """With what each is."""
    (tmp_path / "tracking-plan.yaml").write_text(PLAN, "utf-8")
    done = plan("export", "tracking-plan.yaml", "--format", "list")
    assert {line.partition(":")[0] for line in done.stdout.splitlines()} >= {"segment", "segment-csv", "json-schema"}


def test_an_unknown_format_and_a_missing_file_exit_2(plan: Run, tmp_path: Path) -> None:
    """With the nearest name."""
    (tmp_path / "tracking-plan.yaml").write_text(PLAN, "utf-8")
    done = plan("export", "tracking-plan.yaml", "--format", "segmnt")
    assert (done.exit_code, "did you mean segment?" in done.output) == (2, True)
    assert plan("import", "none.json").exit_code == 2


@pytest.mark.parametrize("words", [("export", "--format", "segment"), ("docs",), ("codegen",), ("import",)])
def test_a_result_is_never_written_over_its_plan(plan: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """What is written from a plan has less in it."""
    path = tmp_path / "tracking-plan.yaml"
    path.write_text("plan: 1\nevents: {Paid: {owner: growth}}\n", "utf-8")
    done = plan(*words, "tracking-plan.yaml", "--output", "./tracking-plan.yaml")
    assert (done.exit_code, "is the plan itself" in done.output) == (2, True)
    assert path.read_text("utf-8").endswith("growth}}\n")


def test_a_format_that_is_only_read_is_refused_with_those_that_are_written(plan: Run, tmp_path: Path) -> None:
    """The error names them."""
    (tmp_path / "tracking-plan.yaml").write_text("plan: 1\n", "utf-8")
    done = plan("export", "tracking-plan.yaml", "--format", "python")
    assert done.exit_code == 2
    assert "tracking-plan, segment, json-schema" in done.output
    assert "iglu" not in done.output
