"""`pipelines-client status`: counts of every leg, and whether they add up."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines_client.cli.common import JsonOption, StateDirOption, state_path
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, INCONCLUSIVE, leave
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import LegStatus, Status, as_openmetrics, count_dead_letters, read_status

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator


def status(
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
    form: Annotated[
        str,
        typer.Option("--format", metavar="text|json|openmetrics", help="Output format; openmetrics is for Prometheus."),
    ] = "text",
) -> None:
    """Show for each leg how many messages were recorded, wait, and were accepted, rejected, dropped or skipped.

    Exit code 0: the counts add up (recorded = pending + accepted + rejected +
    dropped + skipped) and every leg works, 1: they do not, or a leg is paused,
    unhealthy, refusing or failing, 2: bad input, 3: all is well as
    far as it is known, but a process is silent or a file is unreadable.
    """
    path = state_path(state_dir)
    result = read_status(path, now=utc_now())
    count_dead_letters(path, result)
    if form not in ("text", "json", "openmetrics"):
        leave(BAD_INPUT, "--format must be one of text, json, openmetrics")
    if as_json or form == "json":
        typer.echo(json.dumps(result.as_dict(), indent=2))
    elif form == "openmetrics":
        typer.echo(as_openmetrics(result), nl=False)
    else:
        _print(result, path)
    leave(BAD_NEWS if not result.is_good else GOOD if result.is_complete else INCONCLUSIVE)


def _print(result: Status, path: Path) -> None:
    console = Console(highlight=False)
    console.print(f"state directory {path}", markup=False, soft_wrap=True)
    if not result.legs:
        console.print("no messages recorded yet")
        return
    table = Table("", *sorted(result.legs), box=None, pad_edge=False)
    for name, cell in _ROWS:
        cells = [cell(leg) for _, leg in sorted(result.legs.items())]
        if any(cells):
            table.add_row(name, *cells)
    console.print(table)
    console.print(f"processes running: {result.living}; ended with messages left: {result.waiting}")
    for process in result.silent:
        console.print(
            f"  {process.silence}: suspended, or on another host; what it did since is not counted", markup=False
        )
    for name, leg in sorted(result.legs.items()):
        sign, word = ("=", "holds") if leg.is_balanced else ("≠", "DOES NOT HOLD: please report this")
        counts = (leg.pending, leg.accepted, leg.rejected.total(), leg.dropped.total(), leg.skipped.total())
        sums = " + ".join(f"{count:,}" for count in counts)
        console.print(f"{name}: recorded {leg.recorded:,} {sign} {sums}: {word}", markup=False)
    for name, leg in sorted(result.legs.items()):
        for line in _advice(name, leg, path, result.interrupted[name]):
            console.print(line, markup=False, soft_wrap=True)
    for name in result.unreadable:
        console.print(f"unreadable: {name}", markup=False)


def _advice(name: str, leg: LegStatus, path: Path, interrupted: int) -> Iterator[str]:
    """Yield what is wrong with a leg, and the command to continue with."""
    where = f"--state-dir {shlex.quote(str(path))}"
    if leg.problem:
        yield f"{name} {leg.problem}"
    if leg.state == "paused":
        yield f"  next, after a change of key or host: pipelines-client drain --to-current {where}"
    if interrupted:
        yield f"{name}: {interrupted:,} wait that an interrupted replay or backfill had in hand; drain leaves them"
        yield "  next: run the same replay or backfill again; nothing else sends them"
    if leg.dead_letters:
        yield f"{name}: {leg.dead_letters:,} refused messages are kept as dead letters"
        yield f"  next: pipelines-client dead-letters list --leg {name} {where}"


def _by_reason(counts: Counter[str]) -> str:
    if not counts:
        return "0"
    return f"{counts.total():,} (" + ", ".join(f"{name or 'other'} {n:,}" for name, n in counts.most_common()) + ")"


_ROWS: tuple[tuple[str, Any], ...] = (
    ("state", lambda leg: leg.state),
    ("recorded", lambda leg: f"{leg.recorded:,}"),
    ("pending", lambda leg: f"{leg.pending:,}"),
    ("accepted", lambda leg: f"{leg.accepted:,}"),
    ("rejected", lambda leg: _by_reason(leg.rejected)),
    ("dropped", lambda leg: _by_reason(leg.dropped)),
    ("skipped", lambda leg: _by_reason(leg.skipped)),
    ("oldest pending", lambda leg: f"{leg.lag_s:,.0f} s ago" if leg.lag_s is not None else ""),
    ("last success", lambda leg: leg.last_success_at or "never"),
    ("last error", lambda leg: f"{leg.last_error_at} {leg.last_error}" if leg.last_error else ""),
)
