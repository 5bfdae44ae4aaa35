"""A web server with a clean shutdown: calls never block a request, and SIGTERM delivers before the process ends.

It is plain WSGI. Under gunicorn the same code works with and without `--preload`, because each forked worker gets a new
spool. Run it with the PIPELINES_ variables set, then open http://127.0.0.1:8000/.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pipelines_client as analytics

GRACE_S = 5.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; the event is on disk before the response is sent, and is delivered soon after."""
    taken, _ = analytics.page("user-1", name="Pricing", properties={"path": environ["PATH_INFO"]})
    start_response("200 OK" if taken else "503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"hello\n"]


class QuietHandler(WSGIRequestHandler):
    """A handler without request logs."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def main(port: int) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    with make_server("127.0.0.1", port, application, handler_class=QuietHandler) as server:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever(poll_interval=0.05)
    left = analytics.shutdown(timeout=GRACE_S)
    print(f"stopped, {left.left} messages left", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
