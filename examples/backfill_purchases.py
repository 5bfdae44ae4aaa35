"""Backfill a public purchase log: CDNOW, all 69,659 purchases of 23,570 people in 1997 and 1998, in three runs.

    python examples/backfill_purchases.py [--people N] [--out DIR]

The log is a file of the package lifetimes. All runs use the sandbox on this machine. The log is older than the 13
months that Customer.io accepts, so the first run lists every purchase and sends none. The second run moves the log in
time so that it ends yesterday: it sends the last 13 months and lists the rest. The third run raises the horizon and
sends the original log. A repeat of the third run shows that a purchase is sent once.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from pipelines_client import Settings
from pipelines_client.history import Column, RowMap, RunOptions, Summary, backfill
from pipelines_client.sandbox import Sandbox

LOG = "lifetimes/datasets/CDNOW_master.txt"
LAST_DAY = date(1998, 6, 30)
COLUMNS = RowMap(
    time="day",
    default_event="Order Completed",
    user_id="customer",
    # The log has no order numbers, and some people bought the same twice in a day, so the line is part of the key.
    idempotency=("customer", "day", "#line"),
    properties={
        "quantity": Column(column="cds", type="number"),
        "total": Column(column="dollars", type="number"),
    },
)


def purchases(people: int) -> Iterator[tuple[str, date, str, str]]:
    """Yield customer, day, number of CDs and dollars of each purchase of the first people."""
    (path,) = (file for file in importlib.metadata.files("lifetimes") or () if str(file) == LOG)
    for line in Path(str(path.locate())).read_text("ascii").splitlines():
        customer, day, cds, dollars = line.split()
        if customer.isdigit() and int(customer) <= people:
            yield (
                f"cdnow-{customer}",
                datetime.strptime(day, "%Y%m%d").replace(tzinfo=timezone.utc).date(),
                cds,
                dollars,
            )


def write(path: Path, people: int, *, shift: timedelta) -> None:
    """Write the purchases as a shop's export, moved in time by `shift`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("customer", "day", "cds", "dollars"))
        rows.writerows((customer, day + shift, cds, dollars) for customer, day, cds, dollars in purchases(people))


def say(title: str, summary: Summary) -> None:
    """Print the result of a run."""
    refused = ", ".join(f"{count:,} {reason}" for reason, count in summary.refused.items()) or "none"
    print(f"{title}: {summary.read:,} read, {summary.already_sent:,} sent before, {summary.accepted:,} accepted")
    print(f"  not sent: {refused}; span: {summary.first_at} to {summary.last_at}; exit code {summary.exit_code}")


def main() -> None:
    """Do the three runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=23_570, help="number of people (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for files, state and exports")
    given = parser.parse_args()
    out = given.out or Path(tempfile.mkdtemp(prefix="purchases-"))
    out.mkdir(parents=True, exist_ok=True)
    with Sandbox(out=out / "exports") as sandbox:
        settings = Settings.load(write_key="cdnow-key", host=sandbox.customerio.url, state_dir=out / "state")
        original, moved = out / "purchases.csv", out / "purchases-moved.csv"
        write(original, given.people, shift=timedelta())
        yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
        write(moved, given.people, shift=yesterday - LAST_DAY)
        whole = RunOptions(horizon_days=40 * 365)
        say("original", backfill(original, columns=COLUMNS, settings=settings))
        say("moved in time", backfill(moved, columns=COLUMNS, settings=settings))
        say("horizon raised", backfill(original, columns=COLUMNS, settings=settings, options=whole))
        say("once more", backfill(original, columns=COLUMNS, settings=settings, options=whole))
        ids = sandbox.customerio.message_ids()
        print(f"Customer.io has {len(set(ids)):,} purchases and {len(ids) - len(set(ids))} duplicates")


if __name__ == "__main__":
    main()
