"""`pipelines-client replay`: send what one side lacks, as it was. A skin, as every command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli import resending as history
from pipelines_client.cli.group import takes

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import RunOptions, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(history.Asked):
    """What a replay is asked."""

    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="The replay lists, archives or files of calls.")
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
        typer.Option(metavar="PATH", help="Where the bodies are: the other side's archive. Repeatable."),
    ] = None
    ledger: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Ledgers of other hosts, to know what was sent.")
    ] = None


@takes(Replay)
def replay(asked: Replay) -> None:
    """Send what one side lacks: the same messageId, the same time, in order.

    Killed or interrupted, the same command goes on: what the ledger says was
    accepted does not go again. Keys and hosts come from the PIPELINES_
    variables.

    Exit code 0: all was sent, 1: something was not, 2: bad input, 130: interrupted.
    """
    side, kind = history.side_of(asked.to), cast("Any", asked.source)

    def work(settings: Settings, options: RunOptions) -> Summary:
        from pipelines_client.history import replay as send

        return send(
            side,
            kind,
            asked.paths or (),
            archive=asked.archive or (),
            ledger=asked.ledger or (),
            settings=settings,
            options=options,
        )

    history.run(asked, work)
