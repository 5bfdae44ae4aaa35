"""Servers that fork: gunicorn with a preloaded app, Celery's prefork pool, uWSGI without threads."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from proof import DRAIN, Evidence

BIN = Path(sys.executable).parent
REQUESTS = 24

# Used once before the server forks, then in each request; no worker is asked to flush.
APP = """
    import os
    import pipelines_client as analytics

    if os.environ.get("EARLY"):
        assert analytics.track("server", "Server Started", message_id="early")[0]

    def application(environ, start):
        assert analytics.track("u1", "Page Served", message_id=environ["QUERY_STRING"])[0]
        start("200 OK", [])
        return [str(os.getpid()).encode()]
"""


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, query: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/?{query}", timeout=10) as answer:
        return str(answer.read().decode())


def serve_all(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until it listens, then make all requests."""
    pause = Event()
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert process.poll() is None, process.communicate()
            pause.wait(0.05)
    for n in range(REQUESTS):
        ask(port, f"r{n}")


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    process.send_signal(number)
    return process.communicate(timeout=20)[0]


@pytest.mark.skipif(not (BIN / "gunicorn").exists(), reason="needs gunicorn")
def test_gunicorn_with_a_preloaded_app_delivers_all_once(
    run: Any, start: Any, evidence: Evidence, tmp_path: Path, port: int
) -> None:
    """The app's first message belongs to the master, those of the requests to the workers."""
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    options = ("--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}", "--no-control-socket")
    process = run(str(BIN / "gunicorn"), *options, "app:application", EARLY="1")
    serve_all(port, process)
    expected = {"early"} | {f"r{n}" for n in range(REQUESTS)}
    assert evidence.sandbox.segment.wait_for(len(expected), 10)
    out = end(process)
    assert "Traceback" not in out, out
    start(DRAIN).finish()
    evidence.check_nothing_lost(expected)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


@pytest.mark.skipif(not (BIN / "uwsgi").exists(), reason="needs uwsgi")
@pytest.mark.parametrize("early", ["", "1"], ids=["unused before", "used before"])
def test_uwsgi_without_threads_delivers_all(
    run: Any, start: Any, evidence: Evidence, tmp_path: Path, port: int, early: str
) -> None:
    """It loads the app, forks in C, and gives Python no thread time between requests unless it is told to."""
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    options = ("--master", "--processes", "2", "--http-socket", f"127.0.0.1:{port}", "--die-on-term")
    options += ("--virtualenv", str(BIN.parent), "--wsgi-file", "app.py", "--disable-logging")
    if early:
        # Without it uWSGI forks whatever Python's threads are at, and a worker may wait for the interpreter for ever.
        options += ("--py-call-uwsgi-fork-hooks",)
    process = run(str(BIN / "uwsgi"), *options, EARLY=early)
    serve_all(port, process)
    out = end(process)
    assert "Traceback" not in out, out
    start(DRAIN).finish()
    evidence.check_nothing_lost(({"early"} if early else set()) | {f"r{n}" for n in range(REQUESTS)})
    assert max(evidence.duplicates.values()) <= REQUESTS  # a worker may end with an answer that no thread came to read


CELERY_APP = """
    import celery
    import pipelines_client as analytics

    analytics.track("worker", "Worker Started", message_id=f"early-{__import__('os').environ['ROLE']}")
    app = celery.Celery("app", broker="filesystem://")
    app.conf.broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue",
                                         "control_folder": "control"}
    app.conf.worker_hijack_root_logger = False

    @app.task(ignore_result=True)
    def work(n):
        assert analytics.track("u1", "Job Done", message_id=f"r{n}")[0]
"""


@pytest.mark.skipif(importlib.util.find_spec("celery") is None, reason="needs celery")
@pytest.mark.parametrize(
    "tasks_a_child", [pytest.param(1, marks=pytest.mark.soak), pytest.param(5, marks=pytest.mark.soak), 1_000]
)
def test_celerys_prefork_pool_delivers_all_once(
    run: Callable[..., subprocess.Popen[str]], start: Any, evidence: Evidence, tmp_path: Path, tasks_a_child: int
) -> None:
    """Its workers leave by `os._exit`, however few tasks each does: Celery's hooks let them deliver before."""
    (tmp_path / "app.py").write_text(textwrap.dedent(CELERY_APP))
    for folder in ("queue", "control"):
        (tmp_path / folder).mkdir()
    options = ("worker", "--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle")
    bound = ("--without-heartbeat", "--max-tasks-per-child", str(tasks_a_child))
    worker = run(sys.executable, "-m", "celery", "-A", "app", *options, *bound, ROLE="worker")
    sender = run(script=f"import app\nfor n in range({REQUESTS}): app.work.delay(n)", ROLE="sender")
    assert sender.wait(20) == 0
    expected = {"early-worker", "early-sender"} | {f"r{n}" for n in range(REQUESTS)}
    assert evidence.sandbox.segment.wait_for(len(expected), 20), evidence.delivered
    out = end(worker)
    assert "Traceback" not in out, out
    start(DRAIN).finish()
    evidence.check_nothing_lost(expected)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
    assert list((tmp_path / "queue").iterdir()) == []
