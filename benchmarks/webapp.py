"""The Flask application that gunicorn serves: its route calls `track` if there is a client, and answers."""

from __future__ import annotations

import itertools
import os

import flask

from benchmarks.calls import USUAL, make_caller
from benchmarks.subjects import OURS, Subject, make_clients


def make_app() -> flask.Flask:
    """Return the application; the `BENCH_…` variables name the client, its host and its state directory."""
    app = flask.Flask("bench")
    name = os.environ["BENCH_SUBJECT"]
    clients = make_clients(Subject(name), [os.environ["BENCH_HOST"]], os.environ["BENCH_STATE_DIR"])
    callers = [make_caller(client, "track", USUAL) for client in clients]
    numbers = itertools.count()

    @app.get("/order")
    def order() -> dict[str, str]:
        for call in callers:
            call(next(numbers))
        return {"status": "ordered"}

    @app.get("/flush")
    def flush() -> dict[str, str]:
        for client in clients:
            client.flush(60) if name == OURS else client.flush()
        return {"status": "flushed"}

    return app
