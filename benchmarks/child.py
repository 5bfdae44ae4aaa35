"""One run, in a process of its own: makes the clients, runs one workload, prints what it used as a line of JSON.

Imports and the making of the clients come before anything is measured. CPU is that of the whole process: user and
system time of all its threads.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.calls import USUAL, Make, make_caller
from benchmarks.subjects import NONE, OURS, UPSTREAM, Subject, make_clients

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


def main() -> None:
    """Run what the first argument describes."""
    from benchmarks.workloads import WORKLOADS

    spec: dict[str, Any] = json.loads(sys.argv[1])
    given = {**spec["subject"], "more": tuple((name, value) for name, value in spec["subject"]["more"])}
    run = Run(Subject(**given), spec["hosts"], spec["state_dir"], spec["count"], first=spec["first"], args=spec["args"])
    work: Callable[[Run], Result] = WORKLOADS[spec["workload"]]
    run.clients = make_clients(run.subject, run.hosts, run.state_dir)
    if spec["waits"]:
        wait_for_parent()
    cpu, at = cpu_s(), time.perf_counter()
    result = work(run)
    say({"cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - at, "peak_mb": memory_mb("VmHWM"), **result})
    if run.subject.name in (UPSTREAM, NONE):
        os._exit(0)  # its exit would wait half a second for its thread


if __name__ == "__main__":
    main()
