"""`pipelines-client dead-letters`: messages that an API refused, its words, and sending them again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.cli.common import JsonOption, StateDirOption, flag, print_text, settings_for, state_path
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, begin, leave, say, writing
from pipelines_client.destinations.base import told
from pipelines_client.files import private_file
from pipelines_client.sides import SIDES
from pipelines_client.state.dead_letters import DeadLetter, count_by_reason, read_dead_letters, select
from pipelines_client.state.layout import existing
from pipelines_client.wording import one_line, plural

if TYPE_CHECKING:
    from pipelines_client.delivery.requeueing import Requeued

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
    typer.echo(f"{plural(len(letters), 'dead letter')} written to {file}")


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
    resend_unknown: Annotated[
        bool, flag("--resend-unknown", "Go on although the ledger cannot be read whole: some may arrive twice.")
    ] = False,
) -> None:
    """Send refused messages again, unchanged and with the same messageId.

    Use it after the problem is fixed at the vendor. The next process that
    starts delivers them; `pipelines-client drain` does it now. Keys come from
    the PIPELINES_ variables. A message that was taken for another host or key
    is put back only with --to-current, which sends it to those of the variables.
    What a replay has in hand, waits in a spool or was accepted since stays away.

    Exit code 0: all queued again, or sent by another command; 1: some were left,
    an --id is not listed, or no dead letter meets the conditions;
    2: bad input, or only messages of a leg without a key; nothing was put back.
    """
    if not (everything or leg or event or reason or message_id):
        leave(BAD_INPUT, "choose messages with --leg, --event, --reason, --id or --all")
    from pipelines_client.delivery.opening import make_folders
    from pipelines_client.delivery.requeueing import requeue as put_back

    settings = settings_for(state_dir)
    letters = _find(settings.state_dir, leg, event, reason, message_id)
    unlisted = len({*(message_id or ())} - {letter.message_id for letter in letters})
    if not letters and not message_id and _find(settings.state_dir):
        leave(
            BAD_NEWS, "no dead letter meets these conditions; nothing was put back: pipelines-client dead-letters list"
        )
    with writing(settings.state_dir):
        make_folders(existing(settings.state_dir))
    with writing(settings.state_dir, BAD_NEWS):
        done = put_back(settings, letters, to_current=to_current, resend_unknown=resend_unknown)
    if done.put:
        begin()
    _say_requeued(done, {destination.name: told(destination.fingerprint) for destination in settings.destinations()})
    if done.without_key:
        belong = plural(done.without_key, "belongs", "belong")
        leave(BAD_INPUT, f"{belong} to a leg without a key: set PIPELINES_SEGMENT_WRITE_KEY")
    if unlisted:
        named = plural(unlisted, "of the ids is", "of the ids are")
        say(f"{named} of no such dead letter: mistyped, or sent again already")
    leave(BAD_NEWS if done.elsewhere or done.claimed or unlisted else GOOD)


def _say_requeued(done: Requeued, ours: Mapping[str, str]) -> None:
    """Say what was done; `ours` is, by leg, which host and key we send to."""
    how = "; the next process delivers what was put back, or run: pipelines-client drain" if done.put else ""
    typer.echo(f"{done.put:,} put back{how}")
    for count, verbs, words in (
        (done.gone, ("was", "were"), "put back or sent by another command meanwhile"),
        (done.waiting, ("was", "were"), "in a spool already: an earlier requeue was killed before it had said so"),
        (done.accepted, ("was", "were"), "accepted since the refusal, and no longer listed"),
        (done.claimed, ("is", "are"), "in the hands of a replay or a backfill; when that has ended, look again"),
    ):
        if count:
            typer.echo(f"{plural(count, *verbs)} {words}")
    for (its_leg, mark), count in sorted(done.moved.items()):
        typer.echo(f"{its_leg}: {count:,} taken for {told(mark)}, now for {ours[its_leg]}")
    for (its_leg, mark), count in sorted(done.elsewhere.items()):
        taken = plural(count, "was", "were")
        say(f"{its_leg}: {taken} taken for {told(mark)}; to send to {ours[its_leg]}, add --to-current")


def _find(
    state_dir: Path | None,
    leg: str | None = None,
    event: str | None = None,
    reason: str | None = None,
    message_ids: Collection[str] | None = None,
) -> list[DeadLetter]:
    if leg not in (None, *SIDES):
        leave(BAD_INPUT, f"--leg must be customerio or segment, not {one_line(leg)}")
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
