"""`pipelines-client dead-letters`: what an API refused, its words, and how to send it again."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.cli.common import BAD_INPUT, StateDirOption, flag, leave, settings_for, state_path, unwritable
from pipelines_client.errors import LedgerError, PipelinesError
from pipelines_client.state.dead_letters import DeadLetter, read_dead_letters

dead_letters_app = typer.Typer(no_args_is_help=True, help="Messages that an API refused: list, show, requeue, export.")

LegOption = Annotated[str | None, typer.Option("--leg", metavar="LEG", help="Only this leg: customerio or segment.")]
EventOption = Annotated[str | None, typer.Option("--event", metavar="NAME", help="Only this event name.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only refusals whose words contain this.")
]


@dead_letters_app.command("list")
def list_letters(
    state_dir: StateDirOption = None,
    leg: LegOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    as_json: Annotated[bool, flag("--json", "Print JSON.")] = False,
) -> None:
    """Count the refused messages by leg, event and the API's words."""
    letters = _find(state_dir, leg, event, reason)
    counts = Counter((letter.leg, letter.event or letter.type, letter.reason or "") for letter in letters)
    if as_json:
        rows = [{"leg": a, "event": b, "reason": c, "count": n} for (a, b, c), n in counts.most_common()]
        typer.echo(json.dumps(rows, indent=2))
        return
    if not counts:
        typer.echo("no dead letters")
        return
    table = Table("leg", "event", "reason", "count", box=None, pad_edge=False)
    for (its_leg, its_event, its_reason), count in counts.most_common():
        table.add_row(its_leg, _plain(its_event), _plain(its_reason), f"{count:,}")
    Console(highlight=False).print(table)


@dead_letters_app.command()
def show(message_id: Annotated[str, typer.Argument(help="Its messageId.")], state_dir: StateDirOption = None) -> None:
    """Print one refused message whole, with what the API said. It may hold personal data."""
    found = [letter for letter in _find(state_dir, None, None, None) if letter.message_id == message_id]
    if not found:
        leave("no dead letter has this messageId; `pipelines-client dead-letters export -` lists all")
    for letter in found:
        typer.echo(json.dumps(_opened(letter), indent=2, ensure_ascii=True))


@dead_letters_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; `-` is standard output.")],
    state_dir: StateDirOption = None,
    leg: LegOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
) -> None:
    """Write the refused messages as JSON lines, whole. The file holds personal data and is its owner's alone."""
    letters = _find(state_dir, leg, event, reason)
    lines = "".join(json.dumps(_opened(letter), ensure_ascii=True) + "\n" for letter in letters)
    if str(file) == "-":
        sys.stdout.write(lines)
        return
    try:
        file.touch(mode=0o600)
        file.write_text(lines, "utf-8")
    except OSError as error:
        leave(f"{file}: {error.strerror}")
    typer.echo(f"{len(letters):,} written to {file}")


@dead_letters_app.command()
def requeue(
    state_dir: StateDirOption = None,
    leg: LegOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    message_id: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="Only this messageId. Repeatable.")
    ] = None,
    everything: Annotated[bool, flag("--all", "All of them.")] = False,
) -> None:
    """Put refused messages back to be sent again, with the same messageId.

    For when the cause is mended at the API's side: the message goes as it was. The next process delivers them, or
    `pipelines-client drain` does at once. Keys come from the PIPELINES_ variables.
    """
    if not (everything or leg or event or reason or message_id):
        leave("say which: --leg, --event, --reason, --id or --all")
    from pipelines_client.delivery.requeueing import requeue as put_back

    settings = settings_for(state_dir)
    letters = _find(settings.state_dir, leg, event, reason)
    if message_id:
        letters = [letter for letter in letters if letter.message_id in message_id]
    try:
        put = put_back(settings, letters)
    except PipelinesError as error:
        leave(str(error))
    except (OSError, sqlite3.Error) as error:
        leave(unwritable(settings.state_dir, error))
    typer.echo(f"{put:,} put back; the next process delivers them, or now: pipelines-client drain")
    if put < len(letters):
        typer.echo(f"{len(letters) - put:,} are of a leg that has no key: set PIPELINES_SEGMENT_WRITE_KEY", err=True)
        raise typer.Exit(BAD_INPUT)


def _find(state_dir: Path | None, leg: str | None, event: str | None, reason: str | None) -> list[DeadLetter]:
    from pipelines_client.state.layout import existing

    try:
        state = existing(state_path(state_dir))
    except LedgerError as error:
        leave(str(error))
    return [
        letter
        for letter in read_dead_letters(state.dead_letters, unreadable=_say_unreadable)
        if (leg is None or letter.leg == leg)
        and (event is None or letter.event == event)
        and (reason is None or reason in (letter.reason or ""))
    ]


def _opened(letter: DeadLetter) -> dict[str, Any]:
    """Return a letter with its call as JSON values; as text if it is damaged."""
    fields = letter.as_dict()
    try:
        return {**fields, "body": json.loads(letter.body)}
    except ValueError:
        return fields


def _say_unreadable(file: Path) -> None:
    typer.echo(
        f"pipelines-client: {file} is cut, damaged or closed to this user: what stands before that place was read. "
        "Restore the file if there is a copy; else keep it, its text may be mended by hand",
        err=True,
    )


def _plain(text: str) -> Text:
    """Show text from outside as it is: no markup, no control characters."""
    return Text("".join(c if c.isprintable() else "\ufffd" for c in text))
