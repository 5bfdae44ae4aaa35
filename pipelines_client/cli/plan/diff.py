"""`pipelines-client plan diff`: what changes between two plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.leaving import BAD_NEWS, GOOD, leave

_FORMATS = ("text", "json", "markdown")


def diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", help="The plan before: tracking-plan.yaml, or a file or folder of another tool."),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The plan after, likewise.")],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"Format of standard output: {', '.join(_FORMATS)}.")
    ] = "text",
) -> None:
    """Say what changes between two plans, and whether it breaks what is there.

    A change is breaking if a call that was as planned no longer is, or if what is
    sent no longer means what it did.

    Exit code 0: nothing is breaking, 1: something is, 2: bad input.
    """
    from pipelines_client.plan.diff.plans import changes_between
    from pipelines_client.plan.diff.render import RENDERINGS
    from pipelines_client.plan.formats import import_plan

    if form not in _FORMATS:
        raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
    changes = changes_between(import_plan(old), import_plan(new))
    print_text(RENDERINGS[form](changes))
    leave(BAD_NEWS if any(change.is_breaking for change in changes) else GOOD)
