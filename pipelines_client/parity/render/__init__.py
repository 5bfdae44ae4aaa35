"""The report for eyes and machines: each module turns a ParityReport into one format and computes nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.render.csv import render_csv
from pipelines_client.parity.render.html import render_html
from pipelines_client.parity.render.junit import render_junit
from pipelines_client.parity.render.markdown import render_markdown
from pipelines_client.parity.render.openmetrics import render_metrics
from pipelines_client.parity.render.terminal import render_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client.parity.model import ParityReport


def render_json(report: ParityReport) -> str:
    """Return the report whole, as `docs/parity-report.schema.json` describes it."""
    return report.to_json()


_RENDERERS: dict[str, Callable[[ParityReport], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
    "junit": render_junit,
    "openmetrics": render_metrics,
    "csv": render_csv,
}
FORMATS = tuple(_RENDERERS)
ENDINGS = {
    ".txt": "text",
    ".json": "json",
    ".md": "markdown",
    ".html": "html",
    ".xml": "junit",
    ".prom": "openmetrics",
    ".csv": "csv",
}
"""An output file's ending names its format."""


def render(report: ParityReport, form: str) -> str:
    """Return the report in one of `FORMATS`, ending in a newline; text is 100 columns wide and without colour."""
    return _RENDERERS[form](report)


__all__ = ["ENDINGS", "FORMATS", "render"]
