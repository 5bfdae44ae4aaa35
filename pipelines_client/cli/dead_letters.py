"""`pipelines-client dead-letters`: messages that an API refused, its words, and sending them again."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.cli.common import JsonOption, StateDirOption, flag, print_text, settings_for, state_path
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, leave, say, writing
from pipelines_client.destinations.base import told
from pipelines_client.evidence.text import one_line
from pipelines_client.files import private_file
from pipelines_client.state.dead_letters import DeadLetter, count_by_reason, read_dead_letters, select
from pipelines_client.state.layout import existing

dead_letters_app = typer.Typer(no_args_is_help=True, help="Messages that an API refused: list, show, requeue, export.")

LegOption = Annotated[str | None, typer.Option("--leg", metavar="LEG", help="Only this leg: customerio or segment.")]
EventOption = Annotated[str | None, typer.Option("--event", metavar="NAME", help="Only this event name.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only if the API's words contain this.")
]


@dead_letters_app.command("list")
def list_letters(
    state_dir: StateDirOption = None,
    leg: LegOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the refused messages by leg, event and the API's words.

    Exit code 0: counted, 2: bad input.
    """
    letters = _find(state_dir, leg, event, reason)
    counts = count_by_reason(letters)
    if as_json:
        rows = [{"leg": a, "event": b, "reason": c, "count": n} for (a, b, c), n in counts.most_common()]
        typer.echo(json.dumps(rows, indent=2))
        return
    if not counts:
        typer.echo("no dead letters")
        return
    table = Table("leg", "event", "reason", "count", box=None, pad_edge=False)
    for (its_leg, its_event, its_reason), count in counts.most_common():
        table.add_row(*(Text(one_line(cell)) for cell in (its_leg, its_event, its_reason)), f"{count:,}")
    Console(highlight=False).print(table)


@dead_letters_app.command()
def show(message_id: Annotated[str, typer.Argument(help="Its messageId.")], state_dir: StateDirOption = None) -> None:
    """Print one refused message, complete, with the API's words. It may hold personal data.

    Exit code 0: printed, 2: there is no such message.
    """
    letters = _find(state_dir, message_ids=[message_id])
    if not letters:
        leave(BAD_INPUT, "no dead letter has this messageId; `pipelines-client dead-letters export -` lists all")
    for letter in letters:
        typer.echo(json.dumps(letter.opened(), indent=2, ensure_ascii=True))


@dead_letters_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write; `-` is standard output.")],
    state_dir: StateDirOption = None,
    leg: LegOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
) -> None:
    """Write the refused messages as JSON lines, complete. Only its owner can read the file: it holds personal data.

    Exit code 0: written, 2: bad input.
    """
    letters = _find(state_dir, leg, event, reason)
    lines = "".join(json.dumps(letter.opened(), ensure_ascii=True) + "\n" for letter in letters)
    if str(file) == "-":
        print_text(lines)
        return
    with private_file(file) as private:
        private.write(lines.encode())
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
    everything: Annotated[bool, flag("--all", "All refused messages.")] = False,
    to_current: Annotated[bool, flag("--to-current", "Also messages taken for another host or key.")] = False,
) -> None:
    """Send refused messages again, unchanged and with the same messageId.

    Use it after the problem is fixed at the vendor. The next process that
    starts delivers them; `pipelines-client drain` does it now. Keys come from
    the PIPELINES_ variables. A message that was taken for another host or key
    is put back only with --to-current, which sends it to those of the variables.

    Exit code 0: all queued again, 1: some were taken for another host or key,
    2: bad input, or a message of a leg without a key.
    """
    if not (everything or leg or event or reason or message_id):
        leave(BAD_INPUT, "choose messages with --leg, --event, --reason, --id or --all")
    from pipelines_client.delivery.requeueing import requeue as put_back

    settings = settings_for(state_dir)
    letters = _find(settings.state_dir, leg, event, reason, message_id)
    with writing(settings.state_dir):
        done = put_back(settings, letters, to_current=to_current)
    typer.echo(f"{done.put:,} put back; the next process delivers them, or run: pipelines-client drain")
    ours = {destination.name: told(destination.fingerprint) for destination in settings.destinations()}
    for (its_leg, mark), count in sorted(done.moved.items()):
        typer.echo(f"{its_leg}: {count:,} taken for {told(mark)} go to {ours[its_leg]}")
    for (its_leg, mark), count in sorted(done.elsewhere.items()):
        say(f"{its_leg}: {count:,} were taken for {told(mark)}; to send them to {ours[its_leg]}, add --to-current")
    if done.without_key:
        leave(BAD_INPUT, f"{done.without_key:,} belong to a leg without a key: set PIPELINES_SEGMENT_WRITE_KEY")
    leave(BAD_NEWS if done.elsewhere else GOOD)


def _find(
    state_dir: Path | None,
    leg: str | None = None,
    event: str | None = None,
    reason: str | None = None,
    message_ids: Collection[str] | None = None,
) -> list[DeadLetter]:
    state = existing(state_path(state_dir))
    return select(
        read_dead_letters(state.dead_letters, unreadable=_say_unreadable),
        leg=leg,
        event=event,
        reason=reason,
        message_ids=message_ids,
    )


def _say_unreadable(file: Path) -> None:
    say(
        f"{file} is cut, damaged or not readable by this user; the letters before that place were read. "
        "Restore the file from a copy, or keep it: its text can be repaired by hand"
    )
