"""The report in each output format. A rendering shows a ParityReport and computes nothing.

`RENDERINGS` lists the formats. `sections.py` lists the report's tables, which the terminal, Markdown and the page all
show; `words.py` has the words that several formats use. To add a format: write a file here with a function
`render(report)` and add its line to `RENDERINGS`. To add a table: add one function to `SECTIONS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport


class Rendering(NamedTuple):
    """One output format.

    `name` is what `--format` takes, `ending` the file ending that chooses the format for `--output`. `module` is the
    file here whose `render(report)` returns the text, ending in a newline; it is imported when the format is used. One
    that `can_fold` leaves details out, unless `render` is called with `details`.
    """

    name: str
    ending: str
    module: str
    can_fold: bool = False

    def render(self, report: ParityReport, *, details: bool) -> str:
        """Return the report in this format."""
        more = {"details": details} if self.can_fold else {}
        text: str = import_module(f"{__name__}.{self.module}").render(report, **more)
        return text


RENDERINGS = (
    Rendering("text", ".txt", "terminal", can_fold=True),
    Rendering("json", ".json", "json"),
    Rendering("markdown", ".md", "markdown"),
    Rendering("html", ".html", "html"),
    Rendering("junit", ".xml", "junit"),
    Rendering("openmetrics", ".prom", "openmetrics"),
    Rendering("csv", ".csv", "csv"),
)
FORMATS = tuple(each.name for each in RENDERINGS)
ENDINGS = {each.ending: each.name for each in RENDERINGS}
"""The format that each file ending names."""

CHANGE_FORMATS = ("text", "json", "markdown")
"""The formats of `parity diff`."""

_BY_NAME = {each.name: each for each in RENDERINGS}


def render(report: ParityReport, form: str, *, details: bool = False) -> str:
    """Return the report in one of `FORMATS`, ending in a newline. Text is 100 columns wide and without colour."""
    return _BY_NAME[form].render(report, details=details)
