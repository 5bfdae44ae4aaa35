"""`pipelines-client drain`: deliver what dead processes left."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines_client.cli.common import StateDirOption, flag, settings_for
from pipelines_client.cli.leaving import BAD_NEWS, leave, writing
from pipelines_client.destinations.base import told


def drain(
    state_dir: StateDirOption = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Time limit.")] = 600.0,
    to_current: Annotated[bool, flag("--to-current", "Also messages taken for another host or key.")] = False,
) -> None:
    """Deliver the messages that ended processes left in the state directory.

    Keys and hosts come from the PIPELINES_ variables. A message goes only to
    the host and key that it was taken for; with --to-current, every message
    goes to those of the variables, for instance after a wrong key was
    corrected. It is safe to run beside living processes: their messages stay
    with them.

    Exit code 0: nothing is left, 1: something is left, 2: bad input.
    """
    from pipelines_client.delivery.draining import drain as drain_spools

    settings = settings_for(state_dir)
    with writing(settings.state_dir):
        result = drain_spools(settings, timeout_s=timeout, to_current=to_current)
    for leg in sorted(result.settled.keys() | result.left.keys()):
        typer.echo(f"{leg}: {result.settled.get(leg, 0):,} settled, {result.left.get(leg, 0):,} left")
    for move in result.moved:
        typer.echo(f"{move.leg}: {move.messages:,} taken for {told(move.taken_for)} went to {told(move.current)}")
    for move in result.elsewhere:
        typer.echo(
            f"{move.leg}: {move.messages:,} left were taken for {told(move.taken_for)}; "
            f"to send them to {told(move.current)}: pipelines-client drain --to-current"
        )
    if not result.settled and not result.left:
        typer.echo("nothing was left to deliver")
    if not result.is_complete:
        leave(BAD_NEWS, "some messages are left and stay on disk; `pipelines-client status` shows why")
