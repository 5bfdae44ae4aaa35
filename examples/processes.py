"""The processes of the examples: the sandbox, the application, the parity command. Each ends with its example."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

HERE = Path(__file__).parent
_MARK = ".made-by-an-example"
_ENDING_S = 30


class DemoError(Exception):
    """Something that the example needs failed; the text says what, and which log to read."""


def environment(**settings: str) -> dict[str, str]:
    """Return the environment with `settings`, without other PIPELINES_ variables and without proxies."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PIPELINES_") and not name.lower().endswith("_proxy")
    }
    return {**outside, "PYTHONUNBUFFERED": "1", **settings}


def make_empty(out: Path) -> None:
    """Create a folder, or empty one that an example created before.

    Raises:
        DemoError: The folder has other content, or cannot be created.
    """
    try:
        if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).exists())):
            raise DemoError(f"{out} was not made by an example: remove it, or use another folder")
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)
        (out / _MARK).touch()
    except OSError as error:
        raise DemoError(f"{error.filename or out}: {error.strerror}") from None


def command() -> list[str]:
    """Return the path of `pipelines-client`: the script beside this Python.

    Raises:
        DemoError: It is not installed.
    """
    script = Path(sys.executable).with_name("pipelines-client")
    if not script.exists():
        raise DemoError(
            f"{script} is missing: run `{sys.executable} -m pip install --editable '.[dev]'`, or use make demo"
        )
    return [str(script)]


@contextmanager
def sandbox(out: Path, scenario: Path | None) -> Iterator[dict[str, str]]:
    """Run the sandbox; after the block its exports in `out` are complete.

    Yields:
        The settings that it prints: `PIPELINES_HOST`, `PIPELINES_WRITE_KEY` and so on.
    """
    faults = ["--scenario", str(scenario)] if scenario else []
    with (
        (out.parent / "sandbox.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - our own programs
            [*command(), "sandbox", "--out", str(out), *faults],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
        _ending(process),
    ):
        yield _announced(process, Path(log.name))
        process.send_signal(signal.SIGINT)
        log.write(process.communicate(timeout=_ENDING_S)[0])
        if process.returncode:
            raise DemoError(_failure("the sandbox", process.returncode, Path(log.name)))


def _announced(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    settings = {}
    for line in process.stdout or ():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals:
            settings[name] = value
        if "Ctrl-C" in line:
            return settings
    raise DemoError(_failure("the sandbox", process.wait(), log))


def received(settings: dict[str, str]) -> dict[str, int]:
    """Return how many messages each API of the sandbox has accepted so far.

    Raises:
        DemoError: It does not answer.
    """
    url = settings["PIPELINES_HOST"].rpartition("/")[0]
    try:
        apis = urllib3.request("GET", f"{url}/", timeout=10).json()["apis"]
    except urllib3.exceptions.HTTPError as error:
        raise DemoError(f"the sandbox does not answer ({type(error).__name__}); see sandbox.log") from None
    return {name: sum(apis[name]["accepted"].values()) for name in ("segment", "customerio")}


def application(people: int, settings: dict[str, str], log: Path) -> Iterator[dict[str, int]]:
    """Run `app.py`, a process that sends to both APIs; yield its progress.

    Raises:
        DemoError: It failed, or could not deliver everything.
    """
    with (
        log.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, str(HERE / "app.py"), "--people", str(people)],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
        _ending(process),
    ):
        for line in process.stdout or ():
            yield json.loads(line)
        if process.wait():
            raise DemoError(_failure("the application", process.returncode, log))


def parity(sources: dict[str, Path], report: Path) -> int:
    """Run `pipelines-client parity`, which prints its report; return its exit code.

    Args:
        sources: What to compare: paths for `ledger`, `segment`, `customerio`.
        report: Path of the report; it is written with the endings `.json`, `.html` and `.md`.

    Raises:
        DemoError: The command failed.
    """
    given = [str(word) for name, path in sources.items() for word in (f"--{name}", path)]
    outputs = [word for ending in (".json", ".html", ".md") for word in ("--output", report.with_suffix(ending))]
    sys.stdout.flush()
    with (
        subprocess.Popen(  # noqa: S603 - our own programs
            [*command(), "parity", "--no-history", *given, *map(str, outputs)],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        _ending(process),
    ):
        error = process.communicate()[1].strip()
    if error:
        raise DemoError(error)
    return process.returncode


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that one of the processes wrote."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


@contextmanager
def _ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """End the process when the block ends, also by an exception."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _failure(who: str, code: int, log: Path) -> str:
    last = log.read_text("utf-8").strip().splitlines()[-1:]
    return "\n".join([f"{who} ended with exit code {code}; see {log}", *last])
