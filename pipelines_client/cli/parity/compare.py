"""`pipelines-client parity`: compare what was sent with what each side received."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.group import DefaultGroup, takes
from pipelines_client.cli.leaving import leave, say
from pipelines_client.cli.parity.diff import diff
from pipelines_client.cli.parity.options import Comparison
from pipelines_client.cli.parity.sources import collect_paths
from pipelines_client.cli.progress import reading
from pipelines_client.files import private_file

if TYPE_CHECKING:
    from pipelines_client.parity import ParityReport


class _ParityGroup(DefaultGroup):
    default = "compare"


parity_app = typer.Typer(cls=_ParityGroup, help="Compare what was sent with what each side received.")


@parity_app.command("compare")
@takes(Comparison)
def compare(asked: Comparison) -> None:
    """Compare what was sent with what each side received.

    Give at least two of --ledger, --segment and --customerio, or one of them and --counts.
    A source is a path, a glob or an address (s3://, gs://, az://); its option may be repeated.
    Write a path with the name of a command as ./diff.
    Exit code 0: pass, 1: fail, 2: bad input, 3: inconclusive.
    """
    now = datetime.now(timezone.utc)
    from pipelines_client.parity import run_parity
    from pipelines_client.parity.notify import STATE_FILE, notify, read_receivers
    from pipelines_client.parity.report.replay_list import describe_replay_list

    asked.check()
    options = asked.options(now)
    receivers = read_receivers(asked.notify) if asked.notify else []
    with reading(sys.stderr) as hooks:
        options = replace(options, **hooks._asdict())
        report = run_parity(collect_paths(asked.sources(), asked.paths or []), options, now=now)
    _write(report, asked.form, asked.output or [], details=asked.details, is_private=asked.show_values)
    history = asked.history_file()
    if history is not None and (asked.history is not None or not report.judged.is_exploratory):
        _keep_run(history, report)
    beside = Path(STATE_FILE) if history is None else history.with_name(STATE_FILE)
    for problem in notify(report, receivers, asked.notify_state or beside) if receivers else ():
        say(problem)
    if asked.replay_list is not None:
        for line in describe_replay_list(report, asked.replay_list):
            say(line)
    leave(report.verdict.exit_code)


parity_app.command("diff")(diff)


def _keep_run(history: Path, report: ParityReport) -> None:
    """Add a line to the history. If that fails, a message says so and the verdict stays."""
    from pipelines_client.parity import append_run

    try:
        append_run(history, report)
    except OSError as error:
        say(
            f"{history}: this run was not added to the history ({error.strerror});"
            " choose another file with --history, or none with --no-history"
        )


def _write(report: ParityReport, form: str, outputs: list[Path], *, details: bool, is_private: bool) -> None:
    """Write the files, for their owner alone if they show values; then standard output, as a terminal shows it best."""
    from pipelines_client.parity.render import ENDINGS, render

    for path in outputs:
        text = render(report, ENDINGS[path.suffix.lower()], details=details)
        if is_private:
            with private_file(path) as file:
                file.write(text.encode())
        else:
            path.write_text(text, "utf-8")
    if form == "text" and sys.stdout.isatty():
        from rich.console import Console

        from pipelines_client.parity.render.terminal import print_report

        print_report(report, Console(highlight=False), details=details)
        return
    print_text(render(report, form, details=details))
