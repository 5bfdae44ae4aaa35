"""Findings of one source, as `effects` shows them: all that was planted, by path, writer and kind, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from evidence import Evidence
from planted_people import BREAKS, Shop

from pipelines_client.effects import Dates, examine
from pipelines_client.evidence.calls import calls_in
from pipelines_client.parity.alone import CLASSES, find_alone
from pipelines_client.parity.model import ClassReport


def rows(reports: tuple[ClassReport, ...]) -> list[tuple[str, str, int]]:
    """Return all findings as class, detail and count."""
    return [(report.name, row.detail, row.count) for report in reports for row in report.rows]


@pytest.mark.parametrize("people", [2_000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_twelve_planted_breaks_are_found_by_path_and_nothing_else(tmp_path: Path, people: int) -> None:
    """Of routes, dates, clocks and ids, among numbers that look like instants; nothing of the clean calls."""
    assert len(BREAKS) == 12
    evidence = Evidence(tmp_path)
    shop = Shop(evidence, people)
    paths = [str(evidence.write_segment()), str(evidence.write_ledger())]
    changes = examine(calls_in(paths), dates=Dates.UNCHANGED).changes
    found = {(row.code, row.path): row.messages for row in changes}
    assert found == shop.changes
    left = dict(shop.findings)
    for name, detail, count in rows(find_alone(paths)):
        (planted,) = [(kind, words) for kind, words in left if kind == name and detail.startswith(words)]
        assert left.pop(planted) == count, detail
    assert not left


def test_people_without_a_break_give_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other half of the planted truth."""
    monkeypatch.setattr("planted_people.BREAKS", {})
    evidence = Evidence(tmp_path)
    Shop(evidence, 300)
    paths = [str(evidence.write_segment())]
    assert rows(find_alone(paths)) == []
    assert [report.name for report in find_alone(paths)] == [each.name for each in CLASSES]
