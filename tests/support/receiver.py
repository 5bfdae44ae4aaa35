"""Someone to be told: an HTTP server on loopback that takes apprise's JSON."""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3tT0ken"


class Receiver(NamedTuple):
    """Its address, with a key in it; what it was told; and what it answers, 200 if nothing is left."""

    address: str
    heard: list[dict[str, Any]]
    answers: deque[int]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Listen on a free port."""
    heard: list[dict[str, Any]] = []
    answers: deque[int] = deque()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.popleft() if answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Receiver(f"json://user:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}", heard, answers)
        finally:
            server.shutdown()
            thread.join()
