"""`pipelines-client backfill`: send the past, rows of files with their own times. A skin, as every command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli import history
from pipelines_client.cli.common import StateDirOption, leave
from pipelines_client.errors import PipelinesError

if TYPE_CHECKING:
    from pipelines_client.history import RunOptions, Summary


def backfill(
    *,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON lines, CSV, Parquet; or a Segment archive as it is.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="customerio|segment", help="Where to.")] = "customerio",
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="TOML file that says what the columns are.")
    ] = None,
    idempotency: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column that names a row: its messageId is made of it. Repeatable."),
    ] = None,
    state_dir: StateDirOption = None,
    where: history.WhereOption = None,
    since: history.SinceOption = None,
    until: history.UntilOption = None,
    rate: history.RateOption = history.RATE,
    horizon_days: history.HorizonOption = history.HORIZON_DAYS,
    allow_command: history.CommandsOption = None,
    dry_run: history.DryRunOption = False,
    again: history.AgainOption = False,
    patience: history.PatienceOption = history.PATIENCE_S,
    refused: history.RefusedOption = None,
    as_json: history.JsonOption = False,
) -> None:
    """Send what happened before: every row with its own time, and counted once.

    A row has the same messageId each time, and what the ledger says was
    accepted does not go again: run twice, killed or interrupted, the same
    command goes on. Keys and hosts come from the PIPELINES_ variables.

    Exit code 0: all was sent, 1: something was not, 2: bad input, 130: interrupted.
    """
    from pipelines_client.config import Settings

    if to not in ("customerio", "segment"):
        raise typer.BadParameter("--to is customerio or segment")
    try:
        from pipelines_client.cli.parity_sources import read_map
        from pipelines_client.history import backfill as send

        settings = Settings.load(state_dir=state_dir)
        columns = read_map(column_map) if column_map is not None else None
    except ImportError:
        leave("it needs more packages: pip install 'pipelines-client[parity]'")
    except PipelinesError as error:
        leave(str(error))
    except OSError as error:
        leave(f"{error.filename}: {error.strerror}")
    first, last = history.span(since, until)

    def work(options: RunOptions) -> Summary:
        return send(
            files,
            to=cast("Any", to),
            columns=columns,
            idempotency=idempotency or (),
            settings=settings,
            options=options,
        )

    history.run(
        settings,
        work,
        rate=rate,
        refused=refused,
        as_json=as_json,
        where=where or (),
        since=first,
        until=last,
        horizon_days=horizon_days,
        allow_commands=frozenset(allow_command or ()),
        is_dry_run=dry_run,
        again=again,
        patience_s=patience,
    )
