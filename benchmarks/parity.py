"""Parity end to end against its floor: unpacking and parsing the same bytes on all cores, measured in the same run.

    python -m benchmarks.parity --messages 1000000

Makes what two sides exported of N messages of 1.2 kB in .jsonl.gz, with one in a thousand missing, one in a thousand
differing and one in a thousand doubled; then takes turns: floor, ours, floor, ours, and beside them datacompy and a
straightforward pandas script, on fewer messages where they need too much memory, which the table says. Each runs in a
process of its own; memory is that of all its processes together, looked at twenty times a second.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, cast

from isal import igzip

START = datetime(2026, 11, 2, tzinfo=timezone.utc)
DAY_MS = 1_793_577_600_000
EVENTS = ("Feature Used", "Order Completed", "Cart Updated", "Email Verified", "Invite Sent", "Subscription Started")
FILES = 8
ONE_IN = 1000
BUDGET = 3.0
SMALL = 100_000  # what datacompy and pandas are given
_WATCH_S = 0.05

FLOOR = """
import gc, multiprocessing, os, sys, zlib
from isal import isal_zlib
import msgspec
gc.disable()
decode = msgspec.json.Decoder().decode
def read(path):
    count = 0
    for line in isal_zlib.decompress(open(path, "rb").read(), 31).split(b"\\n"):
        if line:
            decode(line)
            count += 1
    return count
if __name__ == "__main__":
    paths = sorted(sys.argv[1:], key=os.path.getsize, reverse=True)
    with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0))) as pool:
        print(sum(pool.imap_unordered(read, paths)))
"""

PANDAS = """
import json, sys
import pandas as pd
def read(paths, key):
    return pd.concat([pd.read_json(path, lines=True) for path in paths]).drop_duplicates(key).set_index(key)
half = (len(sys.argv) - 1) // 2
left, right = read(sys.argv[1:1 + half], "messageId"), read(sys.argv[1 + half:], "id")
both = left.join(right, how="outer", lsuffix="_segment", rsuffix="_customerio")
spell = lambda value: json.dumps(value, sort_keys=True)
known = both["properties_segment"].notna() & both["properties_customerio"].notna()
drift = both[known]["properties_segment"].map(spell) != both[known]["properties_customerio"].map(spell)
print(len(both), int((~known).sum()), int(drift.sum()))
"""

DATACOMPY = """
import json, sys
import pandas as pd
from datacompy import Compare
def read(paths, key):
    frame = pd.concat([pd.read_json(path, lines=True) for path in paths])
    frame["properties"] = frame["properties"].map(lambda value: json.dumps(value, sort_keys=True))
    return frame.rename(columns={key: "id"})[["id", "properties"]]
half = (len(sys.argv) - 1) // 2
found = Compare(read(sys.argv[1:1 + half], "messageId"), read(sys.argv[1 + half:], "id"), join_columns="id")
print(len(found.intersect_rows), len(found.df1_unq_rows), len(found.df2_unq_rows))
"""


@dataclass(frozen=True)
class Measured:
    """What one run took, and what it said; `cpu` is the processor time of all its processes."""

    seconds: float
    cpu: float
    megabytes: float
    said: str


@dataclass(frozen=True)
class Data:
    """Two exports on disk."""

    segment: list[Path]
    customerio: list[Path]
    bytes_raw: int
    planted: dict[str, int]

    @property
    def paths(self) -> list[str]:
        """All files, Segment's first."""
        return [str(path) for path in (*self.segment, *self.customerio)]


def make(folder: Path, count: int) -> Data:
    """Write the two exports; the same count gives the same bytes."""
    source = random.Random(7)  # noqa: S311 - planted data, not a secret
    fill = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz     ", k=400)) for _ in range(997)]
    day = folder / "segment-logs" / "9sBxKq2mVd" / str(DAY_MS)
    (folder / "customerio").mkdir(parents=True)
    day.mkdir(parents=True)
    segment = [day / f"{number}.a.gz" for number in range(FILES)]
    customerio = [folder / "customerio" / f"2184.13699.{number + 1}.track.json.gz" for number in range(FILES)]
    planted = {"missing_segment": 0, "missing_customerio": 0, "drift": 0, "duplicates": 0}
    size = 0
    for part in range(FILES):
        with _packed(segment[part]) as left, _packed(customerio[part]) as right:
            for index in range(part * count // FILES, (part + 1) * count // FILES):
                lines = pair(index, fill, planted)
                for file, line in zip((left, right), lines, strict=True):
                    file.write(line)
                    size += len(line)
    return Data(segment, customerio, size, planted)


def _packed(path: Path) -> BinaryIO:
    """Open a gzip file for writing."""
    return cast("BinaryIO", igzip.open(path, "wb", 2))  # type: ignore[no-untyped-call]


def pair(index: int, fill: list[str], planted: dict[str, int]) -> tuple[bytes, bytes]:
    """Return what each side has of one message, and note what is planted in it."""
    at = START + timedelta(milliseconds=80 * index % 86_000_000)
    sent, received = (spell(at + timedelta(milliseconds=lag)) for lag in (80, 120))
    message_id = f"01K{index:023d}"
    user, event = f"user-{index * 7919 % 100_003}", EVENTS[index % len(EVENTS)]
    properties = {
        "order_id": f"ord_{index}",
        "total": round(index % 9973 / 100, 2),
        "currency": "EUR",
        "items": [{"sku": f"sku-{index % 331}", "quantity": index % 5 + 1, "price": 9.5}],
        "note": fill[index % 997],
        "is_first": index % 2 == 0,
    }
    context = {
        "library": {"name": "analytics-python", "version": "2.4.0"},
        "ip": "203.0.113.7",
        "page": fill[-index % 997],
    }
    call = {
        "type": "track", "messageId": message_id, "userId": user, "anonymousId": None, "event": event,
        "properties": properties, "context": context, "integrations": {}, "channel": "server",
        "originalTimestamp": spell(at), "timestamp": spell(at), "sentAt": sent, "receivedAt": received,
    }  # fmt: skip
    left = json.dumps(call).encode() + b"\n"
    if index % ONE_IN == ONE_IN // 2:
        properties["total"] = str(properties["total"])
        planted["drift"] += 1
    row = {
        "id": message_id, "user_id": user, "anonymous_id": None, "sent_at": sent, "received_at": received,
        "event": event.lower().replace(" ", "_"), "event_text": event, "properties": properties, "context": context,
    }  # fmt: skip
    right = json.dumps(row).encode() + b"\n"
    if index % ONE_IN == 1:
        planted["duplicates"] += 1
        return left, right * 2
    if index % ONE_IN == 2:  # noqa: PLR2004 - one of the thousand
        planted["missing_segment"] += 1
        return b"", right
    if index % ONE_IN == 3:  # noqa: PLR2004 - one of the thousand
        planted["missing_customerio"] += 1
        return left, b""
    return left, right


def spell(at: datetime) -> str:
    """Spell an instant as both vendors do."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def measure(command: list[str]) -> Measured:
    """Run a command and watch the memory of all its processes."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    said, complaint = process.communicate()
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    watcher.join()
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[:4]}: {process.returncode}\n{complaint}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds, cpu, peak[0] / 1024, said)


def watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    """Keep the most kilobytes that a process and its children held together."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(resident, family(process.pid))))
        time.sleep(_WATCH_S)


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in family(child))]


def resident(pid: int) -> int:
    """Return the kilobytes that a process shares with nobody, and its share of the rest."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def ours(data: Data, *more: str) -> Measured:
    """Run the command over the two exports and check what was planted."""
    places = ["--segment", str(data.segment[0].parents[2]), "--customerio", str(data.customerio[0].parent)]
    code = "from pipelines_client.cli import main; main()"
    found = measure(
        [sys.executable, "-c", code, "parity", "--no-history", *places, "--format", "json", *(more or ("--no-cache",))]
    )
    check(json.loads(found.said), data.planted)
    return found


def check(report: dict[str, Any], planted: dict[str, int]) -> None:
    """Stop if the report does not find just what was planted."""
    missing = {side: sum(counts.values()) for side, counts in report["missing_by_cause"].items()}
    found = {
        "missing_segment": missing["segment"],
        "missing_customerio": missing["customerio"],
        "drift": report["totals"]["drift"],
        "duplicates": report["duplicates"]["count"],
    }
    if found != planted:
        raise SystemExit(f"planted {planted}, found {found}")


def peers(count: int) -> list[tuple[str, Measured | str]]:
    """Run datacompy and pandas over a smaller pair of exports, where they are installed."""
    rows: list[tuple[str, Measured | str]] = []
    with tempfile.TemporaryDirectory() as name:
        data = make(Path(name), count)
        rows.append((f"pipelines-client, {count:,}", ours(data)))
        for title, module, code in (("pandas", "pandas", PANDAS), ("datacompy", "datacompy", DATACOMPY)):
            probe = [sys.executable, "-c", f"import {module}"]
            if subprocess.run(probe, capture_output=True, check=False).returncode:
                rows.append((f"{title}, {count:,}", f"not installed: pip install {module}"))
            else:
                rows.append((f"{title}, {count:,}", measure([sys.executable, "-c", code, *data.paths])))
    return rows


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Parity end to end against its floor.")
    parser.add_argument("--messages", type=int, default=1_000_000, help="a side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often floor and ours take turns")
    parser.add_argument("--peers", type=int, default=SMALL, help="messages for datacompy and pandas; 0 for none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data = make(Path(name), given.messages)
        floors, runs = [], []
        for _ in range(given.rounds):
            floors.append(measure([sys.executable, "-c", FLOOR, *data.paths]))
            runs.append(ours(data))
        cache = ("--cache", str(Path(name) / "cache"))
        ours(data, *cache)
        again = ours(data, *cache)
        packed = sum(Path(path).stat().st_size for path in data.paths)
    ratios = [run.seconds / floor.seconds for run, floor in zip(runs, floors, strict=True)]
    print(f"2 x {given.messages:,} messages, {data.bytes_raw / 1e6:,.0f} MB, packed {packed / 1e6:,.0f} MB")
    print("| what | seconds | of processor time | MB at most |\n|---|---|---|---|")
    print(f"| floor: gunzip and parse on all cores | {middle(floors)} | {most(floors):.0f} |")
    print(f"| pipelines-client parity | {middle(runs)} | {most(runs):.0f} |")
    print(f"| the same again, from its cache | {middle([again])} | {again.megabytes:.0f} |")
    for title, found in peers(given.peers) if given.peers else ():
        cells = found if isinstance(found, str) else f"{middle([found])} | {found.megabytes:.0f}"
        print(f"| {title} | {cells} |")
    processor = statistics.median(run.cpu / floor.cpu for run, floor in zip(runs, floors, strict=True))
    listed = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio {statistics.median(ratios):.2f} of at most {BUDGET} ({listed}); of processor time {processor:.2f}")


def middle(found: list[Measured]) -> str:
    """Spell the medians of the seconds."""
    medians = (statistics.median(one.seconds for one in found), statistics.median(one.cpu for one in found))
    return " | ".join(f"{median:.1f}" for median in medians)


def most(found: list[Measured]) -> float:
    """Return the most megabytes."""
    return max(one.megabytes for one in found)


if __name__ == "__main__":
    main()
