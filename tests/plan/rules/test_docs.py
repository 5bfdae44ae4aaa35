"""The table of rules in docs/plan.md is made from the rules."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from pipelines_client.plan.rules import CALL_RULES

_PAGE = Path(__file__).parents[3] / "docs" / "plan.md"
_BEGIN, _END = "<!-- rules -->\n", "<!-- /rules -->"
_SHOWN_CHARS = 110


def _table() -> str:
    rows = ["| code | finds | why, and what to do | own mode | such as |", "|---|---|---|---|---|"]
    for rule in CALL_RULES:
        example = min((orjson.dumps(example).decode() for example in rule.bad), key=len)
        shown = f"`{example}`" if len(example) <= _SHOWN_CHARS else ""
        words = rule.words.replace("|", "\\|")
        rows.append(f"| `{rule.code}` | {rule.title} | {words} | `{rule.mode}` | {shown} |")
    return "\n".join(rows) + "\n"


def test_the_page_has_a_row_for_each_rule() -> None:
    """`UPDATE_SNAPSHOTS=1` writes it."""
    text = _PAGE.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    shown, _, after = rest.partition(_END)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        _PAGE.write_text(before + _BEGIN + _table() + _END + after, "utf-8")
        shown = _table()
    assert shown == _table(), "run UPDATE_SNAPSHOTS=1 pytest tests/plan/rules/test_docs.py"
