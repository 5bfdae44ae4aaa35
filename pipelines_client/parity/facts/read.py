"""Files of evidence → packs of facts in Parquet, in several processes when there is enough to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.open import cpus
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.listing import Listing, SourceFile, has_only_grown, is_unchanged
from pipelines_client.parity.facts.jobs import Job
from pipelines_client.parity.facts.native import is_native
from pipelines_client.parity.facts.packs import PLACES_KEPT, Pack, Reading, Store
from pipelines_client.parity.facts.processes import InterruptedReading, run_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Find = Callable[[Kind, tuple[SourceFile, ...]], tuple[list[Pack], list[SourceFile]]]

_WORTH_A_PROCESS_BYTES = 8 << 20  # packed; a third of a second of work, where a process starts in a fifth of one
_JOB_BYTES = 64 << 20
_JOB_FILES = 256


@dataclass(frozen=True, slots=True)
class _Task:
    """A job and the files that it reads."""

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
    find: Find | None = None,
) -> dict[str, list[Pack]]:
    """Return packs with the facts of some sources: those that exist, and new ones for the other files.

    By default it uses a thread or a process for each CPU, fewer where there is little to read; `read_jobs` reads
    elsewhere, such as on a cluster. `find` finds packs that are kept elsewhere, such as in a database; it is asked
    first. `advance` is called with the number of bytes of the listed files that are done.

    Raises:
        SourceError: A file is of another vendor, or nothing in a listing could be read.
    """
    report = advance or (lambda _: None)
    packs, tasks = _find_packs(sources, store, find)
    report(sum(_bytes_of(pack.files) for some in packs.values() for pack in some))
    tasks.sort(key=lambda named: -_bytes_of(named[1].files))
    jobs = [task.job for _, task in tasks]
    if read_jobs is None:
        most = processes if processes is not None else cpus()
        others = [_bytes_of(task.files) for _, task in tasks if not is_native(type(task.kind))]
        helpers = min(len(others), sum(others) // _WORTH_A_PROCESS_BYTES)
        count = max(1, min(most, len(tasks) - len(others) + helpers))
        readings = run_jobs(jobs, count, report, is_helped=helpers > 1)
    else:
        readings = read_jobs(jobs, report)
    for (name, task), reading in zip(tasks, readings, strict=True):
        is_final = _note_changes(task, reading) and not isinstance(reading, InterruptedReading)
        packs[name].append(store.keep(Path(task.job.folder), task.files, reading, is_final=is_final))
    return packs


def _find_packs(
    sources: Mapping[str, tuple[Kind, Listing]], store: Store, find: Find | None
) -> tuple[dict[str, list[Pack]], list[tuple[str, _Task]]]:
    """Return by source the packs that exist, and the tasks that read the other files."""
    packs: dict[str, list[Pack]] = {}
    tasks: list[tuple[str, _Task]] = []
    for name, (kind, listing) in sources.items():
        elsewhere, left = find(kind, listing.files) if find is not None else ([], listing.files)
        here, missing = store.find(kind, tuple(left))
        packs[name] = [*elsewhere, *here]
        tasks += [(name, task) for task in _tasks(kind, missing, store)]
        if not packs[name] and not missing:
            tasks.append((name, _task(kind, [], store)))  # an empty source has tables too
    return packs, tasks


def _bytes_of(files: Iterable[SourceFile]) -> int:
    return sum(file.bytes for file in files)


def _note_changes(task: _Task, reading: Reading) -> bool:
    """Return whether no file has changed since it was listed. A change may hide lines, unless files only grow."""
    changed = [file for file in task.files if not is_unchanged(file)]
    named = {place.file for place in reading.incomplete}
    for file in changed:
        if file.name not in named and not (task.kind.is_growing and has_only_grown(file)):
            reading.reject(file.name, 0, "it changed while it was read; run again", incomplete=True)
    return not changed


def total_of(kind: Kind, listing: Listing, packs: list[Pack]) -> Reading:
    """Add up the readings of a source.

    Raises:
        SourceError: Nothing of it could be read, or no row has a column that its map names.
    """
    total = Reading(notes=list(listing.notes))
    for pack in packs:
        total.add(pack.reading)
    kind.refuse_lacking(total.found, total.columns)
    for place in total.open_ends if total.closed else ():
        total.lose(place)
    types = Counter(kind.type_of(file.name) for file in listing.files)
    for place in total.round_ends:
        if types[kind.type_of(place.file)] == 1:  # several files may each be a part of a round size
            total.lose(place)
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
    """Group files into jobs of a size worth a process, in the order of their names."""
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
    job = Job(kind.name, kind.source, key, kind.options, places, str(store.begin(kind)), dict(kind.cures))
    return _Task(kind, tuple(files), job)
