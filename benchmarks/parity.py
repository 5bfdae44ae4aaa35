"""Runs parity end to end, its floor, and other tools that compare two exports; each in a process, each checked.

`make bench` writes the figures (`cases/parity.py`). To try another size, without the other tools:

    python -m benchmarks.parity --messages 300000
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.exports import Exports, make
from benchmarks.statistics import BrokenError, spread

PEERS_PYTHON = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
"""pandas and datacompy have a separate environment, because duckdb imports pandas where it is installed."""

PATIENCE_S = 600.0
_WATCH_S = 0.05

_FLOOR = """
import gc, json, multiprocessing, os, sys
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
        print(json.dumps({"lines": sum(pool.imap_unordered(read, paths))}))
"""

_PANDAS = """
import json, sys
import pandas as pd
def read(paths, key):
    return pd.concat([pd.read_json(path, lines=True) for path in paths]).rename(columns={key: "id"})
half = (len(sys.argv) - 1) // 2
left, right = read(sys.argv[1:1 + half], "messageId"), read(sys.argv[1 + half:], "id")
duplicates = int(right["id"].duplicated().sum())
both = left.drop_duplicates("id").merge(
    right.drop_duplicates("id"), on="id", how="outer", suffixes=("_segment", "_customerio"), indicator=True
)
known = both[both["_merge"] == "both"]
spell = lambda value: json.dumps(value, sort_keys=True)
drift = known["properties_segment"].map(spell) != known["properties_customerio"].map(spell)
print(json.dumps({
    "missing_segment": int((both["_merge"] == "right_only").sum()),
    "missing_customerio": int((both["_merge"] == "left_only").sum()),
    "drift": int(drift.sum()), "duplicates": duplicates,
}))
"""

_DATACOMPY = """
import json, sys
import pandas as pd
from datacompy import PandasCompare
def read(paths, key):
    frame = pd.concat([pd.read_json(path, lines=True) for path in paths])
    frame["properties"] = frame["properties"].map(lambda value: json.dumps(value, sort_keys=True))
    return frame.rename(columns={key: "id"})[["id", "properties"]]
half = (len(sys.argv) - 1) // 2
left, right = read(sys.argv[1:1 + half], "messageId"), read(sys.argv[1 + half:], "id")
duplicates = int(right["id"].duplicated().sum())
compared = PandasCompare(left.drop_duplicates("id"), right.drop_duplicates("id"), join_columns="id")
print(json.dumps({
    "missing_segment": len(compared.df2_unq_rows), "missing_customerio": len(compared.df1_unq_rows),
    "drift": int((~compared.intersect_rows["properties_match"]).sum()), "duplicates": duplicates,
}))
"""


@dataclass(frozen=True)
class Measured:
    """What one run took. `cpu_s` is the processor time of all its processes, `peak_mb` their memory together."""

    seconds: float
    cpu_s: float
    peak_mb: float


def floor(data: Exports) -> Measured:
    """Only unpack and parse all lines, on all cores."""
    measured, said = measure("the floor", [sys.executable, "-c", _FLOOR, *data.paths])
    check("the floor", json.loads(said), {"lines": data.lines})
    return measured


def ours(data: Exports, *, cache: Path) -> Measured:
    """Run the command over the two exports, with its facts kept in `cache`."""
    places = ["--segment", str(data.segment[0].parents[2]), "--customerio", str(data.customerio[0].parent)]
    code = "from pipelines_client.cli import main; main()"
    options = ["--no-history", "--format", "json", "--cache", str(cache)]
    measured, said = measure("pipelines-client", [sys.executable, "-c", code, "parity", *places, *options])
    report = json.loads(said)
    missing = {f"missing_{side}": sum(counts.values()) for side, counts in report["missing_by_cause"].items()}
    totals = {"drift": report["totals"]["drift"], "duplicates": report["duplicates"]["count"]}
    check("pipelines-client", {**missing, **totals}, data.planted)
    return measured


def pandas(data: Exports) -> Measured:
    """Run a straightforward script: read all, join by id, compare the properties as sorted JSON."""
    return _peer("pandas", _PANDAS, data)


def datacompy(data: Exports) -> Measured:
    """Run datacompy over ids and properties as sorted JSON."""
    return _peer("datacompy", _DATACOMPY, data)


def versions() -> str:
    """Return the versions of pandas and datacompy.

    Raises:
        BrokenError: They are not installed.
    """
    code = (
        "from importlib.metadata import version as of; print('pandas', of('pandas') + ', datacompy', of('datacompy'))"
    )
    return measure("pandas and datacompy", [_peers_python(), "-c", code])[1].strip()


def _peers_python() -> str:
    if not PEERS_PYTHON.exists():
        raise BrokenError(f"pandas and datacompy are not installed; make {PEERS_PYTHON.parents[1].name}")
    return str(PEERS_PYTHON)


def _peer(name: str, code: str, data: Exports) -> Measured:
    measured, said = measure(name, [_peers_python(), "-c", code, *data.paths])
    check(name, json.loads(said), data.planted)
    return measured


def check(name: str, reported: Mapping[str, Any], planted: Mapping[str, int]) -> None:
    """Refuse a run that did not report exactly what was planted.

    Raises:
        BrokenError: It reported something else.
    """
    if dict(reported) != dict(planted):
        raise BrokenError(f"{name}: planted {dict(planted)}, reported {dict(reported)}")


def measure(name: str, command: list[str]) -> tuple[Measured, str]:
    """Run a command, watch the memory of all its processes, and return what it took and what it printed.

    Raises:
        BrokenError: The command failed, or took longer than `PATIENCE_S`.
    """
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    try:
        said, complaint = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        said, complaint = process.communicate()
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    watcher.join()
    if process.returncode not in (0, 1) or not said:  # 1: the sides differ
        raise BrokenError(f"{name} ended with {process.returncode}: {complaint[-500:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds, cpu_s, peak[0] / 1024), said


def _watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    """Keep the peak, in kilobytes, of a process and its children together, sampled twenty times a second."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(_resident, _family(process.pid))))
        time.sleep(_WATCH_S)


def _family(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(child))]


def _resident(pid: int) -> int:
    """Return a process's own kilobytes, and its share of those that it shares."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    """Run the floor and ours in turns, and print what each took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="messages a side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often floor and ours take turns")
    given = parser.parse_args()
    runs: dict[str, list[Measured]] = {"floor": [], "pipelines-client": []}
    with tempfile.TemporaryDirectory() as name:
        data = make(Path(name), given.messages)
        for number in range(given.rounds):
            runs["floor"].append(floor(data))
            runs["pipelines-client"].append(ours(data, cache=Path(name, f"cache-{number}")))
    of: dict[str, Callable[[Measured], float]] = {
        "seconds": lambda run: run.seconds,
        "CPU, s": lambda run: run.cpu_s,
        "MB": lambda run: run.peak_mb,
    }
    for title, measured in runs.items():
        print(title, *(f"{spread([take(run) for run in measured])} {what}" for what, take in of.items()), sep="; ")
    both = list(zip(runs["pipelines-client"], runs["floor"], strict=True))
    for what in ("seconds", "CPU, s"):
        print(f"ratio of {what}: {spread([of[what](mine) / of[what](its) for mine, its in both])}")


if __name__ == "__main__":
    main()
