"""The findings that one source is enough for: to see that an id collides takes no second side."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipelines_client.evidence.calls import kinds_at
from pipelines_client.evidence.identity_keys import find_identity_key
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import LEDGER
from pipelines_client.parity.differences.reopen import Opener
from pipelines_client.parity.facts.packs import Reading, Store
from pipelines_client.parity.facts.read import read_sources
from pipelines_client.parity.findings import date_attributes, find_classes, identity_collisions, ineffective_identifies
from pipelines_client.parity.findings.base import Material
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions.engine import EngineSettings
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.rows import Answers
from pipelines_client.parity.report.collision_list import write_collisions
from pipelines_client.parity.scope import SKEW_MS
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity.model import ClassReport

CLASSES = (
    ineffective_identifies.CLASS,
    identity_collisions.COLLISIONS,
    date_attributes.BESIDE_ROUTES,
    identity_collisions.LOOSE,
)
"""The classes of findings that are about what a workspace makes of single calls and people, in their order."""


def find_alone(
    paths: Sequence[str],
    column_map: Mapping[str, Any] | None = None,
    *,
    collisions: Path | None = None,
    show_ids: bool = False,
    advance: Callable[[int], object] | None = None,
) -> tuple[ClassReport, ...]:
    """Return a report of each class of `CLASSES` over everything at the paths, in this process's DuckDB.

    Lines that cannot be read are passed over; nothing is kept.

    Args:
        paths: Each a path, glob or address of an archive, files of calls, storage files, a table or a ledger.
        column_map: How tables are read.
        collisions: File for the ids that collide, as CSV.
        show_ids: Show ids in clear in that file, not their hashes.
        advance: Called with the number of stored bytes that are read.

    Raises:
        SourceError: A path does not exist, or its kind is not known.
        OSError: The file of collisions cannot be written.
    """
    readers = _readers(paths, column_map)
    with TemporaryDirectory(prefix="findings-") as scratch, closing(Store(Path(scratch, "packs"))) as store:
        packs = read_sources(readers, store, advance=advance)
        with closing(open_engine("duckdb", Path(scratch))) as engine:
            engine.load(pack.folder for some in packs.values() for pack in some)
            engine.build(_settings({kind.source for kind, _ in readers.values()}), causes.TABLE)
            questions = dict.fromkeys(each.question for each in CLASSES if each.question is not None)
            answers = Answers({question: engine.ask(question) for question in questions})
            if collisions is not None:
                openers = _openers(readers) if show_ids else None
                write_collisions(engine.stream(identity_collisions.LIST), collisions, openers)
    reports, _ = find_classes(Material(answers, {}, {}), CLASSES)
    return reports


def _readers(paths: Sequence[str], column_map: Mapping[str, Any] | None) -> dict[str, tuple[Kind, Listing]]:
    """Return a reader of each kind of evidence, with all files of that kind."""
    found: dict[str, tuple[Kind, list[str]]] = {}
    for kind, path in kinds_at(paths, column_map):
        found.setdefault(kind.name, (kind, []))[1].append(path)
    key = find_identity_key(found[LEDGER][1] if LEDGER in found else ()).key or secrets.token_bytes(32)
    return {
        name: (type(kind)(key, kind.source, kind.options), list_files(type(kind), given))
        for name, (kind, given) in found.items()
    }


def _settings(sources: Collection[str]) -> EngineSettings:
    given = {f"has_{source}": int(source in sources) for source in (LEDGER, *SIDES)}
    return EngineSettings(**given, skew_ms=SKEW_MS)


def _openers(readers: Mapping[str, tuple[Kind, Listing]]) -> dict[str, Opener]:
    return {kind.source: Opener(kind, listing.location_of, Reading()) for kind, listing in readers.values()}
