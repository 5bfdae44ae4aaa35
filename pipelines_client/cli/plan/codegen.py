"""`pipelines-client plan codegen`: the plan as typed Python."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import flag
from pipelines_client.cli.leaving import BAD_NEWS, leave
from pipelines_client.cli.plan.reading import OutputOption, PlanArgument, check_output, put
from pipelines_client.files import read_regular


def codegen(
    plan: PlanArgument,
    output: OutputOption = None,
    check: Annotated[
        bool, flag("--check", "Write nothing; exit with 1 if the file of --output is not what would be written.")
    ] = False,
) -> None:
    """Write the plan as a Python module with a typed function an event.

    The text depends on the plan alone, and is formatted. Run it with --check in
    a pull request, so that plan and code change together.

    Exit code 0: written, or up to date; 1: not up to date; 2: bad input.
    """
    from pipelines_client.plan.codegen.module import generate
    from pipelines_client.plan.formats import import_plan

    if check and output is None:
        raise typer.BadParameter("--check goes with --output: name the file to look at")
    if not check:
        check_output(output, plan)
    text = generate(import_plan(plan))
    if output is not None and check:
        _check(output, text)
    else:
        put(text, output)


def _check(output: Path, text: str) -> None:
    try:
        is_same = read_regular(output) == text.encode()
    except FileNotFoundError:
        is_same = False
    if not is_same:
        leave(BAD_NEWS, f"{output} is not what the plan gives: run `plan codegen` without --check")
