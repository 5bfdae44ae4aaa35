"""All commands: one line each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import pipelines_client
from pipelines_client.cli.group import Later, LazyGroup
from pipelines_client.cli.leaving import GOOD, explained, leave


class _Commands(LazyGroup):
    """The group of all commands: what stops one of them ends in one line and an exit code."""

    later = (
        Later(
            "status",
            "status:status",
            "Show for each leg how many messages were recorded, wait, and were accepted, rejected, dropped or skipped.",
        ),
        Later("drain", "drain:drain", "Deliver the messages that ended processes left in the state directory."),
        Later(
            "replay",
            "replay:replay",
            "Send the messages that one side lacks, with their messageIds and times, in order.",
        ),
        Later(
            "backfill",
            "backfill:backfill",
            "Send what happened in the past: each row once, with the time at which it happened.",
        ),
        Later(
            "effects",
            "effects:effects",
            "Say what changes in the workspace when calls come through Data Pipelines and no longer through Segment.",
        ),
        Later(
            "dead-letters",
            "dead_letters:dead_letters_app",
            "Messages that an API refused: list, show, requeue, export.",
        ),
        Later(
            "cutover",
            "cutover:cutover_app",
            "Show the stage of the migration and what blocks the next one; advance or roll back.",
        ),
        Later("sandbox", "sandbox:sandbox_app", "Run both APIs on loopback, and look at the people in the workspace."),
        Later("parity", "parity.compare:parity_app", "Compare what was sent with what each side received."),
        Later(
            "plan",
            "plan.group:plan_app",
            "The tracking plan: lint it, check messages against it, infer, compare it, write code and pages from it.",
        ),
    )
    """Their names, where they are, and the first paragraph of their help."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own
        """Run the command."""
        with explained():
            return super().invoke(ctx)


app = typer.Typer(
    name="pipelines-client",
    cls=_Commands,
    help="Move from Segment to Customer.io Data Pipelines without losing an event.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
