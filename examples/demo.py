"""Run the whole migration on this machine twice: with planted faults, which parity must find, and without.

    make demo                                   # or: python examples/demo.py --people 500 --out /tmp/demo

It starts the sandbox (both APIs, on loopback), an application that sends to both, and `pipelines-client parity`, which
compares what was sent with what each side received. Exit code 0: parity reports the planted faults and no others.
1: the report differs. 2: something that the demo needs is missing. 130: interrupted.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from planted import SIDES, Row, compare
from processes import HERE, DemoError, application, make_empty, parity, read_json, received, sandbox
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipelines_client import read_ledger

SETTINGS = {
    "PIPELINES_UPLOAD_SIZE": "500",  # small batches: more requests, so more of them meet a fault
    "PIPELINES_RETRY_BASE_S": "0.1",
    "PIPELINES_RETRY_CAP_S": "2",
    "PIPELINES_SEGMENT_INTEGRATIONS": '{"Actions Customerio": false, "Customer.io": false}',  # FACTS S12
}
FEWEST_PEOPLE = 40  # below this, some faults have no person to be planted on
PASS, FAIL = 0, 1  # exit codes of `pipelines-client parity`
EXIT_DIFFERS, EXIT_BROKEN, EXIT_SIGNALLED = 1, 2, 128


@dataclass(frozen=True)
class Act:
    """One of the two runs."""

    title: str
    scenario: Path | None
    expected: int


ACTS = {
    "": Act(
        "With faults: Customer.io damages messages, and requests fail at both sides",
        HERE / "faults.toml",
        FAIL,
    ),
    "clean": Act("Without faults", None, PASS),
}


def main() -> int:
    """Run both acts; return the exit code."""
    options = arguments()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # print "?" where the terminal has no UTF-8
    console = Console(highlight=False)
    signals: list[int] = []

    def end(number: int, _frame: object) -> NoReturn:
        signals.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a background job of a script ignores it at first
        signal.signal(number, end)
    began = time.monotonic()
    try:
        make_empty(options.out)
        console.print(f"{options.people:,} people, both APIs on this machine; no data leaves it.")
        agreed = [play(act, options.people, options.out / name, console) for name, act in ACTS.items()]
    except (DemoError, KeyboardInterrupt) as error:
        if signals:
            console.print("\ninterrupted")
            return EXIT_SIGNALLED + signals[0]
        console.print(f"\ndemo: {error}", style="red", markup=False, soft_wrap=True)
        return EXIT_BROKEN
    conclude(options.out, console, seconds=time.monotonic() - began, is_agreed=all(agreed))
    return 0 if all(agreed) else EXIT_DIFFERS


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Both APIs on this machine, a dual-write, and the parity report.")
    parser.add_argument("--people", type=int, default=2000, metavar="N", help="number of people (default: %(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo-out"),
        metavar="DIR",
        help="folder for the results; emptied first (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.people < FEWEST_PEOPLE:
        parser.error(f"--people must be at least {FEWEST_PEOPLE}, so that every fault can be planted")
    return options


def play(act: Act, people: int, out: Path, console: Console) -> bool:
    """Send, export, compare; return whether parity reports the planted faults and no others."""
    out.mkdir(exist_ok=True)
    console.print()
    console.rule(Text(act.title, style="bold"), align="left")
    with sandbox(out / "exports", act.scenario) as settings:
        send(people, {**settings, **SETTINGS, "PIPELINES_STATE_DIR": str(out / "state")}, out / "app.log", console)
    console.print(retries(out / "state"))
    console.print()
    exports, report = out / "exports", out / "report.json"
    verdict = parity({"ledger": out / "state", **{side: exports / side for side in SIDES}}, report)
    rows = compare(read_json(exports / "planted.json"), read_json(report))
    console.print()
    console.print(table(rows))
    if verdict != act.expected:
        console.print(f"parity's exit code is {verdict}; expected {act.expected}", style="bold red")
    return verdict == act.expected and all(row.is_agreed for row in rows)


def send(people: int, settings: dict[str, str], log: Path, console: Console) -> None:
    """Run the application; show its progress and what has arrived."""
    columns = (
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("people; {task.fields[arrived]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=people, arrived="")
        for said in application(people, settings, log):
            counts = received(settings)
            arrived = f"Segment {counts['segment']:,}, Customer.io {counts['customerio']:,}"
            progress.update(task, completed=said["people"], arrived=arrived)


def retries(state: Path) -> Text:
    """Return a line about messages that an API refused at first."""
    records = read_ledger(state / "ledger").records
    again = {(record.leg, record.message_id) for record in records if record.attempts > 1}
    if not again:
        return Text("Every message was accepted at the first attempt.", style="dim")
    counts = [f"{sum(leg == name for leg, _ in again):,} to {title}" for name, title in SIDES.items()]
    return Text(f"Refused at first, and sent again: {', '.join(counts)}.", style="dim")


def table(rows: list[Row]) -> Table:
    """Return a table of planted and reported faults."""
    laid = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
        title="Planted and reported faults",
        title_style="bold",
        title_justify="left",
    )
    for name in ("fault", "message", "side"):
        laid.add_column(name, overflow="fold")
    for name in ("planted", "found"):
        laid.add_column(name, justify="right")
    laid.add_column("")
    for row in rows:
        sign = Text("ok", style="green") if row.is_agreed else Text("DIFFERS", style="bold red")
        laid.add_row(row.fault.kind, row.fault.what, row.fault.side, f"{row.planted:,}", f"{row.reported:,}", sign)
    return laid


def conclude(out: Path, console: Console, *, seconds: float, is_agreed: bool) -> None:
    """Print the result and where the reports are."""
    console.print()
    if is_agreed:
        console.print("Parity reported every planted fault and no others.", style="bold green", end=" ")
    else:
        console.print("The reported faults differ from the planted ones: see DIFFERS above.", style="bold red", end=" ")
    console.print(f"It took {seconds:.0f} s.")
    console.print("Open the reports:")
    for name in ACTS:
        console.print(f"  {out / name / 'report.html'}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(main())
