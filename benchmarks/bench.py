"""Starts the runs of a case against the server, one process each, and refuses broken ones."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.run import Result
from benchmarks.server import Server
from benchmarks.statistics import BrokenError, is_figure
from benchmarks.subjects import Subject

_SETTLES_S = 5.0
_PATIENCE_S = 900.0


class Bench:
    """Starts runs. `scale` sets their size and `pairs` their number: a smoke run does the same with less."""

    def __init__(self, server: Server, folder: Path, *, scale: float = 1.0, pairs: int = 7) -> None:
        self.server = server
        self.folder = folder
        self.scale = scale
        self.pairs = pairs
        self.patience_s = _PATIENCE_S * max(scale, 0.05)
        """How long a run may take before it counts as hanging. A slow run is not broken."""

    def scaled(self, count: int, *, least: int = 50) -> int:
        """Return a count of messages for this run's size."""
        return max(least, round(count * self.scale))

    def start(
        self, workload: str, subject: Subject, count: int, *, targets: Sequence[str] = (), **args: Any
    ) -> Running:
        """Start a run that makes `count` calls.

        Args:
            workload: A name in `WORKLOADS`.
            subject: Which client.
            count: Calls to make.
            targets: Where to send; by default a new target for each leg, which answers at once.
            args: The workload's arguments, and `first`, `waits`, `state_dir` (see `child`).
        """
        return Running(self, workload, subject, count, list(targets), args)

    def thinned(self, values: Sequence[int]) -> Sequence[int]:
        """Return all values, or the first and the last in a run of one pair."""
        return values if self.pairs > 1 else [values[0], values[-1]]

    def turns(self, labels: Sequence[str], rounds: int | None = None) -> Iterator[str]:
        """Yield which label runs next: all labels in turn, in reverse order in every other round."""
        for number in range(self.pairs if rounds is None else min(rounds, self.pairs)):
            yield from labels if number % 2 == 0 else reversed(labels)

    def run(self, workload: str, subject: Subject, count: int, *, targets: Sequence[str] = (), **args: Any) -> Result:
        """Start a run, wait for it and return what it measured.

        Raises:
            BrokenError: The run failed, or not all messages arrived.
        """
        return self.start(workload, subject, count, targets=targets, **args).finish()


class Running:
    """A run in its process."""

    def __init__(
        self, bench: Bench, workload: str, subject: Subject, count: int, targets: list[str], args: dict[str, Any]
    ) -> None:
        self._bench = bench
        self._subject = subject
        self.targets = targets or [bench.server.make_target() for _ in range(subject.legs)]
        self._shares_targets = args.pop("shares_targets", False)
        self._state_dir = Path(args.pop("state_dir", None) or tempfile.mkdtemp(dir=bench.folder))
        spec = {
            "workload": workload,
            "subject": dataclasses.asdict(dataclasses.replace(subject, holds=max(subject.holds, 2 * count))),
            "hosts": self.targets,
            "state_dir": str(self._state_dir),
            "count": count,
            "first": args.pop("first", 0),
            "waits": args.pop("waits", False),
            "args": args,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(bench.patience_s, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def read(self) -> Result:
        """Return the next line of the run's output.

        Raises:
            BrokenError: The run ended without one.
        """
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            self._watchdog.cancel()
            _, errors = self._process.communicate()
            raise BrokenError(f"a run of {self._subject.title} ended with {self._process.returncode}: {errors[-500:]}")
        result: Result = json.loads(line)
        return result

    def go(self) -> None:
        """Let a waiting run continue."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def finish(self) -> Result:
        """Return what the run measured, once all messages have arrived.

        Raises:
            BrokenError: The run failed, or not all messages arrived.
        """
        result = self.read()
        self._process.communicate()
        self._watchdog.cancel()
        if not all(is_figure(result[name]) for name in ("cpu_s", "wall_s", "peak_mb")):
            raise BrokenError(f"a run of {self._subject.title} measured nothing: {result}")
        if not self._shares_targets:
            result["arrived"] = [arrived(self._bench.server, target, result["calls"]) for target in self.targets]
            shutil.rmtree(self._state_dir, ignore_errors=True)
        return result


def arrived(server: Server, target: str, calls: int, *, patience_s: float = _SETTLES_S) -> dict[str, int]:
    """Wait up to `patience_s` seconds until every call has arrived, and return what the target counted.

    Raises:
        BrokenError: A message did not arrive.
    """
    until = time.monotonic() + patience_s
    counts = server.counts(target)
    while counts["distinct"] < calls and time.monotonic() < until:
        time.sleep(0.05)
        counts = server.counts(target)
    if counts["distinct"] != calls:
        raise BrokenError(f"{calls} calls were made, and {counts['distinct']} messages arrived")
    server.forget(target)
    return counts
