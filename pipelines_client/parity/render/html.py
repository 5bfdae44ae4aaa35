"""The report as one HTML file without network: Jinja templates with everything escaped.

The page's policy allows its style and the one script with its hash: text from outside could not run even if it were
not escaped.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from pipelines_client.parity.render import charts, words
from pipelines_client.parity.render.sections import GRADE_MOODS, MARKS, MOODS, tables
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from jinja2 import Template

    from pipelines_client.parity.model import ParityReport

_DAYS, _EVENTS, _ROWS = 45, 200, 200  # a page that still opens on a phone
_CLASSES = {"name": "w", "number": "n", "short": "d", "prose": "t"}  # of a column, in style.css


def render(report: ParityReport) -> str:
    """Return the report as one page that loads nothing."""
    days, grid = charts.days_of(report), charts.by_event(report)
    page = _template().render(
        report=report,
        tables=tables(report),
        days=days[-_DAYS:],
        grid=grid[:_EVENTS],
        days_hidden=max(0, len(days) - _DAYS),
        events_hidden=max(0, len(grid) - _EVENTS),
    )
    return page + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("pipelines_client.parity", "render/page")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (loader.get_source(environment, name)[0] for name in ("style.css", "script.js"))
    environment.filters["safe_line"] = one_line
    environment.filters["number"] = words.count
    environment.globals.update(
        charts=charts,
        words=words,
        moods=MOODS,
        marks=MARKS,
        grades=GRADE_MOODS,
        classes=_CLASSES,
        most_rows=_ROWS,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
    )
    return environment.get_template("report.html.jinja")
