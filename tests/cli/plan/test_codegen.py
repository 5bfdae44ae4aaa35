"""`pipelines-client plan codegen`, through the real command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.cli import main

PLAN = "plan: 1\nevents:\n  Order Completed: {properties: {total: {type: number, required: true}}}\n"


@pytest.fixture
def codegen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command where a plan lies; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(PLAN, "utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipelines-client", "plan", "codegen", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_the_module_goes_to_standard_output_or_to_a_file(codegen: Any) -> None:
    """The same text."""
    code, out, _ = codegen("plan.yaml")
    assert code == 0
    assert "def track_order_completed(\n    user_id: UserId,\n    *,\n    total: float,\n" in out
    assert codegen("plan.yaml", "--output", "events.py") == (0, "", "")
    assert Path("events.py").read_text("utf-8") == out


def test_check_says_whether_the_file_is_up_to_date_and_changes_nothing(codegen: Any) -> None:
    """0 if it is, 1 if it is not or is not there."""
    code, _, said = codegen("plan.yaml", "--output", "events.py", "--check")
    assert (code, Path("events.py").exists()) == (1, False)
    assert "run `plan codegen` without --check" in said
    codegen("plan.yaml", "--output", "events.py")
    assert codegen("plan.yaml", "--output", "events.py", "--check")[0] == 0
    Path("plan.yaml").write_text(PLAN.replace("true", "false"), "utf-8")
    before = Path("events.py").read_text("utf-8")
    assert codegen("plan.yaml", "--output", "events.py", "--check")[0] == 1
    assert Path("events.py").read_text("utf-8") == before


def test_bad_input_exits_2_and_writes_nothing(codegen: Any) -> None:
    """A plan that is wrong, a check without a file, a folder that is not there."""
    Path("wrong.yaml").write_text("plan: 1\nevnts: {}\n", "utf-8")
    code, out, said = codegen("wrong.yaml", "--output", "events.py")
    assert (code, out, Path("events.py").exists()) == (2, "", False)
    assert "did you mean events?" in said
    assert codegen("plan.yaml", "--check")[0] == 2
    assert codegen("plan.yaml", "--output", "missing/events.py")[0] == 2
