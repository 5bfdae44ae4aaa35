"""`pipelines-client backfill`: send rows of files as messages of the past."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.group import takes
from pipelines_client.cli.resending import ResendOptions, run, side_of

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import RunOptions, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions(ResendOptions):
    """Options of `backfill`."""

    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON lines, CSV or Parquet; or a Segment archive.")
    ]
    to: Annotated[str, typer.Option(metavar="customerio|segment", help="The side to send to.")] = "customerio"
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="TOML file that names the columns.")
    ] = None
    idempotency: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column that identifies a row; the messageId is made of it. Repeatable."),
    ] = None


@takes(BackfillOptions)
def backfill(given: BackfillOptions) -> None:
    """Send what happened in the past: each row once, with the time at which it happened.

    Run it again after a kill or an interrupt: a row has the same messageId
    each time, and what the ledger says was accepted is not sent twice. Keys and
    hosts come from the PIPELINES_ variables.

    Exit code 0: all sent, 1: some not sent, 2: bad input, 130: interrupted.
    """
    side = side_of(given.to)

    def work(settings: Settings, options: RunOptions) -> Summary:
        from pipelines_client.cli.parity.sources import given_map
        from pipelines_client.history import backfill as send

        columns = given_map(given.column_map)
        return send(
            given.files,
            to=side,
            columns=columns,
            idempotency=given.idempotency or (),
            settings=settings,
            options=options,
        )

    run(given, work)
