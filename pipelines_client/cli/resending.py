"""What `replay` and `backfill` share: their options, how far they are, and what they came to."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli.common import StateDirOption, flag
from pipelines_client.cli.leaving import leave, writing
from pipelines_client.cli.parity.options import moment
from pipelines_client.cli.progress import sending
from pipelines_client.clock import utc_now
from pipelines_client.log import LOGGER_NAME

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import Refusal, RunOptions, Summary
    from pipelines_client.history.run import Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What both commands are asked; None is an option that was not given."""

    state_dir: StateDirOption = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only messages with 'event=Order Completed', 'properties.plan!=free', 'userId~@'; repeatable.",
        ),
    ] = None
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Happened from then on: 2026-11-02, 24h, 7d.")] = (
        None
    )
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Happened before then.")] = None
    rate: Annotated[
        float, typer.Option(min=0, metavar="N", help="Most messages a second, evenly; 0: as many as it takes.")
    ] = 1_000.0
    horizon_days: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="What happened longer ago is listed, not sent.", show_default="13 months"
        ),
    ] = None
    allow_command: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A reserved event name that may reach Customer.io.")
    ] = None
    dry_run: Annotated[bool, flag("--dry-run", "Choose and count, and send nothing.")] = False
    again: Annotated[bool, flag("--again", "Send also what the ledger says was accepted.")] = False
    patience: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Give up after so long without success.")
    ] = 600.0
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="List all that is not sent, and why, as JSON lines.")
    ] = None
    as_json: Annotated[bool, flag("--json", "Print the summary as JSON.")] = False

    def options(self, **told: Any) -> RunOptions:
        """Return what the library is asked; `told` is whom a run tells."""
        from pipelines_client.history import RunOptions
        from pipelines_client.history.messages import HORIZON_DAYS

        now = utc_now()
        first, last = moment(self.since, now=now), moment(self.until, now=now)
        if first and last and first >= last:
            raise typer.BadParameter("--since must be earlier than --until")
        return RunOptions(
            rate=self.rate or None,
            where=self.where or (),
            since=first,
            until=last,
            horizon_days=HORIZON_DAYS if self.horizon_days is None else self.horizon_days,
            allow_commands=frozenset(self.allow_command or ()),
            is_dry_run=self.dry_run,
            again=self.again,
            patience_s=self.patience,
            **told,
        )


def side_of(text: str) -> Leg:
    """Read a side."""
    if text not in ("customerio", "segment"):
        raise typer.BadParameter("--to is customerio or segment")
    return cast("Leg", text)


def run(asked: Asked, work: Callable[[Settings, RunOptions], Summary]) -> None:
    """Do the work, show how far it is, print what it came to, and leave with its exit code."""
    from pipelines_client.config import Settings

    settings = Settings.load(state_dir=asked.state_dir)
    with writing(settings.state_dir), _quiet_log(), _listing(asked.refused) as note, sending(sys.stderr) as on_progress:
        summary = work(settings, asked.options(on_refused=note, on_progress=on_progress))
    if asked.as_json:
        typer.echo(json.dumps(summary.as_dict(), indent=2))
    else:
        _print(summary, asked.refused)
    leave(summary.exit_code)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep the log still, which would tear the bar: the summary says what it would."""
    log = logging.getLogger(LOGGER_NAME)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _listing(path: Path | None) -> Iterator[Callable[[Refusal], object]]:
    """Write refusals to a file of its owner's; without one, nowhere."""
    if path is None:
        yield lambda _: None
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path would not keep its rights
        yield lambda refusal: file.write(json.dumps(refusal._asdict()) + "\n")


def _print(summary: Summary, refused: Path | None) -> None:
    from rich.console import Console

    from pipelines_client.history.summary import lines_of

    console = Console(highlight=False)
    for line in lines_of(summary):
        console.print(line, markup=False, soft_wrap=True)
    if summary.refused and refused is None:
        console.print("all that is not sent: --refused FILE", markup=False)
    elif refused is not None:
        console.print(
            f"{summary.refused.total():,} that are not sent are listed in {refused}", markup=False, soft_wrap=True
        )
