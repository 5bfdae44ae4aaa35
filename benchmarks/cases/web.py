"""The latency that visitors of a web application see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from benchmarks.bench import Bench, arrived
from benchmarks.case import Outcome, Table, case
from benchmarks.statistics import BrokenError, percentile, spread
from benchmarks.subjects import NONE, OURS, UPSTREAM

if TYPE_CHECKING:
    from typing_extensions import Self

_SUBJECTS = {"neither": NONE, "ours": OURS, "upstream": UPSTREAM}
_REQUESTS = 500
_SHARES = {"p50": 0.5, "p99": 0.99}
_STARTS_S = 20.0


@case(
    "web",
    title="Under gunicorn with Flask: a request's latency",
    about="""
Three gunicorn servers run the same Flask application, with one worker and two threads each: one without a client, one
with ours (durable), one with upstream's. Each request calls `track` once. The servers take turns at 500 requests, one
after the other over one connection, as fast as they answer.
""",
)
def measure(bench: Bench) -> Outcome:
    """Latency of requests, with either client and without."""
    outcome = Outcome()
    with ExitStack() as stack:
        sites = {label: stack.enter_context(_Site(bench, name)) for label, name in _SUBJECTS.items()}
        for label in bench.turns(list(_SUBJECTS)):
            times = sites[label].ask("/order", bench.scaled(_REQUESTS))
            for name, share in _SHARES.items():
                outcome.add(f"{label}: {name}, us", percentile(times, share))
        for label, site in sites.items():
            site.ask("/flush", 1)
            if label != "neither":
                arrived(bench.server, site.target, bench.scaled(_REQUESTS) * bench.pairs)
    rows = [[label, *(spread(outcome.figures[f"{label}: {name}, us"]) for name in _SHARES)] for label in _SUBJECTS]
    outcome.tables.append(Table("", ["client", *(f"{name}, µs" for name in _SHARES)], rows))
    return outcome


class _Site:
    """A gunicorn server on loopback."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.target = bench.server.make_target()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        variables = {
            "BENCH_SUBJECT": name,
            "BENCH_HOST": self.target,
            "BENCH_STATE_DIR": tempfile.mkdtemp(dir=bench.folder),
        }
        options = [
            "--workers",
            "1",
            "--threads",
            "2",
            "--log-level",
            "error",
            "--bind",
            f"fd://{self._listener.fileno()}",
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, "benchmarks.webapp:make_app()"],
            pass_fds=[self._listener.fileno()],
            env={**os.environ, **variables},
        )

    def __enter__(self) -> Self:
        self.ask("/", 1)  # answered as soon as the worker has started
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_STARTS_S)
        self._listener.close()

    def ask(self, path: str, times: int) -> list[float]:
        """Make requests one after the other; return how long each took, in microseconds."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_STARTS_S)
        taken = []
        for _ in range(times):
            at = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            taken.append((time.perf_counter() - at) * 1e6)
            if answer.status != (404 if path == "/" else 200):
                raise BrokenError(f"{path} was answered {answer.status}")
        connection.close()
        return taken
