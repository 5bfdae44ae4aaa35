"""`pipelines-client parity`: compare what was sent with what each side received. A skin, as every command."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipelines_client.cli.parity_sources import choose_cache, gather, progress, read_map
from pipelines_client.errors import PipelinesError

if TYPE_CHECKING:
    from pipelines_client.parity import ParityReport

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


def parity(
    *,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Sources whose kind can be told, or kind:PATH.")
    ] = None,
    ledger: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="State directory of the client, its ledger, or a file.")
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Segment's raw archive; also warehouse:PATH, jsonl:PATH, table:PATH."),
    ] = None,
    customerio: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Customer.io's storage files; also jsonl:PATH, table:PATH."),
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:PATH",
            help="What only counts: mixpanel:, amplitude:, table:PATH; segment-volume:, segment-delivery:ID, "
            "customerio-activities:",
        ),
    ] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="TOML file that names the columns of a table.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="From then on: 2026-11-02, 2026-11-02T09:30Z, 24h, 7d.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then, not including it.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that is in the sources, also from before the ledger.")
    ] = False,
    max_missing: Annotated[str, typer.Option(metavar="PCT", help="Most messages missing at a side.")] = "0.1%",
    max_drift: Annotated[str, typer.Option(metavar="PCT", help="Most payloads that differ.")] = "0.1%",
    max_duplicates: Annotated[str, typer.Option(metavar="PCT", help="Most rows that repeat a message.")] = "0.1%",
    max_counts: Annotated[str, typer.Option(metavar="PCT", help="Most that counts by event and day deviate.")] = "5%",
    min_events: Annotated[int, typer.Option(min=0, help="Fewer messages than this prove nothing.")] = 100,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|markdown|html", help="What goes to standard output.")
    ] = "text",
    output: Annotated[
        list[Path] | None, typer.Option(help="Also write a file; .json, .md, .html or .txt. Repeatable.")
    ] = None,
    show_values: Annotated[bool, typer.Option("--show-values", help="Show property values in samples.")] = False,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where facts are kept, so that the next run reads only what is new."),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read everything, and keep nothing.")] = False,
    replay_list: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what a replay should send: a line of JSON each.")
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="duckdb, spark, spark://host:port or postgresql://user@host/database.")
    ] = "duckdb",
) -> None:
    """Compare what was sent with what each side received.

    Sources are local paths, globs, or addresses (s3://, gs://, az://); options may be repeated. Any one of the three
    may be left out. Exit code 0: pass, 1: fail, 3: inconclusive, 2: bad input.
    """
    now = datetime.now(timezone.utc)
    given = {"ledger": ledger, "segment": segment, "customerio": customerio, "counts": counts}
    outputs = output or []
    if everything and (since or until):
        raise typer.BadParameter("--all is the opposite of --since and --until")
    try:
        from pipelines_client.parity import Limits, ParityOptions, run_parity
    except ImportError:
        _leave("it needs more packages: pip install 'pipelines-client[parity]'", _BAD_INPUT)
    _check(form, outputs, replay_list)
    try:
        shares = (percentage(max_missing), percentage(max_drift), percentage(max_duplicates), percentage(max_counts))
        first, last = _window(since, until, now=now)
        options = ParityOptions(
            since=first,
            until=last,
            is_all=everything,
            limits=Limits(*shares, min_events=min_events),
            show_values=show_values,
            cache=choose_cache(cache, is_off=no_cache),
            column_map=read_map(column_map),
            replay_list=replay_list,
            engine=engine,
        )
        with progress(sys.stderr) as advance:
            report = run_parity(gather(given, paths or []), replace(options, advance=advance), now=now)
        _write(report, form, outputs)
        if replay_list is not None:
            _say_replays(report, replay_list)
    except PipelinesError as error:
        _leave(str(error), _BAD_INPUT)
    except OSError as error:
        _leave(f"{error.filename or 'the system'}: {error.strerror or error}", _BAD_INPUT)
    except MemoryError:
        _leave("there is not enough memory; give it fewer days at a time", _BAD_INPUT)
    except KeyboardInterrupt:
        _leave("interrupted", _INTERRUPTED)
    except typer.BadParameter:
        raise
    except Exception as error:  # noqa: BLE001 - a crash must not leave with the exit code of a verdict
        traceback.print_exc()
        _leave(f"stopped by a mistake of its own ({type(error).__name__}): please report it", _BAD_INPUT)
    raise typer.Exit(report.verdict.exit_code)


def _window(since: str | None, until: str | None, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    first, last = moment(since, now=now), moment(until, now=now)
    if first and last and first >= last:
        raise typer.BadParameter("--since must be earlier than --until")
    return first, last


def _check(form: str, outputs: list[Path], replay_list: Path | None) -> None:
    """Refuse what could not be written, before the work is done."""
    from pipelines_client.parity.render import ENDINGS, FORMATS

    if form not in FORMATS:
        raise typer.BadParameter(f"--format is one of {', '.join(FORMATS)}")
    for path in outputs:
        if path.suffix.lower() not in ENDINGS:
            raise typer.BadParameter(f"{path}: an output ends in one of {', '.join(ENDINGS)}, which names its format")
    for path in (*outputs, *([] if replay_list is None else [replay_list])):
        if not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"{path}: its folder does not exist")


def _write(report: ParityReport, form: str, outputs: list[Path]) -> None:
    """Write the files, then standard output: to a terminal as wide and as colourful as it is."""
    from pipelines_client.parity.render import ENDINGS, render

    for path in outputs:
        path.write_text(render(report, ENDINGS[path.suffix.lower()]), "utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 must not turn a report into a traceback
    if form == "text" and sys.stdout.isatty():
        from rich.console import Console

        from pipelines_client.parity.render.terminal import print_report

        print_report(report, Console(highlight=False))
        return
    try:
        sys.stdout.write(render(report, form))
        sys.stdout.flush()
    except BrokenPipeError:
        # `… | head`: the reader has enough, and the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_replays(report: ParityReport, path: Path) -> None:
    from pipelines_client.parity.replays import CAUSES_REPLAYED

    by_side = (counts for counts in report.missing_by_cause.values() if counts is not None)
    count = sum(counts[cause] for counts in by_side for cause in CAUSES_REPLAYED)
    typer.echo(f"pipelines-client parity: {count:,} to replay, in {path}", err=True)


def _leave(text: str, code: int) -> NoReturn:
    from pipelines_client.parity.render.words import one_line

    typer.echo(f"pipelines-client parity: {one_line(text)}", err=True)
    raise typer.Exit(code) from None
