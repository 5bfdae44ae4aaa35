"""`pipelines-client cutover handover`: from an instant on, Customer.io's leg takes over from Segment's destination."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.common import JsonOption, flag, print_text, stage_poll_s
from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import say
from pipelines_client.cli.stage_options import (
    ByOption,
    FileOption,
    ForceOption,
    StatesOption,
    WhyOption,
    blocked,
    named,
    say_who_follows,
    states_of,
)
from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.cutover.moving import Why

if TYPE_CHECKING:
    from pipelines_client.cutover.handover import Handover

_NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverOptions:
    """Options of `cutover handover`."""

    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="WHEN",
            help="From when on Customer.io's leg takes messages: 2026-12-07T09:00:00Z, with a time zone, or now.",
            show_default="what the stage file says",
        ),
    ] = None
    skew: Annotated[
        float, typer.Option("--skew", min=0, metavar="SECONDS", help="By how much the hosts' clocks may be wrong.")
    ] = 2.0
    dry_run: Annotated[bool, flag("--dry-run", "Show it; change nothing.")] = False
    stage_file: FileOption = None
    state_dir: StatesOption = None
    as_json: JsonOption = False
    reason: WhyOption = ""
    by: ByOption = None
    force: ForceOption = False


@takes(HandoverOptions)
def handover(options: HandoverOptions) -> None:
    """Plan the switch from Segment's own Customer.io destination to ours, so that no message takes both ways.

    Writes it into the stage file, and shows what to do in Segment.
    Repeat it: the same time changes nothing. A later time takes it back.

    Exit code 0: done, or planned already, 1: blocked, 2: bad input.
    """
    from pipelines_client.cutover.handover import hand_over

    path, states, now = named(options.stage_file), states_of(options.state_dir), utc_now()
    with blocked():
        planned = hand_over(
            path,
            _instant(options.at, now=now),
            states=states,
            skew_s=options.skew,
            poll_s=stage_poll_s(),
            why=Why(options.reason, options.by, options.force),
            is_dry_run=options.dry_run,
            now=now,
        )
    if options.as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2))
    else:
        print_handover(planned, path)
    if planned.is_new:
        say_who_follows("hand-over", path, states, tell=say)  # standard output may be JSON


def _instant(text: str | None, *, now: datetime) -> datetime | None:
    """Read an instant with a time zone, or `now`.

    Raises:
        typer.BadParameter: It is neither.
    """
    if text is None:
        return None
    if text.strip().lower() == _NOW:
        return now
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        if at.tzinfo is not None:
            iso_utc(at)
            return at.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(f"--at {text}: write a time with its zone, such as 2026-12-07T09:00:00Z, or now")


def print_handover(planned: Handover, path: Path) -> None:
    """Show a hand-over: our side, Segment's side, and what is not promised."""
    at, stage = iso_utc(planned.at), planned.stage.value
    when = "at once" if planned.at <= planned.now else f"at {at}"
    done = "written" if planned.is_new else "in force" if planned.at <= planned.now else "planned"
    waiting = "how many is not known" if planned.waiting is None else f"{planned.waiting:,} now"
    _say(f"""\
hand-over {when}

Our side: {path} ({done})
""")
    print_text(_indented(planned.table))
    _say(f"""\
  Before it, Customer.io's leg takes nothing that Segment's destination forwards.
  From it on, the leg takes what stage {stage} gives it, and Segment's destination forwards the rest.
  By their clocks, hosts change over between {iso_utc(planned.first_at)} and {iso_utc(planned.last_at)}.
  A message takes one way, on any host and however late it is delivered.

Segment's side: leave the Customer.io destination on, and set no filter by time
  What our leg takes goes to Segment in batches with these integrations, and the destination leaves it out:
""")
    print_text(_indented(planned.mark))
    _say("""\
  This is documented (FACTS S5, S12) and was never tried against a live account: send one message first.

Once all writers have moved: switch that destination off, or let a filter of it drop what has (FACTS R9)
""")
    print_text(_indented(planned.filter))
    _say(f"""\
  Not earlier. Messages from before the hand-over may still wait for Segment ({waiting}).
  Other writers, such as browsers, go that way too: the filter would keep both from Customer.io.
  How Segment spells the field is not known here.

Then look:
""")
    print_text(_indented("pipelines-client cutover twice --segment PATH --customerio PATH --ledger PATH"))


def _say(text: str) -> None:
    print_text(text, is_prose=True)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
