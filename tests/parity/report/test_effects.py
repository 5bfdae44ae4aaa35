"""The section of a parity report on what the routes change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence import Evidence
from planted_effects import planted_calls

from pipelines_client.effects import Dates, EffectsReport, examine
from pipelines_client.effects.render import RENDERINGS
from pipelines_client.errors import SourceError
from pipelines_client.evidence.calls import FoundCall
from pipelines_client.parity import Verdict
from pipelines_client.parity.render import html, markdown, terminal
from pipelines_client.parity.report.effects import MOST_ROWS, read_effects


@pytest.fixture
def found() -> EffectsReport:
    """Twelve planted breaks, of which the report has more rows than a section shows."""
    lines = (FoundCall("a:1", call) for call in planted_calls(400))
    return examine(lines, dates=Dates.UNCHANGED, cures={"created_at": "renamed"})


def test_the_section_has_the_verdict_and_the_gravest_rows(found: EffectsReport, tmp_path: Path) -> None:
    """In the order of the report, and says where the rest is."""
    path = tmp_path / "effects.json"
    path.write_text(RENDERINGS["json"](found))
    section = read_effects(path)
    assert (section.verdict, section.count, section.calls) == ("breaks", len(found.changes), found.calls)
    assert [row.says for row in section.changes] == [row.says for row in found.changes[:MOST_ROWS]]
    assert section.cures == 'customerio_created_at="renamed"'
    assert len(found.changes) > MOST_ROWS


def test_all_renderings_show_it_and_parity_keeps_its_verdict(
    found: EffectsReport, evidence: Evidence, compare: Callable[..., Any], tmp_path: Path
) -> None:
    """What the workspace makes of the calls is not whether they arrived."""
    path = tmp_path / "effects.json"
    path.write_text(RENDERINGS["json"](found))
    report = compare(evidence.paths(), effects=read_effects(path))
    assert report.verdict is Verdict.PASS
    for text in (html.render(report), markdown.render(report), terminal.render(report, width=200)):
        plain = " ".join(text.replace("\\", "").replace("&lt;", "<").split())
        assert "What changes in the workspace" in plain
        assert "Conditions in segments and campaigns stop matching" in plain
        assert f"{len(found.changes) - MOST_ROWS} more changes in" in plain
        assert "trial" in plain
    assert "What changes in the workspace" not in terminal.render(compare(evidence.paths()))


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 2}', '{"format": 1}', '{"format": 1, "changes": [{}]}'])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: str) -> None:
    """With the command that writes one."""
    path = tmp_path / "effects.json"
    path.write_text(content)
    with pytest.raises(
        SourceError, match=r"is not a report of effects in JSON; write one with pipelines-client effects"
    ):
        read_effects(path)
    with pytest.raises(SourceError, match="No such file"):
        read_effects(tmp_path / "gone.json")
