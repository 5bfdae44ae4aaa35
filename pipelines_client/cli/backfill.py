"""`pipelines-client backfill`: send the past, rows of files with their own times. A skin, as every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli import resending as history
from pipelines_client.cli.group import takes

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import RunOptions, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill(history.Asked):
    """What a backfill is asked."""

    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON lines, CSV, Parquet; or a Segment archive as it is.")
    ]
    to: Annotated[str, typer.Option(metavar="customerio|segment", help="Where to.")] = "customerio"
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="TOML file that says what the columns are.")
    ] = None
    idempotency: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column that names a row: its messageId is made of it. Repeatable."),
    ] = None


@takes(Backfill)
def backfill(asked: Backfill) -> None:
    """Send what happened before: every row with its own time, and counted once.

    A row has the same messageId each time, and what the ledger says was
    accepted does not go again: run twice, killed or interrupted, the same
    command goes on. Keys and hosts come from the PIPELINES_ variables.

    Exit code 0: all was sent, 1: something was not, 2: bad input, 130: interrupted.
    """
    side = history.side_of(asked.to)

    def work(settings: Settings, options: RunOptions) -> Summary:
        from pipelines_client.cli.parity.sources import read_map
        from pipelines_client.history import backfill as send

        columns = read_map(asked.column_map) if asked.column_map is not None else None
        return send(
            asked.files,
            to=side,
            columns=columns,
            idempotency=asked.idempotency or (),
            settings=settings,
            options=options,
        )

    history.run(asked, work)
