"""`pipelines-client replay`: send what one side lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli.common import flag
from pipelines_client.cli.group import takes
from pipelines_client.cli.resending import ResendOptions, run, side_of

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import RunOptions, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions(ResendOptions):
    """Options of `replay`."""

    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Replay lists, archives or files of calls.")
    ] = None
    to: Annotated[str, typer.Option(metavar="customerio|segment", help="The side that lacks them.")]
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="SOURCE", help="dead-letters, replay-list, ledger+archive, segment-archive or jsonl."
        ),
    ]
    archive: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="The other side's archive, which has the bodies. Repeatable."),
    ] = None
    widen: Annotated[
        bool,
        flag(
            "--widen",
            "Also send to Segment what is in no ledger, out of Customer.io's files: its integrations are not known.",
        ),
    ] = False
    ledger: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Ledgers of other hosts: what they sent is not sent again. Repeatable."),
    ] = None
    to_current: Annotated[
        bool, flag("--to-current", "Of dead letters and a ledger: also messages taken for another host or key.")
    ] = False


@takes(ReplayOptions)
def replay(given: ReplayOptions) -> None:
    """Send the messages that one side lacks, with their messageIds and times, in order.

    Run it again after a kill or an interrupt: what the ledger says was accepted
    is not sent twice. Keys and hosts come from the PIPELINES_ variables.

    Exit code 0: all sent, 1: some not sent, 2: bad input, 130: interrupted.
    """
    side, kind = side_of(given.to), cast("Any", given.source)

    def work(settings: Settings, options: RunOptions) -> Summary:
        from pipelines_client.history import replay as send

        return send(
            side,
            kind,
            given.paths or (),
            archive=given.archive or (),
            ledger=given.ledger or (),
            settings=settings,
            options=replace(options, to_current=given.to_current, may_widen=given.widen),
        )

    run(given, work)
