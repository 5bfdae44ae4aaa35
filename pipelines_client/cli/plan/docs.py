"""`pipelines-client plan docs`: the plan as a page for marketers."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines_client.cli.leaving import GOOD, leave
from pipelines_client.cli.plan.reading import OutputOption, PlanArgument, check_output, put

_FORMATS = ("html", "markdown")
_ENDINGS = {".md": "markdown", ".markdown": "markdown"}
FormOption = Annotated[
    str | None,
    typer.Option("--format", metavar="|".join(_FORMATS), help="Format; default: by the ending of --output, else html."),
]


def docs(plan: PlanArgument, form: FormOption = None, output: OutputOption = None) -> None:
    """Write the plan as a page for marketers: HTML or Markdown.

    The HTML page is one file that loads nothing, can be searched, and fits a
    phone. It shows events by stage, each with its meaning and its properties.

    Exit code 0: written, 2: bad input.
    """
    from pipelines_client.plan.docs import PLAN_PAGES
    from pipelines_client.plan.formats import import_plan

    chosen = form or (_ENDINGS.get(output.suffix.lower()) if output is not None else None) or _FORMATS[0]
    if chosen not in _FORMATS:
        raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
    check_output(output, plan)
    put(PLAN_PAGES[chosen](import_plan(plan)), output)
    leave(GOOD)
