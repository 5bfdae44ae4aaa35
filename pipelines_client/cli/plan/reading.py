"""What the commands of `plan` share: the plan's file, and where the result goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import print_text, refuse_unwritable
from pipelines_client.cli.leaving import BAD_INPUT, leave
from pipelines_client.files import replace_given

PLAN_HELP = "The plan: tracking-plan.yaml, or a file or folder of another tool."
PlanArgument = Annotated[Path, typer.Argument(metavar="PLAN", help=PLAN_HELP)]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file; default: standard output."),
]


def check_output(output: Path | None, source: Path | None = None) -> None:
    """Refuse, before the work, a file that cannot be written, or that is the plan from which the result is made."""
    if output is None or str(output) == "-":
        return
    if source is not None and output.exists() and output.samefile(source):
        leave(BAD_INPUT, f"{output} is the plan itself, which would be lost; name another file")
    refuse_unwritable([output])


def put(text: str, output: Path | None) -> None:
    """Write a result to a file, or to standard output if none is named; `check_output` has looked at it."""
    if output is None or str(output) == "-":
        print_text(text)
    else:
        replace_given(output, text.encode())
