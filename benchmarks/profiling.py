"""`python -m benchmarks.profiling [NAME …]`: write CPU profiles by function as text into `profiles/`.

py-spy samples a run of `deliver`, or a parity report made by one process, a thousand times a second. Only time on a
processor counts: from the first call to the last delivery, or from the first file to the report.
Attaching to another process needs root, or `kernel.yama.ptrace_scope=0`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.exports import make
from benchmarks.server import Server
from benchmarks.subjects import OURS, Subject

_FOLDER = Path(__file__).with_name("profiles")
_SUBJECTS = {
    "one-leg-durable": Subject(OURS),
    "one-leg-memory": Subject(OURS, spool="memory"),
    "two-legs-durable": Subject(OURS, legs=2),
}
_CALLS = 60_000
_TOP = 30
_ATTACHES_S = 2.0
_PARITY = "parity"
_MESSAGES = 100_000
_ENTRIES = {
    "deliver (": "the application's thread",
    "Sender._run (": "the senders",
    "run_parity (": "the report's thread",
    "_lines.<locals>.read (": "the threads that open pairs",
}
"""The functions where work that counts begins in a thread, and the thread's name in the profile."""
_REPORT = """
import sys
from datetime import datetime, timezone
from pipelines_client.parity import ParityOptions, run_parity
paths = {"segment": sys.argv[1], "customerio": sys.argv[2]}
run_parity(paths, ParityOptions(processes=1), now=datetime.now(timezone.utc))
"""

Stack = tuple[str, ...]


def read_stacks(lines: Iterable[str]) -> Iterator[tuple[Stack, int]]:
    """Yield stacks from the entry on, outermost first, with their number of samples; leave out imports."""
    for line in lines:
        text, _, count = line.rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame) for frame in text.split(";")]
        begin = next((n for n, frame in enumerate(frames) if frame.startswith(tuple(_ENTRIES))), None)
        if begin is not None:
            yield tuple(frames[begin:]), int(count)


def summarise(stacks: Iterable[tuple[Stack, int]], *, title: str) -> str:
    """Return the profile as text: by thread, by function alone, and by function with what it calls."""
    threads: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for stack, count in stacks:
        threads[next(title for entry, title in _ENTRIES.items() if stack[0].startswith(entry))] += count
        alone[stack[-1]] += count
        for frame in set(stack):
            within[frame] += count
    total = sum(threads.values())
    blocks = [f"{title}: {total} samples"]
    for heading, counter in (("by thread", threads), ("function alone", alone), ("with what it calls", within)):
        lines = [f"{100 * count / total:6.1f} %  {name}" for name, count in counter.most_common(_TOP)]
        blocks.append("\n".join([heading, *lines]))
    return "\n\n".join(blocks) + "\n"


def main() -> None:
    """Write a profile of each subject, or of the named ones."""
    _FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or [*_SUBJECTS, _PARITY]:
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder, "raw.txt")
            title = _profile_report(raw) if name == _PARITY else _profile_client(_SUBJECTS[name], raw)
            text = summarise(read_stacks(raw.read_text("utf-8").splitlines()), title=f"{name}, {title}")
        (_FOLDER / f"{name}.txt").write_text(text, "utf-8")
        print(text)


def _profile_client(subject: Subject, raw: Path) -> str:
    """Profile calls and deliveries; return what was profiled."""
    with Server() as server:
        run = Bench(server, raw.parent).start("deliver", subject, _CALLS, waits=True)
        run.read()
        command = [*_record(raw), "--pid", str(run.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as spying:
            time.sleep(_ATTACHES_S)
            run.go()
            run.finish()
            spying.communicate()
    return f"{_CALLS} calls"


def _profile_report(raw: Path) -> str:
    """Profile a report made by one process; return what was profiled."""
    data = make(raw.parent, _MESSAGES)
    places = [str(data.segment[0].parents[2]), str(data.customerio[0].parent)]
    command = [*_record(raw), "--", sys.executable, "-c", _REPORT, *places]
    subprocess.run(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return f"{_MESSAGES} messages a side"


def _record(raw: Path) -> list[str]:
    spy = Path(sys.executable).with_name("py-spy")
    return [str(spy), "record", "--rate", "1000", "--nonblocking", "--format", "raw", "--output", str(raw)]


if __name__ == "__main__":
    main()
