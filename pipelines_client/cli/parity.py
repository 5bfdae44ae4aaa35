"""`pipelines-client parity`: compare what was sent with what each side received. A skin over `pipelines_client.parity`."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.errors import PipelinesError

parity_app = typer.Typer(invoke_without_command=True, help="Compare what was sent with what each side received.")

_BAD_INPUT = 2
_INTERRUPTED = 130
_DURATION = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def percentage(text: str) -> float:
    """Read `0.1`, `0.1%` or `5 %` as percent."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no percentage; write 0.1 or 5%") from None
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise typer.BadParameter(f"{text!r} is not between 0 and 100 percent")
    return value


def moment(text: str | None, *, now: datetime) -> datetime | None:
    """Read an ISO date or datetime (UTC if it names no zone), or a duration before `now` such as `24h` or `7d`."""
    if text is None:
        return None
    duration = _DURATION.fullmatch(text.strip().lower())
    if duration is not None:
        try:
            return now - timedelta(**{_UNITS[duration[2]]: int(duration[1])})
        except OverflowError:
            raise typer.BadParameter(f"{text!r} reaches back before the calendar does") from None
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-11-02, 2026-11-02T09:30:00Z, 24h or 7d") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)


@parity_app.callback()
def parity(
    context: typer.Context,
    ledger: Annotated[
        Path | None, typer.Option(help="State directory of the client, its ledger, or a file of it.")
    ] = None,
    segment: Annotated[Path | None, typer.Option(help="Segment's raw archive: a folder or a file.")] = None,
    customerio: Annotated[
        Path | None, typer.Option(help="Customer.io's storage files (JSON): a folder or a file.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="From then on: 2026-11-02, 2026-11-02T09:30Z, 24h, 7d.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then, not including it.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that is in the sources, also from before the ledger.")
    ] = False,
    max_missing: Annotated[str, typer.Option(metavar="PCT", help="Most messages missing at a side.")] = "0.1%",
    max_drift: Annotated[str, typer.Option(metavar="PCT", help="Most payloads that differ.")] = "0.1%",
    max_duplicates: Annotated[str, typer.Option(metavar="PCT", help="Most rows that repeat a message.")] = "0.1%",
    min_events: Annotated[int, typer.Option(min=0, help="Fewer messages than this prove nothing.")] = 100,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|markdown|html", help="What goes to standard output.")
    ] = "text",
    output: Annotated[
        list[Path] | None, typer.Option(help="Also write a file; .json, .md, .html or .txt. Repeatable.")
    ] = None,
    show_values: Annotated[bool, typer.Option("--show-values", help="Show property values in samples.")] = False,
) -> None:
    """Compare what was sent with what each side received.

    Any one of the three sources may be left out. Exit code 0: pass, 1: fail, 3: inconclusive, 2: bad input.
    """
    if context.invoked_subcommand is not None:
        return
    from pipelines_client.parity import Limits, ParityOptions, run_parity
    from pipelines_client.parity.render import ENDINGS, FORMATS, render

    now = datetime.now(timezone.utc)
    if form not in FORMATS:
        raise typer.BadParameter(f"--format is one of {', '.join(FORMATS)}")
    for path in output or ():
        if path.suffix.lower() not in ENDINGS:
            raise typer.BadParameter(f"{path}: an output ends in one of {', '.join(ENDINGS)}, which names its format")
    if everything and (since or until):
        raise typer.BadParameter("--all is the opposite of --since and --until")
    options = ParityOptions(
        since=moment(since, now=now),
        until=moment(until, now=now),
        is_all=everything,
        limits=Limits(
            percentage(max_missing), percentage(max_drift), percentage(max_duplicates), min_events=min_events
        ),
        show_values=show_values,
    )
    given = {"ledger": ledger, "segment": segment, "customerio": customerio}
    try:
        report = run_parity({name: path for name, path in given.items() if path is not None}, options, now=now)
        for path in output or ():
            path.write_text(render(report, ENDINGS[path.suffix.lower()]), "utf-8")
        if form == "text":
            _print(report)
        else:
            sys.stdout.write(render(report, form))
            sys.stdout.flush()
    except PipelinesError as error:
        typer.echo(f"parity: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except OSError as error:
        typer.echo(f"parity: {error.filename or ''}: {error.strerror or error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except KeyboardInterrupt:
        typer.echo("parity: interrupted", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    raise typer.Exit(report.verdict.exit_code)


def _print(report: object) -> None:
    """Print to the terminal as it is: its width, its colours, none when piped."""
    from rich.console import Console

    from pipelines_client.parity.render.terminal import print_report
    from pipelines_client.parity.report import ParityReport

    assert isinstance(report, ParityReport)  # noqa: S101 - for the type checker: the import above is late on purpose
    print_report(report, Console(highlight=False))
