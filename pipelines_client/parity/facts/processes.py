"""Jobs in several threads and processes of this machine: threads for what the native reader reads.

A helper process is `worker`, run by the same interpreter, with its jobs on standard input. This is neither a fork of a
process that has threads, nor a second run of the caller's `__main__`, as `multiprocessing` would do. It imports from
where this process does, and never from the working directory: a file called `orjson.py` may lie there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines_client.errors import SourceError
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.parity.facts.jobs import Job, do
from pipelines_client.parity.facts.native import is_native
from pipelines_client.parity.facts.packs import Reading, reading_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_START = "import sys; sys.path[:] = sys.argv[1:]; from pipelines_client.parity.facts.worker import main; main()"
"""Python puts the working directory on the path of a `-c` or `-m`, and `-P`, which forbids it, came with 3.11."""


@dataclass(slots=True)
class InterruptedReading(Reading):
    """The reading of a job whose process ended: the next run reads its files again."""


def run_jobs(jobs: list[Job], count: int, advance: Callable[[int], object], *, is_helped: bool = True) -> list[Reading]:
    """Do `count` jobs at once, or one after the other in this thread; return their readings in the same order.

    Helper processes do what the native reader does not read, if it is worth starting them (`is_helped`).
    """
    if count == 1:
        return [do(job, advance) for job in jobs]
    waiting = deque(enumerate(jobs))
    readings: dict[int, Reading] = {}
    is_over = Event()

    def go_on(count: int) -> None:
        if is_over.is_set():
            raise _EndedError("it was stopped")
        advance(count)

    def work(helper: _Helper) -> None:
        while True:
            try:
                index, job = waiting.popleft()
            except IndexError:
                return
            readings[index] = _read(job, helper if is_helped else None, go_on)

    helpers: list[_Helper] = []
    with _ending(helpers), ThreadPoolExecutor(count) as threads:
        helpers += [_Helper() for _ in range(count)]
        futures = [threads.submit(work, helper) for helper in helpers]
        try:
            for future in futures:
                future.result()
        except BaseException:
            waiting.clear()
            is_over.set()
            for helper in helpers:
                helper.kill()  # ends the threads that wait for it
            raise
    pa.default_memory_pool().release_unused()  # an engine will need it
    return [readings[index] for index in range(len(jobs))]


def import_path() -> list[str]:
    """Return where this process imports from, without the working directory unless this package lies in it."""
    ours, left_out = str(Path(__file__).absolute().parents[3]), {""}
    with suppress(OSError):  # it was removed
        left_out.add(str(Path.cwd()))
    return [*(path for path in sys.path if Path(path).is_absolute() and path not in {*left_out, ours}), ours]


def _read(job: Job, helper: _Helper | None, advance: Callable[[int], object]) -> Reading:
    """Do a job in this thread, if the native reader reads most of it or there is no helper, else in the helper."""
    try:
        return do(job, advance) if helper is None or is_native(KINDS[job.kind]) else helper.do(job, advance)
    except _EndedError as error:
        return _interrupted(job, str(error))


@contextmanager
def _ending(helpers: list[_Helper]) -> Iterator[None]:
    try:
        yield
    finally:
        for helper in helpers:
            helper.close()


class _EndedError(Exception):
    """A process ended before its job was done; the text says how."""


def _interrupted(job: Job, why: str) -> Reading:
    do(replace(job, files=[]), lambda _: None)  # replaces the tables that were begun with empty ones
    reading = InterruptedReading()
    for name, _ in job.files:
        reading.reject(name, 0, why, incomplete=True)
    return reading


class _Helper:
    """A process that does one job after the other; the first job starts it, and if it ends, the next one another."""

    def __init__(self) -> None:
        self._is_over = False
        self._process: subprocess.Popen[bytes] | None = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._process.poll() is None or self._is_over):
            return self._process
        if self._process is not None:
            self._process.communicate()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", _START, *import_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C reaches only this process, which ends the others
        )
        return self._process

    def do(self, job: Job, advance: Callable[[int], object]) -> Reading:
        """Send a job to the process, and return its reading.

        Raises:
            _EndedError: The process ended before the job was done.
        """
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert process.stdout is not None  # noqa: S101 - as above
        with suppress(BrokenPipeError):
            process.stdin.write(
                json.dumps(asdict(job)).encode("ascii") + b"\n"
            )  # a path may hold bytes that are not text
            process.stdin.flush()
        for text in process.stdout:
            if not text.endswith(b"\n"):  # the process ended while it wrote
                break
            answer = json.loads(text)
            if "error" in answer:
                raise SourceError(answer["error"])
            if "advance" not in answer:
                return reading_from(answer)
            advance(answer["advance"])
        status = process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise _EndedError(
            f"the process that read it ended ({how}): memory ran out, or a file of those it read is damaged; run again"
        )

    def kill(self) -> None:
        """End it at once, and for good."""
        self._is_over = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End it and let go of its pipes."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
