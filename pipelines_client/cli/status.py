"""`pipelines-client status`: where every message is, by leg, with the sum checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines_client.cli.common import JsonOption, StateDirOption, state_path
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, leave
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import Status, as_openmetrics, read_status

if TYPE_CHECKING:
    from collections import Counter


def status(
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|openmetrics", help="openmetrics: for Prometheus.")
    ] = "text",
) -> None:
    """Say, for each leg, what was recorded and what became of it.

    Checks that recorded = pending + accepted + rejected + dropped + skipped; exit code 1 if it does not hold.
    """
    path = state_path(state_dir)
    found = read_status(path, now=utc_now())
    if form not in ("text", "json", "openmetrics"):
        leave(BAD_INPUT, "--format is one of text, json, openmetrics")
    if as_json or form == "json":
        typer.echo(json.dumps(found.as_dict(), indent=2))
    elif form == "openmetrics":
        typer.echo(as_openmetrics(found), nl=False)
    else:
        _print(found, path)
    leave(GOOD if found.is_balanced else BAD_NEWS)


def _print(found: Status, path: Path) -> None:
    console = Console(highlight=False)
    console.print(f"state directory {path}", markup=False, soft_wrap=True)
    if not found.legs:
        console.print("nothing was recorded here yet")
        return
    table = Table("", *sorted(found.legs), box=None, pad_edge=False)
    for name, cell in _ROWS:
        cells = [cell(leg) for _, leg in sorted(found.legs.items())]
        if any(cells):
            table.add_row(name, *cells)
    console.print(table)
    console.print(f"processes at work: {found.living}; dead ones that left messages: {found.waiting}")
    for name, leg in sorted(found.legs.items()):
        sign, word = ("=", "holds") if leg.is_balanced else ("≠", "DOES NOT HOLD: please report this")
        parts = (leg.pending, leg.accepted, leg.rejected.total(), leg.dropped.total(), leg.skipped.total())
        sums = " + ".join(f"{part:,}" for part in parts)
        console.print(f"{name}: recorded {leg.recorded:,} {sign} {sums}: {word}", markup=False)
    for name in found.unreadable:
        console.print(f"could not be read: {name}", markup=False)


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
