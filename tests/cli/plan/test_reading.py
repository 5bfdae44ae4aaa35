"""`--output` of the commands of `plan`, through the real command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
WRONG = "plan: 1\nevnts: {}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("infer", "none.jsonl", "--output"),
        ("import", "wrong.yaml", "--output"),
        ("export", "wrong.yaml", "--format", "segment", "--output"),
        ("docs", "wrong.yaml", "--output"),
        ("codegen", "wrong.yaml", "--output"),
        ("models", "no_such_module", "--output"),
        ("lint", "wrong.yaml", "--write-baseline", "--baseline"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    plan: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """What is read is wrong, too: the file is named first, and the work is not begun."""
    (tmp_path / "wrong.yaml").write_text(WRONG, "utf-8")
    done = plan(*words, "none/out")
    assert (done.exit_code, "cannot be written" in " ".join(done.output.replace("│", "").split())) == (2, True)


def test_a_baseline_never_replaces_the_plan(plan: Run, tmp_path: Path) -> None:
    """Else the plan would be lost."""
    (tmp_path / "plan.yaml").write_text("plan: 1\nevents: {Paid: {}}\n", "utf-8")
    done = plan("lint", "plan.yaml", "--write-baseline", "--baseline", "plan.yaml")
    assert (done.exit_code, "is the plan itself" in done.output) == (2, True)
    assert (tmp_path / "plan.yaml").read_text("utf-8").startswith("plan: 1")


def test_a_dash_is_standard_output(plan: Run, tmp_path: Path) -> None:
    """And no file of that name is made."""
    (tmp_path / "plan.yaml").write_text("plan: 1\nevents: {Paid: {}}\n", "utf-8")
    done = plan("codegen", "plan.yaml", "--output", "-")
    assert (done.exit_code, "def track_paid" in done.stdout, (tmp_path / "-").exists()) == (0, True, False)
