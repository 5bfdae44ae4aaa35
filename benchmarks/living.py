"""Workloads of processes that live beside others: the first call, and doing nothing."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.calls import USUAL, make_caller
from benchmarks.run import Result, Run, cpu_s, wait_for_parent
from benchmarks.subjects import make_clients


def first(run: Run) -> Result:
    """Make one call; return the milliseconds of CPU until it returns, and until after the first look at neighbours."""
    call = run.caller()
    begin = cpu_s()
    call(run.first)
    called = cpu_s()
    time.sleep(run.args["looks_after_s"])
    looked = cpu_s()
    run.deliver_all()
    return {"calls": 1, "first_ms": (called - begin) * 1e3, "look_ms": (looked - begin) * 1e3}


def idle(run: Run) -> Result:
    """Make one call on each of some clients, then none for a while; return the share of a core that this took."""
    folders = (Path(run.state_dir) / f"client-{number}" for number in range(1, run.args["clients"]))
    run.clients += [client for folder in folders for client in make_clients(run.subject, run.hosts, str(folder))]
    for number, client in enumerate(run.clients):
        make_caller(client, "track", USUAL)(run.first + number)
    run.deliver_all()
    wait_for_parent()
    begin = cpu_s()
    time.sleep(run.args["seconds"])
    return {"calls": len(run.clients), "share": (cpu_s() - begin) / run.args["seconds"]}
