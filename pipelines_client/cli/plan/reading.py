"""What the commands of `plan` share: the plan's file, and where the result goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.leaving import BAD_INPUT, leave

PLAN_HELP = "The plan: tracking-plan.yaml, or a file or folder of another tool."
PlanArgument = Annotated[Path, typer.Argument(metavar="PLAN", help=PLAN_HELP)]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file; default: standard output."),
]


def put(text: str, output: Path | None, source: Path | None = None) -> None:
    """Write a result to a file, or to standard output if none is named; never over the plan that it was made from."""
    if output is None or str(output) == "-":
        print_text(text)
    elif source is not None and output.exists() and output.samefile(source):
        leave(BAD_INPUT, f"{output} is the plan itself, which would be lost; name another file")
    else:
        output.write_text(text, "utf-8")
