"""The process of one run: makes the clients, runs one workload, prints what it used as a line of JSON.

Imports and the making of the clients come before the measurement. CPU is user and system time of all threads of the
process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.run import Result, Run, cpu_s, memory_mb, say, wait_for_parent
from benchmarks.subjects import NONE, UPSTREAM, Subject, make_clients


def main() -> None:
    """Run the workload that the first argument describes."""
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
        os._exit(0)  # upstream's exit would wait half a second for its thread


if __name__ == "__main__":
    main()
