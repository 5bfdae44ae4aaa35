"""`pipelines-client cutover`: the stage, what blocks the next one, onward and back."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines_client.cli.common import JsonOption, begun_at, state_path
from pipelines_client.cli.existing import ExistingOption, existing_people
from pipelines_client.cli.group import Later, LazyGroup, takes
from pipelines_client.cli.leaving import BAD_NEWS, GOOD, INCONCLUSIVE, leave, say
from pipelines_client.cli.parity.sources import MapOption, given_map
from pipelines_client.cli.progress import reading
from pipelines_client.cli.reserved import AllowCommandOption, left_out
from pipelines_client.cli.stage_options import (
    ByOption,
    FileOption,
    ForceOption,
    StatesOption,
    WhyOption,
    blocked,
    expanded,
    named,
    say_who_follows,
    states_of,
)
from pipelines_client.clock import utc_now
from pipelines_client.cutover import actions
from pipelines_client.cutover.change import read_current
from pipelines_client.cutover.moving import BACK, ON, Moved, Way, Why, move
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview
    from pipelines_client.effects import EffectsReport


class _CutoverGroup(LazyGroup):
    later = (
        Later(
            "handover",
            "cutover_handover:handover",
            "Plan the switch from Segment's own Customer.io destination to ours, so that no message takes both ways.",
        ),
    )


cutover_app = typer.Typer(
    cls=_CutoverGroup,
    no_args_is_help=True,
    help="Show the stage of the migration and what blocks the next one; advance or roll back.",
)

LegArgument = Annotated[str, typer.Argument(help="customerio or segment.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookOptions:
    """Options of every command that looks at the whole migration."""

    stage_file: FileOption = None
    state_dir: StatesOption = None
    history: Annotated[
        Path | None,
        typer.Option(
            "--history", metavar="FILE", help="History of the parity reports.", show_default="parity-history.jsonl"
        ),
    ] = None

    def states(self) -> list[Path]:
        """Return the state directories."""
        return expanded(self.state_dir) or [state_path(None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions(LookOptions):
    """Options of the commands that show it."""

    as_json: JsonOption = False

    def look(self) -> Overview:
        """Return where the migration is."""
        from pipelines_client.cutover.overview import look

        return look(named(self.stage_file), self.states(), self.history, now=utc_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions(ShowOptions):
    """Options of `plan`."""

    archive: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Segment's archive, or a ledger beside it: adds how many people Customer.io gets. Repeatable.",
        ),
    ] = None
    existing: ExistingOption = None
    column_map: MapOption = None
    allow_command: AllowCommandOption = None

    def forecast(self) -> EffectsReport | None:
        """Return what the archive says about people; None without an archive."""
        if not self.archive:
            return None
        from pipelines_client.effects import examine
        from pipelines_client.evidence.calls import calls_in

        existing = None if self.existing is None else existing_people(self.existing)
        with reading(sys.stderr) as hooks:
            lines = calls_in(self.archive, given_map(self.column_map), advance=hooks.advance)
            return examine(lines, existing=existing, left_out=left_out(self.allow_command), key=secrets.token_bytes(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOptions(LookOptions):
    """Options of the commands that change the stage."""

    to: Annotated[
        Stage | None, typer.Option("--to", help="The stage to be at; if it is there already, nothing changes.")
    ] = None
    reason: WhyOption = ""
    by: ByOption = None
    force: ForceOption = False


@cutover_app.command()
def start(
    stage_file: FileOption = None,
    stage: Annotated[
        Stage | None,
        typer.Option(
            "--stage", help="The stage you are at.", show_default="where an earlier journal ends, else segment"
        ),
    ] = None,
    reason: WhyOption = "",
    by: ByOption = None,
) -> None:
    """Write a new stage file and begin its journal.

    Exit code 0: done, 2: the file exists already.
    """
    path = named(stage_file)
    change = actions.start(path, stage, reason=reason, by=by)
    typer.echo(f"{path}: stage {change.after.value}; give it to your processes as PIPELINES_STAGE_FILE")


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
@takes(PlanOptions)
def plan(options: PlanOptions) -> None:
    """Show all stages, the earliest day of each and what it takes to leave it. Dates come from the stage file.

    With --archive also the people whom Customer.io will add: profiles are billed.
    Exit code 0: shown, 2: bad input.
    """
    from pipelines_client.cutover.schedule import lay_out

    steps, report = lay_out(options.look()), options.forecast()
    if options.as_json:
        shown: Any = [step.as_dict() for step in steps]
        if report is not None:
            people = report.as_dict()
            shown = {"steps": shown, **{name: people[name] for name in ("calls", "unseen", "forecast")}}
        typer.echo(json.dumps(shown, indent=2))
        return
    from pipelines_client.cli.cutover_pages import print_forecast, print_plan

    print_plan(steps)
    print_forecast(report, steps)


@cutover_app.command()
@takes(MoveOptions)
def advance(options: MoveOptions) -> None:
    """Go on to the next stage if no gate blocks it; with --to, on to that stage, one step at a time.

    Exit code 0: done, or there already, 1: blocked, 2: bad input.
    """
    _move(ON, options)


@cutover_app.command()
@takes(MoveOptions)
def rollback(options: MoveOptions) -> None:
    """Go back one stage; with --to, back to that stage, one step at a time.

    While a process runs: go back first, then replay what Segment lacks; the
    command says how much. Blocked by what a replay cannot mend: lost messages,
    evidence with a gap; and by what can be replayed first, if no process runs.

    Exit code 0: done, or there already, 1: blocked, 2: bad input.
    """
    _move(BACK, options)


@cutover_app.command()
def accept(
    stage_file: FileOption = None, state_dir: StatesOption = None, reason: WhyOption = "", by: ByOption = None
) -> None:
    """Accept that messages which reached neither side stay lost: they no longer block the way back. Needs --reason.

    The journal keeps which ones. What is lost later is not among them.

    Exit code 0: done, or nothing is lost, 2: bad input.
    """
    states = expanded(state_dir) or [state_path(None)]
    change = actions.accept_lost(named(stage_file), states=states, reason=reason, by=by)
    typer.echo(
        "no lost message was found that was not accepted before" if change is None else f"accepted: {change.detail}"
    )


@cutover_app.command()
def share(
    leg: LegArgument,
    value: Annotated[float, typer.Argument(min=0, max=1, help="Of people, 0 to 1.")],
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    reason: WhyOption = "",
    by: ByOption = None,
    force: ForceOption = False,
) -> None:
    """Set the share of people that a leg takes: customerio's at `shadow`, segment's at `live`.

    Exit code 0: done, 1: messages on a deny list would be left without a leg, 2: bad input.
    """
    path = named(stage_file)
    with blocked():
        change = actions.set_share(path, cast("Any", leg), value, reason=reason, by=by, force=force)
    say_who_follows(change.what, path, states_of(state_dir))


@cutover_app.command()
def switch(
    leg: LegArgument,
    value: Annotated[Switch, typer.Argument(help="on, off (messages stay on disk) or discard (they are dropped).")],
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    reason: WhyOption = "",
    by: ByOption = None,
    force: ForceOption = False,
) -> None:
    """Switch a leg on or off, at any stage.

    Exit code 0: done, 1: discard would lose messages, 2: bad input.
    """
    path, states = named(stage_file), states_of(state_dir)
    with blocked():
        change = actions.switch(path, cast("Any", leg), value, states=states, reason=reason, by=by, force=force)
    say_who_follows(change.what, path, states)


@cutover_app.command()
def log(stage_file: FileOption = None, state_dir: StatesOption = None, as_json: JsonOption = False) -> None:
    """Show who changed what, when and why.

    Exit code 0: shown, 2: bad input.
    """
    from pipelines_client.cli.cutover_pages import numbered
    from pipelines_client.cutover.journal import journal_path, read_journal
    from pipelines_client.cutover.memory import recalled

    place = named(stage_file)
    path = journal_path(place)
    journal = recalled(read_journal(path), place, states_of(state_dir))
    if not (path.exists() or place.exists()):
        read_current(place)  # says that there is no such file, as the other commands do
    if as_json:
        typer.echo(json.dumps([change.model_dump(mode="json") for change in journal.changes], indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_log

        print_log(journal)
    if journal.unreadable:
        say(f"{path}: unreadable, and passed over: {numbered(journal.unreadable)}")


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
    from pipelines_client.state.book import ledgers_at

    result = find_double_deliveries(segment, customerio, ledgers_at(ledger or ()))
    if as_json:
        typer.echo(json.dumps(result.as_dict(), indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_double_deliveries

        print_double_deliveries(result, has_ledger=bool(ledger))
    leave(GOOD if result.is_clean else BAD_NEWS if result.is_suspected else INCONCLUSIVE)


def _move(way: Way, options: MoveOptions) -> None:
    """Go to the stage that was asked for, one step at a time; each is checked, and waits for the processes."""
    path = named(options.stage_file)
    with blocked():
        while True:
            moved = _step(way, path, options)
            _say_step(way, moved, path, options.states())
            if options.to in (None, moved.change.after):
                return


def _step(way: Way, path: Path, options: MoveOptions) -> Moved:
    """Go one step, towards the stage that was asked for."""
    to = options.to
    if to is not None:
        stage, order = read_current(path).stage, list(Stage)
        is_ahead = (order.index(to) - order.index(stage)) * way.steps > 0
        to = stage.moved(way.steps) if is_ahead else to
    why = Why(options.reason, options.by, options.force)
    now, states = utc_now(), options.states()
    return move(way, path, states=states, history=options.history, to=to, why=why, now=now, begun_at=begun_at())


def _say_step(way: Way, moved: Moved, path: Path, states: list[Path]) -> None:
    if moved.is_new:
        say_who_follows(moved.change.what, path, states)
    else:
        change = moved.change
        typer.echo(
            f"{change.after.value} already, since {change.at[:19]}Z ({one_line(f'{change.action}, by {change.by}')})"
        )
    if way is BACK:
        from pipelines_client.cli.cutover_pages import print_after_rollback

        print_after_rollback(moved.overview)
