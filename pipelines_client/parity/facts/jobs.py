"""One job: read some files of evidence into the tables of one folder. Runs in this process or in another."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.base import Ending
from pipelines_client.evidence.files.open import is_gzip, open_raw
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.lines import LineRejectedError, wrapped
from pipelines_client.evidence.recognise import refuse_other_kind
from pipelines_client.parity.facts.collect import CountCollector, FactCollector
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.facts.writer import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines_client.evidence.kinds.base import Kind

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


def do(job: Job, advance: Callable[[int], object]) -> Reading:
    """Read the files of a job into the tables of its folder."""
    kind = KINDS[job.kind](bytes.fromhex(job.identity_key), job.source, job.options)
    reading = Reading()
    with _without_garbage_collector(), _name_folder(Path(job.folder)), Tables(Path(job.folder)) as tables:
        collector = CountCollector(kind, tables) if kind.is_counts else FactCollector(kind, tables)
        for name, location in job.files:
            _read_file(kind, (name, location), collector, reading, advance)
            collector.write()
        collector.finish()
        reading.rows = collector.count
        reading.notes += collector.notes
        if kind.columns_seen is not None:
            reading.columns, reading.found = list(kind.columns_seen.names), kind.columns_seen.found
    return reading


@contextmanager
def _without_garbage_collector() -> Iterator[None]:
    """Turn the garbage collector off: rows hold no reference cycles, and looking for them takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _name_folder(folder: Path) -> Iterator[None]:
    """Turn an error of writing into one that names the folder and the cure; errors of reading are handled elsewhere."""
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
    collector: FactCollector | CountCollector,
    reading: Reading,
    advance: Callable[[int], object],
) -> None:
    name, location = file
    reject, read, add = partial(reading.reject, name), kind.read, collector.add
    is_known, is_first, in_a_row = False, True, 0
    count, rejected, ending = collector.count, reading.rejected_lines, Ending()
    for line, offset, data in read_rows(location, reject, advance=advance, columns=kind.columns, ending=ending):
        if is_first:
            refuse_other_kind(kind, location, line, data)
            is_first = False
        try:
            add(*read(data, name, line, offset))
        except Exception as error:  # noqa: BLE001 - a line that we did not foresee must not end the report
            is_misnamed = not is_known and name.endswith(".gz") and _is_unpacked(location)
            reason = wrapped(_rejection(error), data)
            why, is_gap = f"{reason}, and not gzip either" if is_misnamed else str(reason), reason.hides_more
            if not kind.is_growing:  # a killed process leaves such a line, and the next one writes another file
                why, is_gap = ending.judge(why, hides_more=is_gap)
            reject(line, why, incomplete=is_gap)
            in_a_row += 1
            if in_a_row >= _MAX_REJECTED_IN_A_ROW:
                why = f"{_MAX_REJECTED_IN_A_ROW:,} lines in a row could not be read; the rest is not read"
                reject(line, why, incomplete=True)
                break
        else:
            is_known, in_a_row = True, 0
            if collector.is_full:
                collector.write()
    if collector.count == count and reading.rejected_lines == rejected:
        _note_empty(name, location, reading)


def _note_empty(name: str, location: str, reading: Reading) -> None:
    """Note a file without rows. One that is named as gzip and has no bytes is a copy that failed."""
    if name.endswith(".gz") and _is_nothing(location):
        reading.reject(name, 0, "the file has 0 bytes, and gzip has at least 18; copy it again", incomplete=True)
    else:
        reading.notes.append(f"{name} is empty")


def _rejection(error: Exception) -> LineRejectedError:
    """Return why a line was rejected. The message of a library's error is not shown: it may quote the line."""
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
