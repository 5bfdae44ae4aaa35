"""`pipelines-client cutover`: the stage, what blocks the next one, onward and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli.common import JsonOption, flag, state_path
from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, INCONCLUSIVE, leave, say
from pipelines_client.clock import utc_now
from pipelines_client.cutover import actions
from pipelines_client.cutover.actions import BlockedError
from pipelines_client.cutover.journal import StageChange
from pipelines_client.evidence.text import one_line
from pipelines_client.routing.plan import Stage, Switch

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview

cutover_app = typer.Typer(
    no_args_is_help=True, help="Show the stage of the migration and what blocks the next one; advance or roll back."
)

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--stage-file", metavar="FILE", envvar="PIPELINES_STAGE_FILE", help="The file that all processes watch."
    ),
]
WhyOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the journal keeps it.")]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who, for the journal.", show_default="user@host")
]
LegArgument = Annotated[str, typer.Argument(help="customerio or segment.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookOptions:
    """Options of every command that looks at the whole migration."""

    stage_file: FileOption = None
    state_dir: Annotated[
        list[Path] | None,
        typer.Option(
            "--state-dir",
            metavar="DIR",
            envvar="PIPELINES_STATE_DIR",
            help="State directory of the processes. Repeatable.",
        ),
    ] = None
    history: Annotated[
        Path | None,
        typer.Option(
            "--history", metavar="FILE", help="History of the parity reports.", show_default="parity-history.jsonl"
        ),
    ] = None

    def states(self) -> list[Path]:
        """Return the state directories."""
        return self.state_dir or [state_path(None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions(LookOptions):
    """Options of the commands that show it."""

    as_json: JsonOption = False

    def look(self) -> Overview:
        """Return where the migration is."""
        from pipelines_client.cutover.overview import look

        return look(_named(self.stage_file), self.states(), self.history, now=utc_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOptions(LookOptions):
    """Options of the commands that change the stage."""

    reason: WhyOption = ""
    by: ByOption = None
    force: Annotated[bool, flag("--force", "Change the stage in spite of what blocks it. Needs --reason.")] = False


@cutover_app.command()
def start(
    stage_file: FileOption = None,
    stage: Annotated[Stage, typer.Option("--stage", help="The stage you are at.")] = Stage.SEGMENT,
    reason: WhyOption = "",
    by: ByOption = None,
) -> None:
    """Write a new stage file and begin its journal.

    Exit code 0: done, 2: the file exists already.
    """
    path = _named(stage_file)
    actions.start(path, stage, reason=reason, by=by)
    typer.echo(f"{path}: stage {stage.value}; give it to your processes as PIPELINES_STAGE_FILE")


@cutover_app.command()
@takes(ShowOptions)
def status(options: ShowOptions) -> None:
    """Show the stage, each leg's share and health, the parity history, and what blocks the next stage.

    Exit code 0: shown, 2: bad input.
    """
    overview = options.look()
    if options.as_json:
        typer.echo(json.dumps(overview.as_dict(), indent=2))
        return
    from pipelines_client.cli.cutover_pages import print_status

    print_status(overview, now=utc_now())


@cutover_app.command()
@takes(ShowOptions)
def plan(options: ShowOptions) -> None:
    """Show all stages, the earliest day of each and what it takes to leave it. Dates come from the stage file.

    Exit code 0: shown, 2: bad input.
    """
    from pipelines_client.cutover.schedule import lay_out

    steps = lay_out(options.look())
    if options.as_json:
        typer.echo(json.dumps([step.as_dict() for step in steps], indent=2))
        return
    from pipelines_client.cli.cutover_pages import print_plan

    print_plan(steps)


@cutover_app.command()
@takes(MoveOptions)
def advance(options: MoveOptions) -> None:
    """Go on to the next stage if no gate blocks it.

    Exit code 0: done, 1: blocked, 2: bad input.
    """
    _move(actions.advance, options)


@cutover_app.command()
@takes(MoveOptions)
def rollback(options: MoveOptions) -> None:
    """Go back one stage if Segment has received everything.

    Exit code 0: done, 1: blocked, 2: bad input.
    """
    _move(actions.rollback, options)


@cutover_app.command()
def share(
    leg: LegArgument,
    value: Annotated[float, typer.Argument(min=0, max=1, help="Of people, 0 to 1.")],
    stage_file: FileOption = None,
    reason: WhyOption = "",
    by: ByOption = None,
) -> None:
    """Set the share of people that a leg takes: customerio's at `shadow`, segment's at `live`.

    Exit code 0: done, 2: bad input.
    """
    _say_change(actions.set_share(_named(stage_file), cast("Any", leg), value, reason=reason, by=by))


@cutover_app.command()
def switch(
    leg: LegArgument,
    value: Annotated[Switch, typer.Argument(help="on, off (messages stay on disk) or discard (they are dropped).")],
    stage_file: FileOption = None,
    reason: WhyOption = "",
    by: ByOption = None,
) -> None:
    """Switch a leg on or off, at any stage.

    Exit code 0: done, 2: bad input.
    """
    _say_change(actions.switch(_named(stage_file), cast("Any", leg), value, reason=reason, by=by))


@cutover_app.command()
def log(stage_file: FileOption = None, as_json: JsonOption = False) -> None:
    """Show who changed what, when and why.

    Exit code 0: shown, 2: bad input.
    """
    from pipelines_client.cutover.journal import journal_path, read_journal

    path = journal_path(_named(stage_file).resolve())
    journal = read_journal(path)
    if as_json:
        typer.echo(json.dumps([change.model_dump(mode="json") for change in journal.changes], indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_log

        print_log(journal)
    if journal.unread_lines:
        say(f"{path}: {journal.unread_lines} lines could not be read")


@cutover_app.command()
def twice(
    segment: Annotated[list[str], typer.Option(metavar="PATH", help="Segment's raw archive. Repeatable.")],
    customerio: Annotated[list[str], typer.Option(metavar="PATH", help="Customer.io's storage files. Repeatable.")],
    ledger: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="A state directory: adds the strongest proof. Repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find messages that arrived twice: directly and through Segment's Customer.io destination, or in a loop.

    Exit code 0: none, 1: found or suspected, 2: bad input, 3: none found, but some evidence is unreadable.
    """
    from pipelines_client.cutover.double_delivery import find_double_deliveries
    from pipelines_client.state.layout import StateDir

    result = find_double_deliveries(segment, customerio, [StateDir(path).ledger for path in ledger or ()])
    if as_json:
        typer.echo(json.dumps(result.as_dict(), indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_double_deliveries

        print_double_deliveries(result, has_ledger=bool(ledger))
    leave(GOOD if result.is_clean else BAD_NEWS if result.is_suspected else INCONCLUSIVE)


def _named(stage_file: Path | None) -> Path:
    if stage_file is None:
        leave(BAD_INPUT, "no stage file: give --stage-file, or set PIPELINES_STAGE_FILE")
    return stage_file


def _move(action: Callable[..., StageChange], options: MoveOptions) -> None:
    path = _named(options.stage_file)
    why = {"reason": options.reason, "by": options.by, "force": options.force}
    try:
        change = action(path, states=options.states(), history=options.history, now=utc_now(), **why)
    except BlockedError as error:
        typer.echo("\n".join(["blocked by:", *(f"  {one_line(obstacle)}" for obstacle in error.obstacles)]), err=True)
        leave(BAD_NEWS, error.summary + ("; --force --reason WHY does it anyway" if error.can_be_forced else ""))
    _say_change(change)


def _say_change(change: StageChange) -> None:
    typer.echo(f"{change.what}; every process follows within its stage_poll_s")
