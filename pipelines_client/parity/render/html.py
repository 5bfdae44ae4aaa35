"""The report as one HTML file without network: a Jinja template with everything escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pipelines_client.parity.render import words

if TYPE_CHECKING:
    from jinja2 import Template

    from pipelines_client.parity.report import ParityReport

_DAYS, _EVENTS = 45, 200  # a page that still opens on a phone


def render_html(report: ParityReport) -> str:
    """Return the report as a page that needs nothing but itself."""
    days, grid = words.days_of(report), words.by_event(report)
    page = _template().render(
        report=report,
        words=words,
        days=days[-_DAYS:],
        grid=grid[:_EVENTS],
        days_hidden=max(0, len(days) - _DAYS),
        events_hidden=max(0, len(grid) - _EVENTS),
    )
    return page + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipelines_client.parity", "render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_line"] = words.one_line
    environment.filters["number"] = words.count
    return environment.get_template("report.html.jinja")
