"""`pipelines-client drain`: deliver what dead processes left."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines_client.cli.common import StateDirOption, settings_for
from pipelines_client.cli.leaving import BAD_NEWS, leave, writing


def drain(
    state_dir: StateDirOption = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Time limit.")] = 600.0,
) -> None:
    """Deliver the messages that ended processes left in the state directory.

    Keys and hosts come from the PIPELINES_ variables; every message goes to
    these, even if it was recorded for another key. It is safe to run beside
    living processes: their messages stay with them.

    Exit code 0: nothing is left, 1: something is left, 2: bad input.
    """
    from pipelines_client.delivery.draining import drain as drain_spools

    settings = settings_for(state_dir)
    with writing(settings.state_dir):
        result = drain_spools(settings, timeout_s=timeout)
    for leg in sorted(result.settled.keys() | result.left.keys()):
        typer.echo(f"{leg}: {result.settled.get(leg, 0):,} settled, {result.left.get(leg, 0):,} left")
    if not result.settled and not result.left:
        typer.echo("nothing was left to deliver")
    if not result.is_complete:
        leave(BAD_NEWS, "some messages are left and stay on disk; `pipelines-client status` shows why")
