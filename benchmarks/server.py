"""A cheap API in a separate process: it counts what arrives, and can answer late or with a 503.

A *target* is a path made for one run: `POST /<target>/v1/batch`. Every call of a run has its own number in its
`userId`, so the server knows which calls arrived.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

_NUMBER = re.compile(rb'"userId": ?"u(\d+)"')


@dataclass(slots=True)
class Target:
    """What one run sent, and how to answer it."""

    delay_s: float = 0.0
    failing: float = 0.0  # the share of requests that get a 503
    random: Random = field(default_factory=Random)
    requests: int = 0
    failed: int = 0
    messages: int = 0
    size: int = 0
    seen: bytearray = field(default_factory=bytearray)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: bytes) -> int:
        """Count a batch, or refuse it; return the status."""
        with self.lock:
            self.requests += 1
            self.size += len(body)
            if self.failing and self.random.random() < self.failing:
                self.failed += 1
                return 503
            numbers = [int(number) for number in _NUMBER.findall(body)]
            self.messages += len(numbers)
            if numbers:
                self.seen.extend(bytes(max(0, max(numbers) + 1 - len(self.seen))))
            for number in numbers:
                self.seen[number] = 1
            return 200

    def counts(self) -> dict[str, int]:
        """Return what arrived."""
        with self.lock:
            return {
                "requests": self.requests,
                "failed": self.failed,
                "messages": self.messages,
                "distinct": self.seen.count(1),
                "bytes": self.size,
            }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.targets: dict[str, Target] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise the answer's second packet waits for the receipt of the first
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        """Take a batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.server.targets[self.path.split("/")[1]]
        if target.delay_s:
            time.sleep(target.delay_s)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._send(target.answer(body), b"{}")

    def do_PUT(self) -> None:
        """Make a target, or change its answers."""
        given: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        target = self.server.targets.setdefault(self.path.strip("/"), Target())
        target.delay_s, target.failing = given["delay_s"], given["failing"]
        target.random = Random(given["seed"])  # noqa: S311 - the same refusals for both clients
        self._send(200, b"{}")

    def do_GET(self) -> None:
        """Return the counts of a target."""
        self._send(200, json.dumps(self.server.targets[self.path.strip("/")].counts()).encode())

    def do_DELETE(self) -> None:
        """Forget a target."""
        self.server.targets.pop(self.path.strip("/"))
        self._send(200, b"{}")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: requests are counted instead."""


class Server:
    """Starts the server's process and talks to it."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._base = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def make_target(self, *, delay_s: float = 0.0, failing: float = 0.0, seed: int = 0) -> str:
        """Return the address of a new target, as a client's `host`."""
        address = f"{self._base}/t{next(self._numbers)}"
        self.change(address, delay_s=delay_s, failing=failing, seed=seed)
        return address

    def change(self, address: str, *, delay_s: float = 0.0, failing: float = 0.0, seed: int = 0) -> None:
        """Change how a target is answered from now on."""
        self._ask(address, "PUT", {"delay_s": delay_s, "failing": failing, "seed": seed})

    def counts(self, address: str) -> dict[str, int]:
        """Return the counts of a target."""
        return self._ask(address, "GET")

    def forget(self, address: str) -> None:
        """Remove a target."""
        self._ask(address, "DELETE")

    def _ask(self, address: str, method: str, content: dict[str, Any] | None = None) -> dict[str, int]:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(address, data=body, method=method)  # noqa: S310 - always loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            counts: dict[str, int] = json.load(answer)
            return counts


def main() -> None:
    """Print the port, and serve until the parent closes the pipe."""
    server = _Server()
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
