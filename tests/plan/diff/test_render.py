"""The changes as text, JSON and Markdown."""

from __future__ import annotations

import json

from pipelines_client.plan.diff.render import as_json, as_markdown, as_text
from pipelines_client.plan.diff.rules import PlanChange

ADDED = PlanChange("property-added", "Order Completed", "coupon")
REMOVED = PlanChange("property-removed", "Order Completed", "items[].sku")
HOSTILE = PlanChange("event-removed", "a|b\n</details><script>`*_x_*`[l](u)")


def test_the_text_has_the_breaking_changes_first() -> None:
    """A line each, with the rule that decided."""
    assert as_text([ADDED, REMOVED]).splitlines() == [
        "1 breaking, 1 compatible",
        "breaking    Order Completed, items[].sku: the property is gone (property-removed)",
        "compatible  Order Completed, coupon: the property is new (property-added)",
    ]
    assert as_text([]) == "no changes\n"


def test_the_json_has_each_change_with_its_rule() -> None:
    """For a program that decides by itself."""
    assert json.loads(as_json([REMOVED])) == {
        "version": 1,
        "breaking": 1,
        "compatible": 0,
        "changes": [
            {
                "code": "property-removed",
                "is_breaking": True,
                "call": "Order Completed",
                "path": "items[].sku",
                "text": "the property is gone",
            }
        ],
    }


def test_the_markdown_folds_in_what_breaks_nothing() -> None:
    """A reviewer sees the breaking changes."""
    text = as_markdown([ADDED, REMOVED])
    breaking, _, compatible = text.partition("<details>")
    assert "property-removed" in breaking
    assert "property-added" in compatible
    assert as_markdown([]) == "### Tracking plan\n\nno changes.\n"


def test_no_name_breaks_out_of_its_cell() -> None:
    """Names that mean something in Markdown or HTML are shown letter by letter."""
    (row,) = [line for line in as_markdown([HOSTILE]).splitlines() if "event-removed" in line]
    cell = row.split(" | ")[0]
    assert not set("<>`*[]_") & set(cell)
    assert row.count("|") == 4
    assert "\n" not in as_text([HOSTILE]).splitlines()[1]
