"""`pipelines-client drain`: deliver what dead processes left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.common import StateDirOption, flag, settings_for
from pipelines_client.cli.leaving import BAD_NEWS, begin, leave, writing
from pipelines_client.cli.stopping import stopping_in_order
from pipelines_client.destinations.base import told
from pipelines_client.state.layout import existing
from pipelines_client.wording import plural

if TYPE_CHECKING:
    from pipelines_client.delivery.draining import DrainResult, Holder


def drain(
    state_dir: StateDirOption = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Begin no request after this long.")] = 600.0,
    to_current: Annotated[bool, flag("--to-current", "Also messages taken for another host or key.")] = False,
) -> None:
    """Deliver the messages that ended processes left in the state directory.

    Keys and hosts come from the PIPELINES_ variables. A message goes only to
    the host and key that it was taken for; with --to-current, every message
    goes to those of the variables, for instance after a wrong key was
    corrected. It is safe to run beside living processes: their messages stay
    with them, and it says which process has how many.

    Exit code 0: nothing is left, 1: something is left, or a living process has
    it in hand, 2: bad input, 130: interrupted, after the request under way.
    """
    from pipelines_client.delivery.draining import drain as drain_spools
    from pipelines_client.delivery.opening import make_folders

    settings = settings_for(state_dir)
    with writing(settings.state_dir):
        make_folders(existing(settings.state_dir))
    with writing(settings.state_dir, BAD_NEWS), stopping_in_order():
        result = drain_spools(settings, timeout_s=timeout, to_current=to_current)
    begin()
    for line in _lines_of(result):
        typer.echo(line)
    if not result.is_complete:
        leave(BAD_NEWS, _why_incomplete(result))


def _lines_of(result: DrainResult) -> Iterator[str]:
    """Yield what was done and what is left, line by line."""
    for leg in sorted(result.settled.keys() | result.left.keys()):
        yield f"{leg}: {result.settled.get(leg, 0):,} settled, {result.left.get(leg, 0):,} left"
    for move in result.moved:
        yield f"{move.leg}: {move.messages:,} taken for {told(move.taken_for)} went to {told(move.current)}"
    for move in result.elsewhere:
        taken = plural(move.messages, "message that is left was taken", "messages that are left were taken")
        yield (
            f"{move.leg}: {taken} for {told(move.taken_for)}; "
            f"to send to {told(move.current)}: pipelines-client drain --to-current"
        )
    for leg, messages in result.interrupted.items():
        waits = plural(messages, "message", "messages")
        yield f"{leg}: {waits} of an interrupted replay or backfill; only the same command sends them, not drain"
    for holder in result.held:
        yield from _lines_of_holder(holder)
    for name in result.unreadable:
        yield f"unreadable: {name}; what is in it was not delivered, so keep the file"
    if result.is_complete and not (result.settled or result.left):
        yield "nothing was left to deliver"


def _lines_of_holder(holder: Holder) -> Iterator[str]:
    process = holder.process
    name = process.name if process.is_heard else process.silence
    for leg, messages in sorted(holder.messages.items()):
        yield f"{leg}: {plural(messages, 'message is', 'messages are')} in the hands of a living process: {name}"


def _why_incomplete(result: DrainResult) -> str:
    if not (any(result.left.values()) or any(result.interrupted.values()) or result.unreadable):
        return "a living process delivers what it has in hand; run drain again once it has ended"
    return "some messages are left and stay on disk; `pipelines-client status` shows why"
