"""`pipelines-client parity`: compare what was sent with what each side received."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines_client.cli.common import begun_at, print_text
from pipelines_client.cli.group import DefaultGroup, Later, takes
from pipelines_client.cli.leaving import leave, say
from pipelines_client.cli.parity.options import Comparison
from pipelines_client.cli.parity.sources import collect_paths
from pipelines_client.cli.progress import reading
from pipelines_client.evidence.files.arrow import load_without_numpy
from pipelines_client.files import private_file

if TYPE_CHECKING:
    from pipelines_client.parity import ParityReport
    from pipelines_client.parity.notify import Receiver


class _ParityGroup(DefaultGroup):
    default = "compare"
    later = (Later("diff", "parity.diff:diff", "Show what changed between two reports."),)


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
    if begun_at() is not None and asked.engine == "duckdb":  # nothing else runs in this process
        load_without_numpy()
    from pipelines_client.parity import run_parity

    asked.check()
    options = asked.options(now)
    receivers = _receivers(asked)
    with reading(sys.stderr) as hooks:
        options = replace(options, **hooks._asdict())
        report = run_parity(collect_paths(asked.sources(), asked.paths or []), options, now=now)
    _write(report, asked.form, asked.output or [], details=asked.details, is_private=asked.show_values)
    history = asked.history_file()
    if history is not None and (asked.history is not None or not report.judged.is_exploratory):
        _keep_run(history, report)
    if receivers:
        _notify(report, receivers, asked)
    if asked.replay_list is not None:
        from pipelines_client.parity.report.replay_list import describe_replay_list

        for line in describe_replay_list(report, asked.replay_list):
            say(line)
    leave(report.verdict.exit_code)


def _receivers(asked: Comparison) -> list[Receiver]:
    if not asked.notify:
        return []
    from pipelines_client.parity.notify import read_receivers

    return read_receivers(asked.notify)


def _notify(report: ParityReport, receivers: list[Receiver], asked: Comparison) -> None:
    from pipelines_client.parity.notify import STATE_FILE, notify

    history = asked.history_file()
    beside = Path(STATE_FILE) if history is None else history.with_name(STATE_FILE)
    for problem in notify(report, receivers, asked.notify_state or beside):
        say(problem)


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
