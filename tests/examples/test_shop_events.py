"""The generated module of the shop's plan: up to date, and what mypy says of its callers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines_client.plan.codegen.module import generate
from pipelines_client.plan.document import load_plan

_ROOT = Path(__file__).parents[2]
_EXAMPLES = _ROOT / "examples"
_CALLERS = """
from decimal import Decimal
import shop_events
lines: list[shop_events.OrderCompletedItems] = [{"sku": "M", "name": "Mug", "quantity": 1, "price": Decimal("4.50")}]
shop_events.track_order_completed("u1", order_id="o-1", items=lines, total=Decimal("4.50"), currency="EUR")
shop_events.track_cart_updated("u1", cart_id="c-1", items=lines, total=Decimal("4.50"), currency="EUR")
shop_events.identify("u1", email="ada@example.com", vip_tier=None)
shop_events.track_order_completed("u1", items=lines, total=Decimal("4.50"), currency="EUR")
shop_events.identify("u1", email="ada@example.com", vip_tier="bronze")
shop_events.track_cart_updated("u1", cart_id="c-1", items=[{"skuu": "M"}], total=Decimal("4.50"), currency="EUR")
shop_events.track_order_compelted("u1")
"""


def test_the_generated_module_is_what_the_plan_gives() -> None:
    """Else run `pipelines-client plan codegen examples/plans/shop.yaml --output examples/shop_events.py`."""
    text = generate(load_plan(_EXAMPLES / "plans/shop.yaml"))
    assert (_EXAMPLES / "shop_events.py").read_text("utf-8") == text


def test_mypy_finds_a_wrong_call_and_nothing_wrong_in_the_module(tmp_path: Path) -> None:
    """A forgotten property, a wrong value of an enum, a wrong key of an object, a misspelt event."""
    (tmp_path / "callers.py").write_text(_CALLERS, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--hide-error-context", tmp_path / "callers.py"]
    child = subprocess.run(
        [*command, _EXAMPLES / "shop_events.py"],
        cwd=_ROOT,
        env={**os.environ, "MYPYPATH": str(_EXAMPLES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = {line.split(":")[1] for line in child.stdout.splitlines() if ": error: " in line}
    assert lines == {"8", "9", "10", "11"}, child.stdout + child.stderr
    assert not [line for line in child.stdout.splitlines() if line.startswith("examples/")], child.stdout
