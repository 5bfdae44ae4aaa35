"""The table of changes."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines_client.plan.diff.rules import RULES, PlanChange

_PAGE = Path(__file__).parents[3] / "docs/plan.md"


def test_a_change_says_what_it_is_and_whether_it_breaks_something() -> None:
    """Both come from the table, by its code."""
    change = PlanChange("type-narrowed", "Order Completed", "total", "string or null, now string")
    assert change.is_breaking
    assert change.text == "fewer types are allowed: string or null, now string"
    assert not PlanChange("type-widened", "Order Completed").is_breaking


def test_the_page_names_every_rule_and_says_whether_it_is_breaking() -> None:
    """A reader of a report can look its rules up."""
    section = _PAGE.read_text("utf-8").partition("## Compare two plans")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (yes|no) \| (.*?) \|$", section, re.MULTILINE)
    listed = {code: answer == "yes" for answer, codes in rows for code in re.findall(r"`([\w-]+)`", codes)}
    assert listed == {code: is_breaking for code, (is_breaking, _) in RULES.items()}
