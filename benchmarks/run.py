"""What a workload's child process measures of itself, and how it says so."""

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
    """What a workload is given."""

    subject: Subject
    hosts: list[str]
    state_dir: str
    count: int
    first: int = 0
    """The number of the first call: several processes that share a target have numbers of their own."""
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
        """Wait until everything was delivered."""
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
    """Return resident memory: `VmRSS` now, `VmHWM` at most. `ru_maxrss` would include the parent's at the fork."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition(f"{which}:")[2].split()[0]) / 1024


def say(content: Result) -> None:
    """Tell the parent something."""
    print(json.dumps(content, default=list), flush=True)


def wait_for_parent() -> None:
    """Tell the parent that we have come this far, and wait until it lets us go on."""
    say({"waits": True})
    sys.stdin.readline()
