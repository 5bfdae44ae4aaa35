"""Files of evidence → facts in Parquet, in several processes when there is enough to read.

A helper process is `helper` run by the same interpreter, with its job on standard input: neither a fork of a process
that has threads, nor a second run of the caller's `__main__`, as `multiprocessing` would have it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.parity.facts import Fact, write_facts
from pipelines_client.parity.lines import is_gzip, read_lines
from pipelines_client.parity.sources import KINDS, Kind, Listing, SourceFile
from pipelines_client.parity.sources.base import LineRejectedError, path_in, vendor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACES_KEPT = 20
"""So many rejected lines are named; all are counted."""

_WORTH_A_PROCESS_BYTES = 4 << 20  # packed; about a second of work, where a process starts in half of one


@dataclass(frozen=True, slots=True)
class Rejected:
    """Where a line could not be read, and why."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What came of reading some files: the facts are in Parquet, this is the rest."""

    rows: int = 0
    rejected_lines: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    incomplete: list[Rejected] = field(default_factory=list)

    def add(self, other: Reading) -> None:
        """Take in the reading of other files."""
        self.rows += other.rows
        self.rejected_lines += other.rejected_lines
        self.rejected += other.rejected
        self.incomplete += other.incomplete


@dataclass(frozen=True, slots=True)
class Job:
    """Files for one process to read; `target` is the Parquet file to make."""

    kind: str
    root: str
    names: list[str]
    identity_key: str
    target: str


def read_listing(kind: Kind, listing: Listing, folder: Path, *, processes: int | None = None) -> Reading:
    """Write the facts of a listing into `folder`, one Parquet file for each process.

    Args:
        kind: Reader of the listed files.
        listing: From `list_files`.
        folder: Empty folder of this source.
        processes: At most so many; by default one for each CPU, fewer where there is little to read.

    Raises:
        SourceError: A file is of another vendor, or nothing in the listing could be read.
    """
    size = sum(file.bytes for file in listing.files)
    most = processes if processes is not None else len(os.sched_getaffinity(0))
    count = max(1, min(most, len(listing.files), size // _WORTH_A_PROCESS_BYTES))
    jobs = [
        Job(kind.name, str(listing.root), names, kind.identity_key.hex(), str(folder / f"part-{index:03}.parquet"))
        for index, names in enumerate(_deal(listing.files, count))
    ]
    total = Reading()
    for reading in _run(jobs):
        total.add(reading)
    total.rejected.sort(key=lambda place: (place.file, place.line))
    total.incomplete.sort(key=lambda place: (place.file, place.line))
    del total.rejected[PLACES_KEPT:]
    if total.rejected_lines and not total.rows:
        first = total.rejected[0]
        raise SourceError(
            f"{path_in(listing.root, first.file)}:{first.line}: {first.reason}; nothing could be read; {kind.cure}"
        )
    return total


def _deal(files: tuple[SourceFile, ...], count: int) -> list[list[str]]:
    """Deal files out so that each hand has about the same bytes; within a hand they keep their order."""
    hands: list[list[str]] = [[] for _ in range(count)]
    sizes = [0] * count
    for file in sorted(files, key=lambda file: (-file.bytes, file.name)):
        smallest = sizes.index(min(sizes))
        hands[smallest].append(file.name)
        sizes[smallest] += file.bytes
    return [sorted(hand) for hand in hands]


def _run(jobs: list[Job]) -> list[Reading]:
    if len(jobs) == 1:
        return [do(jobs[0])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "pipelines_client.parity.helper"]
    helpers = []
    try:
        for job in jobs:
            helper = subprocess.Popen(  # noqa: S603 - our own module, no shell; the job goes in by standard input
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            helpers.append(helper)
            assert helper.stdin is not None  # noqa: S101 - a pipe was asked for
            helper.stdin.write(orjson.dumps(job))
            helper.stdin.close()
        return [_answer(helper) for helper in helpers]
    finally:
        for helper in helpers:
            if helper.poll() is None:
                helper.kill()
            helper.wait()
            if helper.stdout is not None:
                helper.stdout.close()


def _answer(helper: subprocess.Popen[bytes]) -> Reading:
    assert helper.stdout is not None  # noqa: S101 - a pipe was asked for
    text = helper.stdout.read()
    if helper.wait() != 0:
        raise RuntimeError(
            f"a process that read evidence ended with {helper.returncode}; it was killed, or memory ran out"
        )
    answer = orjson.loads(text)
    if "error" in answer:
        raise SourceError(answer["error"])
    return Reading(
        answer["rows"],
        answer["rejected_lines"],
        [Rejected(**place) for place in answer["rejected"]],
        [Rejected(**place) for place in answer["incomplete"]],
    )


def do(job: Job) -> Reading:
    """Read the files of a job and write their facts."""
    kind, reading = KINDS[job.kind](bytes.fromhex(job.identity_key)), Reading()
    reading.rows = write_facts(Path(job.target), _facts(kind, Path(job.root), job.names, reading))
    return reading


def _facts(kind: Kind, root: Path, names: list[str], reading: Reading) -> Iterator[Fact]:
    for name in names:
        path = path_in(root, name)
        reject = _rejecter(reading, name)
        is_known = False
        for line, offset, data in read_lines(path, reject):
            fact = _fact(kind, data, (name, line, offset))
            if isinstance(fact, Fact):
                is_known = True
                yield fact
            else:
                if not is_known:
                    _refuse_other_vendor(kind, path, line, data)
                is_misnamed = not is_known and name.endswith(".gz") and not is_gzip(path)
                reject(line, f"{fact}, and not gzip either" if is_misnamed else str(fact))


def _fact(kind: Kind, data: bytes, place: tuple[str, int, int]) -> Fact | LineRejectedError:
    try:
        return kind.read_line(data, *place)
    except LineRejectedError as error:
        return error


def _rejecter(reading: Reading, name: str) -> Callable[..., None]:
    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        place = Rejected(name, line, reason)
        reading.rejected_lines += 1
        if len(reading.rejected) < PLACES_KEPT:
            reading.rejected.append(place)
        if incomplete:
            reading.incomplete.append(place)

    return reject


def _refuse_other_vendor(kind: Kind, path: Path, line: int, data: bytes) -> None:
    vendor = vendor_of(data)
    if vendor is not None and vendor != kind.name:
        raise SourceError(
            f"{path}:{line}: this is {KINDS[vendor].title}, given as --{kind.name}; give it as --{vendor}"
        )
