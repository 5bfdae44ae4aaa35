"""Files of evidence → packs of facts in Parquet, in several processes when there is enough to read.

A helper process is `helper` run by the same interpreter, with its jobs on standard input: neither a fork of a process
that has threads, nor a second run of the caller's `__main__`, as `multiprocessing` would have it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.base import Ending
from pipelines_client.evidence.files.open import cpus, is_gzip, open_raw
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.lines import LineRejectedError, wrapped
from pipelines_client.evidence.listing import Listing, SourceFile, has_only_grown, is_unchanged
from pipelines_client.evidence.recognise import refuse_other_kind
from pipelines_client.parity.facts.collect import Counted, Gathered
from pipelines_client.parity.facts.packs import PLACES_KEPT, Pack, Reading, Store, reading_from
from pipelines_client.parity.facts.writer import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_WORTH_A_PROCESS_BYTES = 4 << 20  # packed; about a second of work, where a process starts in half of one
_JOB_BYTES = 64 << 20
_JOB_FILES = 256
_MAX_REJECTED_IN_A_ROW = 100_000


@dataclass(frozen=True, slots=True)
class Job:
    """Files for one process to read into the tables of one folder."""

    kind: str
    source: str
    identity_key: str
    options: dict[str, Any]
    files: list[tuple[str, str]]
    folder: str


@dataclass(frozen=True, slots=True)
class _Task:
    """A job with what becomes of it."""

    kind: Kind
    files: tuple[SourceFile, ...]
    job: Job


def read_sources(
    sources: Mapping[str, tuple[Kind, Listing]],
    store: Store,
    *,
    processes: int | None = None,
    advance: Callable[[int], object] | None = None,
    read_jobs: Callable[[Sequence[Job], Callable[[int], object]], list[Reading]] | None = None,
    find: Callable[[Kind, tuple[SourceFile, ...]], tuple[list[Pack], list[SourceFile]]] | None = None,
) -> dict[str, list[Pack]]:
    """Return packs that hold the facts of some sources: those that are there, and new ones for what they lack.

    Args:
        sources: By name, the reader and its files.
        store: Where packs are and will be.
        processes: At most so many; by default one for each CPU, fewer where there is little to read.
        advance: Told how many bytes of the listed files are done, as they are.
        read_jobs: Does the reading elsewhere, such as on a cluster.
        find: Finds packs that are elsewhere, such as in a database, as `Store.find` does; it is asked first.

    Raises:
        SourceError: A file is of another vendor, or nothing in a listing could be read.
    """
    packs: dict[str, list[Pack]] = {}
    tasks: list[tuple[str, _Task]] = []
    for name, (kind, listing) in sources.items():
        elsewhere, left = find(kind, listing.files) if find is not None else ([], listing.files)
        here, missing = store.find(kind, tuple(left))
        packs[name] = [*elsewhere, *here]
        if advance is not None:
            advance(sum(file.bytes for pack in packs[name] for file in pack.files))
        tasks += [(name, task) for task in _tasks(kind, missing, store)]
        if not packs[name] and not missing:
            tasks.append((name, _task(kind, [], store)))  # an empty source has its tables too
    size = sum(file.bytes for _, task in tasks for file in task.files)
    most = processes if processes is not None else cpus()
    count = max(1, min(most, len(tasks), size // _WORTH_A_PROCESS_BYTES))
    tasks.sort(key=lambda named: -sum(file.bytes for file in named[1].files))
    jobs, told = [task.job for _, task in tasks], advance or (lambda _: None)
    readings = _run(jobs, count, told) if read_jobs is None else read_jobs(jobs, told)
    for (name, task), reading in zip(tasks, readings, strict=True):
        is_final = _note_changes(task, reading) and not isinstance(reading, _Unread)
        packs[name].append(store.keep(Path(task.job.folder), task.files, reading, is_final=is_final))
    return packs


def _note_changes(task: _Task, reading: Reading) -> bool:
    """Say whether all files are still what was listed; a change may have hidden lines, unless the kind always grows."""
    changed = [file for file in task.files if not is_unchanged(file)]
    told = {place.file for place in reading.incomplete}
    for file in changed:
        if file.name not in told and not (task.kind.is_growing and has_only_grown(file)):
            reading.reject(file.name, 0, "it changed while it was read; run again", incomplete=True)
    return not changed


def total_of(kind: Kind, listing: Listing, packs: list[Pack]) -> Reading:
    """Add up what came of reading a source.

    Raises:
        SourceError: Nothing of it could be read.
    """
    total = Reading(notes=list(listing.notes))
    for pack in packs:
        total.add(pack.reading)
    for place in listing.problems:
        total.reject(place.file, place.line, place.reason, incomplete=True)
    total.rejected.sort(key=lambda place: (place.file, place.line))
    total.incomplete.sort(key=lambda place: (place.file, place.line))
    del total.rejected[PLACES_KEPT:]
    if total.rejected_lines and not total.rows:
        first = total.rejected[0]
        where = next((file.location for file in listing.files if file.name == first.file), first.file)
        line = f":{first.line}" if first.line else ""
        raise SourceError(f"{where}{line}: {first.reason}; nothing could be read; {kind.cure}")
    return total


def _tasks(kind: Kind, files: list[SourceFile], store: Store) -> Iterator[_Task]:
    """Put files together until there is enough for a process to do; in the order of their names, as they grow."""
    held: list[SourceFile] = []
    for file in files:
        if held and (sum(one.bytes for one in held) + file.bytes > _JOB_BYTES or len(held) >= _JOB_FILES):
            yield _task(kind, held, store)
            held = []
        held.append(file)
    if held:
        yield _task(kind, held, store)


def _task(kind: Kind, files: list[SourceFile], store: Store) -> _Task:
    places = [(file.name, file.location) for file in files]
    key = kind.identity_key.hex()
    job = Job(kind.name, kind.source, key, kind.options, places, str(store.begin(kind)))
    return _Task(kind, tuple(files), job)


def _run(jobs: list[Job], count: int, advance: Callable[[int], object]) -> list[Reading]:
    if count == 1:
        return [do(job, advance) for job in jobs]
    waiting = deque(enumerate(jobs))
    readings: dict[int, Reading] = {}

    def work(helper: _Helper) -> None:
        while True:
            try:
                index, job = waiting.popleft()
            except IndexError:
                return
            try:
                readings[index] = helper.do(job, advance)
            except _EndedError as error:
                readings[index] = _unread(job, str(error))

    helpers: list[_Helper] = []
    with _ending(helpers), ThreadPoolExecutor(count) as threads:
        helpers += [_Helper() for _ in range(count)]
        futures = [threads.submit(work, helper) for helper in helpers]
        try:
            for future in futures:
                future.result()
        except BaseException:
            waiting.clear()
            for helper in helpers:
                helper.kill()  # ends the threads that wait for it
            raise
    return [readings[index] for index in range(len(jobs))]


@contextmanager
def _ending(helpers: list[_Helper]) -> Iterator[None]:
    try:
        yield
    finally:
        for helper in helpers:
            helper.close()


class _EndedError(Exception):
    """A process ended in the midst of a job; the text says how."""


@dataclass(slots=True)
class _Unread(Reading):
    """What a process was at that ended: another run reads it again."""


def _unread(job: Job, why: str) -> Reading:
    do(replace(job, files=[]), lambda _: None)  # tables without rows in place of those that were begun
    reading = _Unread()
    for name, _ in job.files:
        reading.reject(name, 0, why, incomplete=True)
    return reading


class _Helper:
    """A process that does one job after the other; another takes over from one that ended."""

    def __init__(self) -> None:
        self._is_over = False
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines_client.parity.facts.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interrupt of the terminal is for us, who ends it
        )

    def do(self, job: Job, advance: Callable[[int], object]) -> Reading:
        """Have a job done.

        Raises:
            _EndedError: The process ended before it was; the next job has a new one.
        """
        if self._process.poll() is not None and not self._is_over:
            self._process.communicate()
            self._start()
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101 - as above
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asdict(job)).encode("ascii") + b"\n")  # a path may be no text
            self._process.stdin.flush()
        for text in self._process.stdout:
            if not text.endswith(b"\n"):  # it ended while it wrote
                break
            answer = json.loads(text)
            if "error" in answer:
                raise SourceError(answer["error"])
            if "advance" not in answer:
                return reading_from(answer)
            advance(answer["advance"])
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise _EndedError(
            f"the process that read it ended ({how}): memory ran out, or a file of those it read is damaged; run again"
        )

    def kill(self) -> None:
        """End it at once, and for good."""
        self._is_over = True
        self._process.kill()

    def close(self) -> None:
        """End it and let go of its pipes."""
        self._process.kill()
        self._process.communicate()


def do(job: Job, advance: Callable[[int], object]) -> Reading:
    """Read the files of a job into the tables of its folder."""
    kind = KINDS[job.kind](bytes.fromhex(job.identity_key), job.source, job.options)
    reading = Reading()
    with _uncollected(), _told_of_writing(Path(job.folder)), Tables(Path(job.folder)) as tables:
        gathered = Counted(kind, tables) if kind.is_counts else Gathered(kind, tables)
        for name, location in job.files:
            _read_file(kind, (name, location), gathered, reading, advance)
            gathered.write()
        gathered.finish()
        reading.rows = gathered.count
        reading.notes += gathered.notes
    return reading


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector off: rows hold no circles, and looking for them costs a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _told_of_writing(folder: Path) -> Iterator[None]:
    """Name the folder that takes no more facts, and the cure; errors of reading are told where they happen."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        raise SourceError(
            f"{folder.parents[1]}: facts cannot be written there ({why}); make room, or name another folder: --cache"
            " for facts that are kept, TMPDIR for those of one run"
        ) from None


def _read_file(
    kind: Kind,
    file: tuple[str, str],
    gathered: Gathered | Counted,
    reading: Reading,
    advance: Callable[[int], object],
) -> None:
    name, location = file
    reject, read, add = partial(reading.reject, name), kind.read, gathered.add
    is_known, is_first, in_a_row = False, True, 0
    count, rejected, ending = gathered.count, reading.rejected_lines, Ending()
    for line, offset, data in read_rows(location, reject, advance=advance, columns=kind.columns, ending=ending):
        if is_first:
            refuse_other_kind(kind, location, line, data)
            is_first = False
        try:
            add(*read(data, name, line, offset))
        except Exception as error:  # noqa: BLE001 - a line that none of us foresaw takes no report with it
            is_misnamed = not is_known and name.endswith(".gz") and _is_unpacked(location)
            reason = wrapped(_rejection(error), data)
            why, is_gap = f"{reason}, and not gzip either" if is_misnamed else str(reason), reason.hides_more
            if not kind.is_growing:  # a process that is killed leaves such a line, and writes on in another file
                why, is_gap = ending.judge(why, hides_more=is_gap)
            reject(line, why, incomplete=is_gap)
            in_a_row += 1
            if in_a_row >= _MAX_REJECTED_IN_A_ROW:
                why = f"{_MAX_REJECTED_IN_A_ROW:,} lines in a row could not be read; the rest is not read"
                reject(line, why, incomplete=True)
                break
        else:
            is_known, in_a_row = True, 0
            if gathered.is_full:
                gathered.write()
    if gathered.count == count and reading.rejected_lines == rejected:
        _note_empty(name, location, reading)


def _note_empty(name: str, location: str, reading: Reading) -> None:
    """Note a file without rows; one that is named as gzip and has no bytes is what is left of a copy."""
    if name.endswith(".gz") and _is_nothing(location):
        reading.reject(name, 0, "the file has 0 bytes, and gzip has at least 18; copy it again", incomplete=True)
    else:
        reading.notes.append(f"{name} is empty")


def _rejection(error: Exception) -> LineRejectedError:
    """Say why a line is no fact, in words of ours only: an error of another's may quote it."""
    if isinstance(error, LineRejectedError):
        return error
    if isinstance(error, MemoryError):
        raise error
    return LineRejectedError(f"could not be read ({type(error).__name__})")


def _is_nothing(location: str) -> bool:
    try:
        with open_raw(location) as raw:
            return not raw.read(1)
    except OSError:
        return False


def _is_unpacked(location: str) -> bool:
    try:
        return not is_gzip(location)
    except OSError:
        return False
