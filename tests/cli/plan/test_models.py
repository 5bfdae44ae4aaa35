"""`pipelines-client plan models`, through the real command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.cli import main
from pipelines_client.plan.document import load_plan

EVENTS = """
from pipelines_client.plan.events import IdentifyTraits, TrackEvent

class OrderCompleted(TrackEvent):
    order_id: str

class Person(IdentifyTraits):
    email: str
"""


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command where modules lie; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    modules = {"shop_models": EVENTS, "empty_models": "", "broken_models": "1 / 0", "twice_models": EVENTS + EVENTS}
    modules["twice_models"] = EVENTS + EVENTS.replace("class Person", "class Human")
    for name, text in modules.items():
        Path(f"{name}.py").write_text(text, "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipelines-client", "plan", "models", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_the_classes_of_a_module_become_a_plan(models: Any) -> None:
    """In the order in which it defines them; what it imports is not its."""
    path = list(sys.path)
    assert models("shop_models", "--name", "Shop", "--output", "plan.yaml") == (0, "", "")
    plan = load_plan("plan.yaml")
    assert (plan.name, [event.name for event in plan.events]) == ("Shop", ["Order Completed"])
    assert plan.identify is not None
    assert sys.path == path


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("empty_models", "defines no TrackEvent"),
        ("broken_models", "cannot be imported (ZeroDivisionError)"),
        ("missing_models", "cannot be imported (ModuleNotFoundError)"),
        ("twice_models", "two classes describe"),
    ],
)
def test_a_module_that_gives_no_plan_exits_2(models: Any, module: str, said: str) -> None:
    """And says why."""
    code, out, error = models(module)
    assert (code, out) == (2, "")
    assert said in error
