"""`pipelines-client drain`: deliver what dead processes left."""

from __future__ import annotations

import sqlite3
from typing import Annotated

import typer

from pipelines_client.cli.common import UNFINISHED, StateDirOption, leave, settings_for, unwritable
from pipelines_client.errors import PipelinesError


def drain(
    state_dir: StateDirOption = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Most time to take.")] = 600.0,
) -> None:
    """Deliver all messages that processes which have ended left in the state directory.

    Keys and hosts come from the PIPELINES_ variables. Whatever key a message was meant for, it goes to these. Safe
    beside living processes: what they hold is theirs. Exit code 0: nothing is left, 1: something is, 2: bad input.
    """
    from pipelines_client.delivery.draining import drain as drain_spools

    settings = settings_for(state_dir)
    try:
        result = drain_spools(settings, timeout_s=timeout)
    except PipelinesError as error:
        leave(str(error))
    except (OSError, sqlite3.Error) as error:
        leave(unwritable(settings.state_dir, error))
    for leg in sorted(result.settled.keys() | result.left.keys()):
        typer.echo(f"{leg}: {result.settled.get(leg, 0):,} settled, {result.left.get(leg, 0):,} left")
    if not result.settled and not result.left:
        typer.echo("nothing was left to deliver")
    if not result.is_complete:
        typer.echo("what is left stays on disk; `pipelines-client status` says what stands in the way", err=True)
        raise typer.Exit(UNFINISHED)
