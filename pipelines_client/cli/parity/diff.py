"""`pipelines-client parity diff`: show what changed between two reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.leaving import leave
from pipelines_client.files import read_given
from pipelines_client.parity.render import CHANGE_FORMATS


def diff(
    before: Annotated[Path, typer.Argument(metavar="A.json", help="The earlier report, written by --output.")],
    after: Annotated[Path, typer.Argument(metavar="B.json", help="The later report.")],
    form: Annotated[str, typer.Option("--format", metavar="|".join(CHANGE_FORMATS), help="Output format.")] = "text",
) -> None:
    """Show what changed between two reports.

    Exit code 0: not worse, 1: the verdict or a gate got worse, 2: bad input,
    3: not comparable, because they looked at other sources, gates or limits.
    """
    from pipelines_client.parity.render.changes import print_changes, render_changes
    from pipelines_client.parity.report.changes import compare_reports, parse_report

    if form not in CHANGE_FORMATS:
        raise typer.BadParameter(f"--format must be one of {', '.join(CHANGE_FORMATS)}")
    changes = compare_reports(*(parse_report(read_given(path), str(path)) for path in (before, after)))
    if form == "text" and sys.stdout.isatty():
        from rich.console import Console

        print_changes(changes, Console(highlight=False))
    else:
        print_text(render_changes(changes, form))
    leave(changes.exit_code)
