"""Runs the script of one case in this process, through the named client.

    python -I driver.py MODULE WRITE_KEY HOST SCRIPT

It stands alone: the old clients run it in environments that know nothing of this project. A script finds `analytics`
set up as an application would, and says what it saw as lines of JSON. Whatever may hang is waited for in a thread.
"""

from __future__ import annotations

import gc
import http.server
import importlib
import json
import logging
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODULE, KEY, HOST, SCRIPT = sys.argv[1:]
IS_OURS = MODULE == "pipelines_client"
MARGIN_S = 2.0

analytics: Any = importlib.import_module(MODULE)
analytics.write_key, analytics.host = KEY, HOST
logs: list[str] = []


class Capture(logging.Handler):
    """Keeps every record as text, with its level and its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        logs.append(self.format(record))


def say(**facts: Any) -> None:
    """Tell the parent; one write, so that forked children do not mix their lines."""
    os.write(1, (json.dumps(facts, default=str) + "\n").encode())


def came_back(seconds: float, call: Callable[[], object]) -> bool:
    """Make a call that may hang; say whether it returned within `seconds`."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def flush(seconds: float = 5.0, client: Any = None) -> bool:
    """Flush; ours is told how long it may take, the others know no such thing. False if it hangs."""
    flush_it = (client or analytics).flush
    if IS_OURS:
        return came_back(seconds + MARGIN_S, lambda: flush_it(timeout=seconds))
    return came_back(seconds, flush_it)


def send_with_the_current_key() -> None:
    """Ours keeps a message for the key it was taken for: say that it may go with the one that is set now."""
    if IS_OURS:
        from pipelines_client.config import Settings
        from pipelines_client.delivery.draining import drain

        drain(Settings.load(write_key=KEY, host=HOST), timeout_s=10, to_current=True)


def wait_until(is_so: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Look every hundredth of a second until it is so; False if it is not in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def requests() -> int:
    """Return how many requests the sandbox has had from us."""
    root, _, name = HOST.rpartition("/")
    with urllib.request.urlopen(root + "/", timeout=5) as answer:  # noqa: S310 - the sandbox on loopback
        return int(json.load(answer)["apis"][name]["requests"])


def wait_for_requests(count: int, seconds: float = 5.0) -> bool:
    """Wait until the sandbox has had that many requests from us."""
    return wait_until(lambda: requests() >= count, seconds)


def listen() -> tuple[str, list[dict[str, str]]]:
    """Serve on loopback; return the address, and a list that gets the path and headers of whatever is posted there."""
    heard: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            heard.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing: the script's errors go to the same place."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", heard


def raised_by(call: Callable[[], object]) -> str:
    """Make a call; return the name and the text of what it raises, or nothing."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - whatever an application would see
        return f"{type(error).__name__}: {error}"
    return ""


def counted(kind: str) -> int:
    """Return how often the client says that it did not take, or replaced, something for this reason."""
    client = analytics.default_client
    return sum(int(getattr(client, name, {}).get(kind, 0)) for name in ("not_taken", "replaced"))


def loud() -> list[str]:
    """Return what was logged as a warning or worse."""
    return [line for line in logs if line.startswith(("WARNING", "ERROR", "CRITICAL"))]


def leave() -> None:
    """End here and now: how this process would exit is not the case's subject."""
    os._exit(0)


if __name__ == "__main__":
    logging.getLogger().addHandler(Capture())
    names = {**globals(), "gc": gc, "Path": Path, "track": analytics.track}
    exec(compile(SCRIPT, "application.py", "exec"), names)  # noqa: S102 - the case's own script
    say(ended_at=time.time())
