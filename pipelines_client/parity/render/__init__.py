"""The report for eyes: each module turns a ParityReport into one format and computes nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.render.html import render_html
from pipelines_client.parity.render.markdown import render_markdown
from pipelines_client.parity.render.terminal import render_text

if TYPE_CHECKING:
    from pipelines_client.parity.report import ParityReport

FORMATS = ("text", "json", "markdown", "html")
ENDINGS = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html"}
"""An output file's ending names its format."""


def render(report: ParityReport, form: str) -> str:
    """Return the report in one of `FORMATS`, ending in a newline; text is 100 columns wide and without colour."""
    if form == "json":
        return report.to_json()
    if form == "markdown":
        return render_markdown(report)
    return render_html(report) if form == "html" else render_text(report)


__all__ = ["ENDINGS", "FORMATS", "render", "render_html", "render_markdown", "render_text"]
