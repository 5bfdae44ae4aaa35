"""`pipelines-client plan diff`, through the real command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.cli import main

PLAN = "plan: 1\nevents:\n  Order Completed: {properties: {total: number}}\n"
WIDER = PLAN.replace("total: number", "total: number, coupon: string")


@pytest.fixture
def diff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command where two plans lie; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(PLAN, "utf-8")
    Path("wider.yaml").write_text(WIDER, "utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipelines-client", "plan", "diff", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_a_compatible_change_exits_0_and_a_breaking_one_1(diff: Any) -> None:
    """A property more, and a property less."""
    assert diff("plan.yaml", "plan.yaml")[:2] == (0, "no changes\n")
    code, out, _ = diff("plan.yaml", "wider.yaml")
    assert (code, out.splitlines()[0]) == (0, "0 breaking, 1 compatible")
    code, out, _ = diff("wider.yaml", "plan.yaml")
    assert (code, out.splitlines()[1]) == (
        1,
        "breaking    Order Completed, coupon: the property is gone (property-removed)",
    )


def test_the_changes_are_also_json_and_markdown(diff: Any) -> None:
    """For a program, and for a pull request; the exit code is the same."""
    code, out, _ = diff("wider.yaml", "plan.yaml", "--format", "json")
    assert (code, json.loads(out)["breaking"]) == (1, 1)
    code, out, _ = diff("wider.yaml", "plan.yaml", "--format", "markdown")
    assert (code, out.splitlines()[0]) == (1, "### Tracking plan")


def test_bad_input_exits_2(diff: Any) -> None:
    """A plan that is not there is not a plan without events."""
    assert diff("plan.yaml", "missing.yaml")[0] == 2
    assert diff("plan.yaml", "wider.yaml", "--format", "xml")[0] == 2
