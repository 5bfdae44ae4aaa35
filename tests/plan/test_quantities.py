"""What an amount and a date are: one answer for the rules of calls, the lint and the typed code."""

from __future__ import annotations

import pytest

from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.lint import lint
from pipelines_client.plan.model import Conventions
from pipelines_client.plan.quantities import is_amount, schema_at
from pipelines_client.plan.schemas import Property


@pytest.mark.parametrize(
    ("unit", "expected"), [("EUR", True), ("usd", True), ("KWH", False), ("GIB", False), ("cents", False), (3, False)]
)
def test_an_amount_is_what_has_a_currency_for_its_unit_for_lint_and_calls_alike(unit: object, expected: bool) -> None:
    """Three capitals may be something else, and a currency may be in small letters: `--fix` changes no judgement."""
    assert is_amount(Property(("total",), {"unit": unit}, is_required=False), Conventions()) is expected
    text = f"conventions: {{money: cents}}\nevents: {{A Used: {{properties: {{x: {{type: number, unit: {unit}}}}}}}}}"
    plan = parse_plan(f"plan: 1\n{text}\n".encode()) if isinstance(unit, str) else None
    if plan is None:
        return
    call = {"type": "track", "userId": "u", "event": "A Used", "properties": {"x": 1.5}}
    at_call = [violation.code for violation in CheckedPlan(plan).judge(call).violations]
    assert ("money" in at_call, "money" in {fault.code for fault in lint(plan)}) == (expected, expected)


def test_a_schema_says_something_of_what_some_paths_lead_to() -> None:
    """Through objects and items."""
    assert schema_at([], {}) is None
    assert schema_at([("a", "[]", "b")], {"type": "integer"}) == {
        "properties": {"a": {"items": {"properties": {"b": {"type": "integer"}}}}}
    }
