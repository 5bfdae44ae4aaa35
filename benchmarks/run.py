"""What the process of a run is given, measures and prints."""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.calls import USUAL, Make, make_caller
from benchmarks.subjects import OURS, Subject

Result = dict[str, Any]


_PATIENCE_S = 600.0


@dataclass(slots=True)
class Run:
    """The input of a workload."""

    subject: Subject
    hosts: list[str]
    state_dir: str
    count: int
    first: int = 0
    """The number of the first call: processes that share a target use different numbers."""
    args: dict[str, Any] = field(default_factory=dict)
    clients: list[Any] = field(default_factory=list)

    def caller(self, kind: str = "track", size: int | None = None) -> Make:
        """Return a function that makes one call on each client."""
        size = size or self.args.get("size", USUAL)
        makers = [make_caller(client, kind, size) for client in self.clients]
        if len(makers) == 1:
            return makers[0]

        def make_all(n: int) -> None:
            for make in makers:
                make(n)

        return make_all

    def deliver_all(self) -> None:
        """Wait until every message is delivered."""
        for client in self.clients:
            if self.subject.name == OURS:
                client.flush(_PATIENCE_S)
            else:
                client.flush()


def cpu_s() -> float:
    """Return the seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_mb(which: str) -> float:
    """Return resident memory: `VmRSS` is now, `VmHWM` the peak. `ru_maxrss` would include the parent's at the fork."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition(f"{which}:")[2].split()[0]) / 1024


def say(content: Result) -> None:
    """Print a line for the parent."""
    print(json.dumps(content, default=list), flush=True)


def wait_for_parent() -> None:
    """Tell the parent that this run is ready, and wait until it may continue."""
    say({"waits": True})
    sys.stdin.readline()
