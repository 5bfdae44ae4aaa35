"""`pipelines-client replay`: send what one side lacks, as it was. A skin, as every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli import history
from pipelines_client.cli.common import StateDirOption, leave
from pipelines_client.errors import PipelinesError

if TYPE_CHECKING:
    from pipelines_client.history import RunOptions, Summary


def replay(
    *,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="The replay lists, archives or files of calls.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="customerio|segment", help="The side that lacks them.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="dead-letters, replay-list, ledger+archive, segment-archive or jsonl.",
        ),
    ],
    archive: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Where the bodies are: the other side's archive. Repeatable."),
    ] = None,
    ledger: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Ledgers of other hosts, to know what was sent.")
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
    """Send what one side lacks: the same messageId, the same time, in order.

    Killed or interrupted, the same command goes on: what the ledger says was
    accepted does not go again. Keys and hosts come from the PIPELINES_
    variables.

    Exit code 0: all was sent, 1: something was not, 2: bad input, 130: interrupted.
    """
    from pipelines_client.config import Settings

    if to not in ("customerio", "segment"):
        raise typer.BadParameter("--to is customerio or segment")
    try:
        from pipelines_client.history import replay as send

        settings = Settings.load(state_dir=state_dir)
    except ImportError:
        leave("it needs more packages: pip install 'pipelines-client[parity]'")
    except PipelinesError as error:
        leave(str(error))
    first, last = history.span(since, until)

    def work(options: RunOptions) -> Summary:
        side, kind = cast("Any", to), cast("Any", source)
        return send(
            side, kind, paths or (), archive=archive or (), ledger=ledger or (), settings=settings, options=options
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
