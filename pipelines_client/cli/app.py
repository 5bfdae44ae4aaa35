"""All commands: one line each."""

from __future__ import annotations

from typing import Annotated

import typer

import pipelines_client
from pipelines_client.cli.backfill import backfill
from pipelines_client.cli.cutover import cutover_app
from pipelines_client.cli.cutover_handover import handover
from pipelines_client.cli.dead_letters import dead_letters_app
from pipelines_client.cli.drain import drain
from pipelines_client.cli.effects import effects
from pipelines_client.cli.group import RootGroup
from pipelines_client.cli.leaving import GOOD, leave
from pipelines_client.cli.parity.compare import parity_app
from pipelines_client.cli.replay import replay
from pipelines_client.cli.sandbox import sandbox_app
from pipelines_client.cli.status import status

app = typer.Typer(
    name="pipelines-client",
    cls=RootGroup,
    help="Move from Segment to Customer.io Data Pipelines without losing an event.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(status)
app.command()(drain)
app.add_typer(dead_letters_app, name="dead-letters")
cutover_app.command()(handover)
app.add_typer(cutover_app, name="cutover")
app.command()(replay)
app.command()(backfill)
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(parity_app, name="parity")
app.command()(effects)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"pipelines-client {pipelines_client.__version__}")
        leave(GOOD)


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Move from Segment to Customer.io Data Pipelines without losing an event."""
