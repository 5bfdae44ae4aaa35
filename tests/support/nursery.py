"""Starts processes in milliseconds: one process imports everything, opens nothing, and forks a child for each script.

Run as a script, this file is that process: a line of JSON on standard input asks for a child or for the end of one, and
a line of JSON answers. Imported, it is the handle that tests use. A child is a forked process that ends by `sys.exit`
like any script, or is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_START_TIMEOUT_S = 30.0

CLIENT = (
    *(f"pipelines_client.{name}" for name in ("client.client", "config", "delivery.pipeline")),
    *("segment.analytics.request", "dateutil.parser", "rfc8785", "structlog", "encodings.idna"),
)
"""What the first client would import."""


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
    """The process that forks children.

    Args:
        folder: Where the children's output goes.
        preloaded: The modules to import, so that a fork is all that a start costs.
        options: Of the interpreter.
    """

    def __init__(
        self, folder: Path, *, preloaded: Sequence[str] = CLIENT, options: Sequence[str] = ("-W", "error")
    ) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, *options, __file__, *preloaded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.answer(_START_TIMEOUT_S)

    def start(self, script: str, **environment: str) -> Child:
        """Run a script in a new process with these variables beside the test's own."""
        log = self._folder / f"child-{self._count}.log"
        question = {"start": textwrap.dedent(script), "env": {**os.environ, **environment}}
        return Child(self, self._fork(question, log, log), log)

    def run(
        self, script: str, *words: str, environment: Mapping[str, str], folder: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with these words as its arguments, and wait for its end, as `subprocess.run` does."""
        out, errors = (self._folder / f"child-{self._count}.{name}" for name in ("out", "err"))
        question = {"start": script, "env": dict(environment), "words": words, "folder": str(folder)}
        code = Child(self, self._fork(question, out, errors), out).wait(timeout_s)
        return subprocess.CompletedProcess(words, code, *(path.read_text("utf-8") for path in (out, errors)))

    def _fork(self, question: dict[str, Any], out: Path, errors: Path) -> int:
        self._count += 1
        pid: int = self.ask({**question, "out": str(out), "err": str(errors)}, _START_TIMEOUT_S)["pid"]
        return pid

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
    """In a child: take over variables, arguments, folder and output; keep nothing of the nursery's pipes."""
    os.environ.clear()
    os.environ.update(question["env"])
    sys.argv[1:] = question.get("words", ())
    if "folder" in question:
        os.chdir(question["folder"])
    streams = [os.open(os.devnull, os.O_RDONLY)]
    streams += [os.open(question[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("out", "err")]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)


def _say(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def _main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()  # a child that looks for garbage, as each does at its end, would copy all of this
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
