"""Starts processes in milliseconds: one process imports everything, opens nothing, and forks a child for each script.

Run as a script, this file is that process: a line of JSON on standard input asks for a child or for the end of one, and
a line of JSON answers. Imported, it is the handle that tests use. A child is a forked process that ends by `sys.exit`
like any script, or is killed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path
from typing import Any

_START_TIMEOUT_S = 30.0


class Child:
    """A process that runs one script."""

    def __init__(self, nursery: Nursery, pid: int, log: Path) -> None:
        self.pid = pid
        self._nursery = nursery
        self._log = log
        self._code: int | None = None

    @property
    def log(self) -> str:
        """What it wrote to standard output and error."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether its end has not been seen yet."""
        return self._code is None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self, timeout_s: float = 30.0) -> int:
        """Return the exit code, the negative number of the signal if one ended it.

        Raises:
            TimeoutError: It still runs; it is killed then.
        """
        if self._code is None:
            try:
                self._code = self._nursery.ask({"wait": self.pid}, timeout_s)["code"]
            except TimeoutError:
                os.kill(self.pid, signal.SIGKILL)
                self._code = self._nursery.answer(_START_TIMEOUT_S)["code"]
                raise TimeoutError(f"the child still ran after {timeout_s} s; it said: {self.log}") from None
        return self._code

    def finish(self, timeout_s: float = 30.0) -> str:
        """Wait for an end without complaint and return what it printed."""
        code = self.wait(timeout_s)
        assert code == 0, f"exit code {code}: {self.log}"
        assert "Traceback" not in self.log, self.log
        return self.log


class Nursery:
    """The process that forks children."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.answer(_START_TIMEOUT_S)

    def start(self, script: str, **environment: str) -> Child:
        """Run a script in a new process with these variables beside the test's own."""
        self._count += 1
        log = self._folder / f"child-{self._count}.log"
        given = {**os.environ, **environment}
        pid = self.ask({"start": textwrap.dedent(script), "env": given, "log": str(log)}, _START_TIMEOUT_S)["pid"]
        return Child(self, pid, log)

    def ask(self, question: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a line and return the answer to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        return self.answer(timeout_s)

    def answer(self, timeout_s: float) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            TimeoutError: There is none yet.
        """
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], timeout_s)[0]:
            raise TimeoutError
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it; its children end on their own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def _preload() -> None:
    """Import what a client needs, so that a fork is all that a start costs."""
    for name in ("client.client", "config", "delivery.pipeline"):
        importlib.import_module(f"pipelines_client.{name}")
    for name in ("segment.analytics.request", "dateutil.parser", "rfc8785", "structlog", "encodings.idna"):
        importlib.import_module(name)  # what the first client would import


def _serve() -> str | None:
    """Answer lines until there are no more; in a child, return the script to run."""
    _say({"ready": os.getpid()})
    while line := sys.stdin.readline():
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            _say({"code": os.waitstatus_to_exitcode(status)})
            continue
        pid = os.fork()
        if not pid:
            _become(question)
            return str(question["start"])
        _say({"pid": pid})
    return None


def _become(question: dict[str, Any]) -> None:
    """In a child: take over the variables and the log; keep nothing of the nursery's pipes."""
    os.environ.clear()
    os.environ.update(question["env"])
    log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nowhere)
    os.close(log)


def _say(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def _main() -> None:
    _preload()
    script = _serve()
    if script is None:
        return
    try:
        exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})  # noqa: S102 - the tests' own scripts
    except Exception:  # noqa: BLE001 - as an interpreter would
        with contextlib.suppress(BrokenPipeError):
            traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    _main()
