"""`pipelines-client cutover`: from stage to stage and back, with what stands in the way. A skin, as every command."""

from __future__ import annotations

import getpass
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines_client.cli.common import flag, leave, state_path
from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.errors import PipelinesError, StageFileError
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sides import CUSTOMERIO, SEGMENT

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview

REFUSED = FOUND = 1
INCONCLUSIVE = 3

cutover_app = typer.Typer(
    no_args_is_help=True, help="The stage of the migration: where it is, what stands in the way, onward and back."
)

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--stage-file", metavar="FILE", envvar="PIPELINES_STAGE_FILE", help="The file that all processes watch."
    ),
]
StatesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--state-dir", metavar="DIR", envvar="PIPELINES_STATE_DIR", help="State directory of the processes. Repeatable."
    ),
]
HistoryOption = Annotated[
    Path, typer.Option("--history", metavar="FILE", help="What `parity` adds a line to with each run.")
]
JsonOption = Annotated[bool, flag("--json", "Print JSON.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; goes into the journal.")]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who; your user name and host if not said.")]
ForceOption = Annotated[bool, flag("--force", "Do it though something stands in the way. Needs --reason.")]
_HISTORY = Path("parity-history.jsonl")
_REPLAY = "pipelines-client replay --to segment --from ledger+archive --archive PATH"


@cutover_app.command()
def start(
    stage_file: FileOption = None,
    stage: Annotated[Stage, typer.Option("--stage", help="Where you are.")] = Stage.SEGMENT,
    reason: ReasonOption = "",
    by: ByOption = None,
) -> None:
    """Write a new stage file, and begin its journal. Exit code 2: there is one already."""
    path = _named(stage_file)
    _change(path, {("stage",): stage.value}, "start", None, stage, reason=reason, by=by)
    typer.echo(f"{path}: stage {stage.value}; give it to your processes as PIPELINES_STAGE_FILE")


@cutover_app.command()
def status(
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    history: HistoryOption = _HISTORY,
    as_json: JsonOption = False,
) -> None:
    """Say the stage, each leg's share and health, the parity history, and what stands in the way of the next stage.

    Exit code 0: it could be looked at, 2: bad input.
    """
    found = _look(_named(stage_file), state_dir, history)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
        return
    from pipelines_client.cli.cutover_pages import print_status

    print_status(found, now=utc_now())


@cutover_app.command()
def plan(
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    history: HistoryOption = _HISTORY,
    as_json: JsonOption = False,
) -> None:
    """Lay out all stages with the earliest day of each and what it takes to leave it; dates come from the file."""
    from pipelines_client.cutover.schedule import lay_out

    steps = lay_out(_look(_named(stage_file), state_dir, history))
    if as_json:
        typer.echo(json.dumps([step.as_dict() for step in steps], indent=2))
        return
    from pipelines_client.cli.cutover_pages import print_plan

    print_plan(steps)


@cutover_app.command()
def advance(
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    history: HistoryOption = _HISTORY,
    reason: ReasonOption = "",
    by: ByOption = None,
    force: ForceOption = False,
) -> None:
    """Go on to the next stage, if its gates are open. Exit code 0: done, 1: refused, 2: bad input."""
    path = _named(stage_file)
    found = _look(path, state_dir, history)
    target = found.stage.moved(1)
    in_the_way = [f"{obstacle.gate}: {obstacle.text}" for obstacle in found.obstacles]
    _refuse(in_the_way if target is None else [], "there is nowhere to go on to")
    assert target is not None  # noqa: S101 - else it was refused
    _ask_reason(in_the_way, f"not advanced to {target.value}", reason=reason, force=force)
    edits: dict[tuple[str, ...], Any] = {("stage",): target.value}
    step = found.situation.file.plan.get(target)
    if step is not None and step.share is not None and target.partial is not None:
        edits[target.partial, "share"] = step.share
    _change(path, edits, "advance", found.stage, target, reason=reason, by=by, in_the_way=in_the_way)
    typer.echo(f"{found.stage.value} → {target.value}; every process follows within its stage_poll_s")


@cutover_app.command()
def rollback(
    stage_file: FileOption = None,
    state_dir: StatesOption = None,
    history: HistoryOption = _HISTORY,
    reason: ReasonOption = "",
    by: ByOption = None,
    force: ForceOption = False,
) -> None:
    """Go back one stage, if Segment has received everything. Exit code 0: done, 1: refused, 2: bad input."""
    path = _named(stage_file)
    found = _look(path, state_dir, history)
    target = found.stage.moved(-1)
    _refuse([f"{found.stage.value} is the first stage"] if target is None else [], "there is nowhere to go back to")
    assert target is not None  # noqa: S101 - else it was refused
    in_the_way = _in_the_way_back(found)
    _ask_reason(in_the_way, f"not gone back to {target.value}", reason=reason, force=force)
    edits: dict[tuple[str, ...], Any] = {("stage",): target.value}
    _change(path, edits, "rollback", found.stage, target, reason=reason, by=by, in_the_way=in_the_way)
    typer.echo(f"{found.stage.value} → {target.value}; every process follows within its stage_poll_s")


@cutover_app.command()
def share(
    leg: Annotated[str, typer.Argument(help="customerio or segment.")],
    value: Annotated[float, typer.Argument(min=0, max=1, help="Of people, 0 to 1.")],
    stage_file: FileOption = None,
    reason: ReasonOption = "",
    by: ByOption = None,
) -> None:
    """Set the share of people that a leg takes: customerio's at `shadow`, segment's at `live`."""
    _set(_named(stage_file), leg, "share", value, reason=reason, by=by)


@cutover_app.command()
def switch(
    leg: Annotated[str, typer.Argument(help="customerio or segment.")],
    value: Annotated[
        Switch, typer.Argument(help="on, off (keep on disk) or discard (drop what waits and what comes).")
    ],
    stage_file: FileOption = None,
    reason: ReasonOption = "",
    by: ByOption = None,
) -> None:
    """Switch a leg on or off, whatever the stage."""
    _set(_named(stage_file), leg, "switch", value.value, reason=reason, by=by)


@cutover_app.command()
def log(stage_file: FileOption = None, as_json: JsonOption = False) -> None:
    """Say who changed what, when and why."""
    from pipelines_client.cutover.journal import journal_path, read_journal

    path = journal_path(_named(stage_file).resolve())
    try:
        found = read_journal(path)
    except PipelinesError as error:
        leave(str(error))
    if as_json:
        typer.echo(json.dumps([change.model_dump(mode="json") for change in found.changes], indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_log

        print_log(found)
    if found.unread_lines:
        typer.echo(f"pipelines-client: {path}: {found.unread_lines} lines could not be read", err=True)


@cutover_app.command()
def twice(
    segment: Annotated[list[str], typer.Option(metavar="PATH", help="Segment's raw archive. Repeatable.")],
    customerio: Annotated[list[str], typer.Option(metavar="PATH", help="Customer.io's storage files. Repeatable.")],
    ledger: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="A state directory, for the strongest proof. Repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find messages that reached a side by two ways: through Segment's Customer.io destination, or in a circle.

    Exit code 0: none, 1: some, or some that may have, 2: bad input, 3: none was found, but not all could be read.
    """
    from pipelines_client.state.layout import StateDir

    try:
        from pipelines_client.cutover.double_delivery import find_twice
    except ImportError:
        leave("it needs more packages: pip install 'pipelines-client[parity]'")
    try:
        found = find_twice(segment, customerio, [StateDir(path).ledger for path in ledger or ()])
    except PipelinesError as error:
        leave(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        from pipelines_client.cli.cutover_pages import print_twice

        print_twice(found, has_ledger=bool(ledger))
    if not found.is_clean:
        raise typer.Exit(FOUND if found.is_proven or found.forwarded else INCONCLUSIVE)


def _named(stage_file: Path | None) -> Path:
    if stage_file is None:
        leave("which stage file? give --stage-file, or set PIPELINES_STAGE_FILE")
    return stage_file


def _look(path: Path, states: list[Path] | None, history: Path) -> Overview:
    try:
        from pipelines_client.cutover.overview import look
    except ImportError:
        leave("it needs more packages: pip install 'pipelines-client[parity]'")
    try:
        return look(path.resolve(), states or [state_path(None)], history, now=utc_now())
    except PipelinesError as error:
        leave(f"{error}{_hint_for(error, path)}")


def _hint_for(error: PipelinesError, path: Path) -> str:
    if not path.exists():
        return "; write one with: pipelines-client cutover start"
    if not isinstance(error, StageFileError):
        return ""
    return "; until it is mended, processes keep to the last good one (stage-last-good.toml in their state directory)"


def _in_the_way_back(found: Overview) -> list[str]:
    way_back = found.way_back
    if way_back is None or way_back.is_safe:
        return []
    in_the_way = []
    if way_back.to_replay:
        in_the_way.append(f"replay: {way_back.to_replay:,} messages never reached Segment; first: {_REPLAY}")
    if way_back.waiting and way_back.is_held_up:
        in_the_way.append(f"waiting: {way_back.waiting:,} messages for Segment are held up; mend that leg, or wait")
    return in_the_way


def _ask_reason(in_the_way: list[str], what: str, *, reason: str, force: bool) -> None:
    if not in_the_way:
        return
    if force and not reason:
        leave("--force needs --reason: the journal is to say why")
    if not force:
        _refuse(in_the_way, f"{what}; --force --reason WHY does it all the same")


def _refuse(in_the_way: list[str], what: str) -> None:
    if in_the_way:
        typer.echo("\n".join(["in the way:", *(f"  {text}" for text in in_the_way)]), err=True)
        leave(what, REFUSED)


def _set(path: Path, leg: str, name: str, value: str | float, *, reason: str, by: str | None) -> None:
    from pipelines_client.routing.stagefile import read_stage_file

    if leg not in (CUSTOMERIO, SEGMENT):
        leave(f"{leg} is no leg: customerio or segment")
    try:
        stage = read_stage_file(path).stage
    except PipelinesError as error:
        leave(str(error))
    detail = f"{leg}.{name} = {value}"
    _change(path, {(leg, name): value}, name, stage, stage, reason=reason, by=by, detail=detail)
    typer.echo(f"{detail}; every process follows within its stage_poll_s")


def _whoever() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container, a user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def _change(
    path: Path,
    edits: dict[tuple[str, ...], Any],
    action: str,
    before: Stage | None,
    after: Stage,
    *,
    reason: str,
    by: str | None,
    detail: str = "",
    in_the_way: list[str] | None = None,
) -> None:
    from pipelines_client.cutover.change import change_stage_file
    from pipelines_client.cutover.journal import Change

    change = Change(
        at=iso_utc(utc_now()),
        by=by or _whoever(),
        action=action,
        before=before,
        after=after,
        detail=detail,
        reason=reason,
        is_forced=bool(in_the_way),
        in_the_way=tuple(in_the_way or ()),
    )
    try:
        change_stage_file(path, edits, change)
    except PipelinesError as error:
        leave(str(error))
