"""The changes between two plans as text, JSON, or Markdown for a pull request. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipelines_client.plan.diff.rules import PlanChange
from pipelines_client.wording import one_line

FORMAT_VERSION: Final = 1
_WHOLE: Final = "the plan"
_SPECIAL: Final = re.compile(r"[^\w\s.,:;()/'-]")


def as_text(changes: Sequence[PlanChange]) -> str:
    """Return the changes as lines, the breaking ones first."""
    lines = [_headline(changes)]
    for is_breaking, word in ((True, "breaking"), (False, "compatible")):
        lines += [
            f"{word:<12}{_printable(_place(change))}: {_printable(change.text)} ({change.code})"
            for change in changes
            if change.is_breaking is is_breaking
        ]
    return "\n".join(lines) + "\n"


def as_json(changes: Sequence[PlanChange]) -> str:
    """Return the changes as one JSON object."""
    listed = [
        {
            "code": change.code,
            "is_breaking": change.is_breaking,
            "call": change.call,
            "path": change.path,
            "text": change.text,
        }
        for change in changes
    ]
    breaking = sum(change.is_breaking for change in changes)
    whole = {"version": FORMAT_VERSION, "breaking": breaking, "compatible": len(changes) - breaking, "changes": listed}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def as_markdown(changes: Sequence[PlanChange]) -> str:
    """Return the changes as Markdown: a table of the breaking ones, and one of the others that is folded in."""
    lines = ["### Tracking plan", "", f"{_headline(changes)}."]
    breaking = [change for change in changes if change.is_breaking]
    others = [change for change in changes if not change.is_breaking]
    if breaking:
        lines += ["", "#### Breaking", "", *_table(breaking)]
    if others:
        lines += ["", "<details><summary>Compatible</summary>", "", *_table(others), "", "</details>"]
    return "\n".join(lines) + "\n"


RENDERINGS: Final[Mapping[str, Callable[[Sequence[PlanChange]], str]]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}
"""How the changes can be written, by the name of the format."""


def _headline(changes: Sequence[PlanChange]) -> str:
    if not changes:
        return "no changes"
    breaking = sum(change.is_breaking for change in changes)
    return f"{breaking:,} breaking, {len(changes) - breaking:,} compatible"


def _place(change: PlanChange) -> str:
    return f"{change.call or _WHOLE}{f', {change.path}' if change.path else ''}"


def _table(changes: Sequence[PlanChange]) -> list[str]:
    rows = [f"| {_cell(_place(change))} | {_cell(change.text)} | `{change.code}` |" for change in changes]
    return ["| where | change | rule |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    """Return a text that Markdown and HTML show as it is."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", _printable(text)).replace("_", "&#95;")


def _printable(text: str) -> str:
    return " ".join(one_line(text).split())
