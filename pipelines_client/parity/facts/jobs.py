"""One job: read some files of evidence into the tables of one folder. Runs in this process or in another."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines_client.errors import SourceError
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.parity.facts.collect import CountCollector, FactCollector
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.facts.read_file import FileReader
from pipelines_client.parity.facts.writer import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Job:
    """Files for one process to read into the tables of one folder."""

    kind: str
    source: str
    identity_key: str
    options: dict[str, Any]
    files: list[tuple[str, str]]
    folder: str
    cures: dict[str, Any] = field(default_factory=dict)


def do(job: Job, advance: Callable[[int], object]) -> Reading:
    """Read the files of a job into the tables of its folder."""
    kind = KINDS[job.kind](bytes.fromhex(job.identity_key), job.source, job.options)
    kind.cures = job.cures
    reading = Reading()
    with _without_garbage_collector(), _name_folder(Path(job.folder)), Tables(Path(job.folder)) as tables:
        collector = CountCollector(kind, tables) if kind.is_counts else FactCollector(kind, tables)
        reader = FileReader(kind, collector, reading)
        for name, location in job.files:
            reader.read(name, location, advance)
            collector.write()
        collector.finish()
        reader.finish()
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
