"""The workloads of a run. Each returns its measurements; `child` adds CPU, time and memory.

`calls` is the number of calls made: every one of them must arrive at each leg.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from array import array
from collections.abc import Callable
from http.client import HTTPConnection
from itertools import cycle
from urllib.parse import urlsplit

import orjson

from benchmarks.calls import USUAL, Make, many_properties, own_of_an_order, payload_of
from benchmarks.living import first, idle
from benchmarks.resending import backfill, replay
from benchmarks.run import Result, Run, cpu_s, memory_mb, wait_for_parent

_BATCH_BYTES = 475_000
_TICK_S = 0.002


def deliver(run: Run) -> Result:
    """Make all calls as fast as possible, in one thread or several, and wait for their delivery."""
    threads = run.args.get("threads", 1)
    each = run.count // threads
    call = run.caller(run.args.get("kind", "track"))

    def work(number: int) -> None:
        first = run.first + number * each
        for n in range(first, first + each):
            call(n)

    if threads == 1:
        work(0)
    else:
        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    run.deliver_all()
    return {"calls": each * threads}


def calling(run: Run) -> Result:
    """Make all calls as fast as possible, each with many properties; return the CPU of the calling thread."""
    (client,) = run.clients
    usual = many_properties(run.args["properties"])
    varied = [{**usual, **own_of_an_order(n)} for n in range(1_000)]
    client.track("u0", "Order Completed", usual)  # the first call is another: it finds its way
    at = time.thread_time()
    for n in range(1, run.count):
        client.track(f"u{n}", "Order Completed", varied[n % len(varied)])
    cpu = time.thread_time() - at
    run.deliver_all()
    return {"calls": run.count, "call_cpu_s": cpu}


def pace(run: Run) -> Result:
    """Make calls at a rate, or flat out (0), kinds in rotation; return the microseconds of each call by kind."""
    kinds = run.args["kinds"]
    callers = {kind: run.caller(kind) for kind in set(kinds)}
    samples: dict[str, list[float]] = {kind: [] for kind in callers}
    _timed(run, callers, samples, rate=run.args["rate"])
    run.deliver_all()
    return {"calls": run.count, "samples": samples}


def _timed(run: Run, callers: dict[str, Make], samples: dict[str, list[float]], *, rate: float) -> None:
    clock, begin = time.perf_counter_ns, time.perf_counter()
    for n, kind in zip(range(run.count), cycle(run.args["kinds"]), strict=False):
        if rate:
            ahead = begin + n / rate - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
        call = callers[kind]
        at = clock()
        call(n)
        samples[kind].append((clock() - at) / 1000)


def hold(run: Run) -> Result:
    """Make all calls while the API is down and measure their memory; deliver them when it is back."""
    if run.count:
        call = run.caller()
        for n in range(run.count):
            call(n)
    time.sleep(0.2)  # until the senders have taken their messages
    held = memory_mb("VmRSS")
    wait_for_parent()
    run.deliver_all()
    return {"calls": run.count, "held_mb": held}


def outage(run: Run) -> Result:
    """Make all calls while the API is down; when it is back, continue at a rate until the backlog is delivered."""
    call, clock = run.caller(), time.perf_counter_ns
    (client,) = run.clients
    down, up = array("d"), array("d")  # a list of a million numbers would show in the measured memory
    cpu, begin = cpu_s(), time.perf_counter()
    for n in range(run.count):
        at = clock()
        call(n)
        down.append((clock() - at) / 1000)
    filled = {"fill_cpu_s": cpu_s() - cpu, "fill_s": time.perf_counter() - begin, "held_mb": memory_mb("VmRSS")}
    wait_for_parent()
    cpu, begin, calls = cpu_s(), time.perf_counter(), run.count
    while not up or client.queue.qsize() > run.args["level"]:
        at = clock()
        call(calls)
        up.append((clock() - at) / 1000)
        calls += 1
        time.sleep(1 / run.args["rate"])
    run.deliver_all()
    drained = {"drain_cpu_s": cpu_s() - cpu, "drain_s": time.perf_counter() - begin}
    return {"calls": calls, "down": down, "up": up, **filled, **drained}


def loop(run: Run) -> Result:
    """Make calls at a rate in an event loop; return by how many microseconds another task woke late."""
    lags: list[float] = []
    asyncio.run(_loop(run, lags))
    run.deliver_all()
    return {"calls": run.count if run.clients else 0, "lags": lags}


async def _loop(run: Run, lags: list[float]) -> None:
    async def tick() -> None:
        while True:
            at = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            lags.append((time.perf_counter() - at - _TICK_S) * 1e6)

    ticking = asyncio.create_task(tick())
    call: Callable[[int], object] = run.caller() if run.clients else lambda _: None
    begin = time.perf_counter()
    for n in range(run.count):
        call(n)
        await asyncio.sleep(max(0.0, begin + (n + 1) / run.args["rate"] - time.perf_counter()))
    ticking.cancel()


def floor(run: Run) -> Result:
    """Do the least that a durable client must: build, serialise, write once, and send the bytes through a socket."""
    address = urlsplit(run.hosts[0])
    connection = HTTPConnection(address.hostname or "", address.port)
    payload = payload_of(run.args.get("size", USUAL))
    waiting: list[bytes] = []
    size = 0

    def post() -> None:
        connection.request("POST", f"{address.path}/v1/batch", b'{"batch":[' + b",".join(waiting) + b"]}")
        connection.getresponse().read()
        waiting.clear()

    with tempfile.TemporaryFile(dir=run.state_dir, buffering=0) as file:
        number = file.fileno()
        for n in range(run.count):
            body = orjson.dumps(_message(n, payload))
            os.write(number, body)
            waiting.append(body)
            size += len(body)
            if size >= _BATCH_BYTES:
                post()
                size = 0
        if waiting:
            post()
    return {"calls": run.count}


def _message(n: int, payload: object) -> dict[str, object]:
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": payload,
        "timestamp": "2026-11-20T09:30:00.000+00:00",
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "userId": f"u{n}",
        "type": "track",
        "event": "Order Completed",
        "messageId": f"01M80XY90W4PR43R39Q{n:07d}",
    }


WORKLOADS: dict[str, Callable[[Run], Result]] = {
    work.__name__: work for work in (deliver, calling, pace, hold, outage, loop, floor, backfill, replay, first, idle)
}
