"""`python -m benchmarks.profiling`: where the client's CPU goes, by function, as text in `profiles/`.

py-spy looks at a run of `deliver` a thousand times a second, from outside. Only what is on a processor counts, from the
first call to the last delivery. Attaching to another process needs root, or `kernel.yama.ptrace_scope=0`.
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
_ENTRIES = ("deliver (", "Sender._run (")
"""Where a thread's work begins that counts: the calls, and the senders."""

Stack = tuple[str, ...]


def read_stacks(lines: Iterable[str]) -> Iterator[tuple[Stack, int]]:
    """Yield stacks from the entry on, outermost first, and how often each was seen; imports are left out."""
    for line in lines:
        text, _, count = line.rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame) for frame in text.split(";")]
        begin = next((n for n, frame in enumerate(frames) if frame.startswith(_ENTRIES)), None)
        if begin is not None:
            yield tuple(frames[begin:]), int(count)


def summarise(stacks: Iterable[tuple[Stack, int]], *, title: str) -> str:
    """Return the profile as text: by thread, by function alone, and by function with what it calls."""
    threads: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for stack, count in stacks:
        threads["the application's thread" if stack[0].startswith("deliver (") else "the senders"] += count
        alone[stack[-1]] += count
        for frame in set(stack):
            within[frame] += count
    total = sum(threads.values())
    parts = [f"{title}: {total} samples"]
    for heading, counter in (("by thread", threads), ("function alone", alone), ("with what it calls", within)):
        lines = [f"{100 * count / total:6.1f} %  {name}" for name, count in counter.most_common(_TOP)]
        parts.append("\n".join([heading, *lines]))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write a profile of each subject."""
    _FOLDER.mkdir(exist_ok=True)
    spy = Path(sys.executable).with_name("py-spy")
    for name, subject in _SUBJECTS.items():
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            raw = Path(folder, "raw.txt")
            run = Bench(server, Path(folder)).start("deliver", subject, _CALLS, waits=True)
            run.read()
            options = [
                "--rate",
                "1000",
                "--nonblocking",
                "--format",
                "raw",
                "--output",
                str(raw),
                "--pid",
                str(run.pid),
            ]
            with subprocess.Popen(
                [spy, "record", *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
            ) as spying:
                time.sleep(_ATTACHES_S)
                run.go()
                run.finish()
                spying.communicate()
            text = summarise(read_stacks(raw.read_text("utf-8").splitlines()), title=f"{name}, {_CALLS} calls")
        (_FOLDER / f"{name}.txt").write_text(text, "utf-8")
        print(text)


if __name__ == "__main__":
    main()
