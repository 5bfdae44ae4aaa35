"""The faults that a plan had when the team began to look: known, and no reason to fail."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from pipelines_client.errors import PlanError
from pipelines_client.plan.lint.base import LintFault

_VERSION: Final = 1


class LintJudgement(NamedTuple):
    """The faults of today against those of the baseline.

    Attributes:
        new: Faults that the baseline does not have.
        known: Faults that it has.
        gone: How many of its faults are no longer there.
    """

    new: list[LintFault]
    known: list[LintFault]
    gone: int


def dump_baseline(faults: Iterable[LintFault]) -> str:
    """Return faults as the text of a baseline: a line for each, sorted, so that a review shows what was added."""
    rows = sorted({(" > ".join(each.place), each.code, each.fingerprint) for each in faults})
    lines = (
        json.dumps({"place": place, "code": code, "fingerprint": mark}, ensure_ascii=False)
        for place, code, mark in rows
    )
    body = ",\n".join(f"  {line}" for line in lines)
    return (
        f'{{"version": {_VERSION}, "faults": [\n{body}\n]}}\n' if rows else f'{{"version": {_VERSION}, "faults": []}}\n'
    )


def parse_baseline(content: bytes, name: str) -> set[str]:
    """Return the fingerprints of a baseline.

    Raises:
        PlanError: It is not a baseline.
    """
    try:
        raw = json.loads(content)
        version, marks = raw["version"], {str(fault["fingerprint"]) for fault in raw["faults"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PlanError(f"{name}: it is not a baseline; write one with --write-baseline") from None
    if version != _VERSION:
        raise PlanError(f"{name}: a baseline of another release; write it again with --write-baseline")
    return marks


def judge(faults: Iterable[LintFault], known: Iterable[str]) -> LintJudgement:
    """Tell new faults from those of a baseline."""
    marks, seen = set(known), set[str]()
    judged = LintJudgement([], [], 0)
    for each in faults:
        mark = each.fingerprint
        seen.add(mark)
        (judged.known if mark in marks else judged.new).append(each)
    return judged._replace(gone=len(marks - seen))
