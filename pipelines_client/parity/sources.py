"""The sources of a run: which were given, their readers, and the facts that are read of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import EngineError, SourceError
from pipelines_client.evidence.columns import refuse_unknown
from pipelines_client.evidence.count_apis.base import MAX_DAYS, TimeSpan, fetch_counts
from pipelines_client.evidence.kept_cures import CURES_DIFFER, kept_cures
from pipelines_client.evidence.kinds.base import CONTEXT
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import (
    COUNTS,
    SOURCES,
    AskedApi,
    Named,
    Where,
    name_counts,
    parse_where,
    texts_of,
)
from pipelines_client.evidence.waiting import waiting_in
from pipelines_client.parity.facts.packs import Pack, Reading, Store
from pipelines_client.parity.facts.read import read_sources, total_of
from pipelines_client.parity.facts.writer import Tables
from pipelines_client.parity.judgement.counts import CountsSource
from pipelines_client.parity.questions.engine import Engine
from pipelines_client.parity.questions.open import shares_folders
from pipelines_client.parity.report.inputs import SourceRead
from pipelines_client.parity.report.sources import place_of
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity.options import ParityOptions

MakeKind = Callable[["type[Kind]", str], "Kind"]
Reader = tuple["Kind", "Listing"]

_SOURCES_NEEDED = 2


class GivenSources(NamedTuple):
    """The sources of a run by name: those that are compared message by message, and those of counts only."""

    named: dict[str, Named]
    counted: dict[str, Named | AskedApi]


def name_sources(paths: Mapping[str, Where], options: ParityOptions) -> GivenSources:
    """Return the sources at the paths.

    Raises:
        SourceError: There are fewer than two, or a path is not understood.
    """
    named = {name: parse_where(name, paths[name]) for name in SOURCES if name in paths}
    counted = name_counts(texts_of(paths.get(COUNTS, ())))
    if not named or len(named) + len(counted) < _SOURCES_NEEDED:
        raise SourceError(
            "parity compares two or three sources: give at least two of --ledger, --segment, --customerio, "
            "or one of them and --counts"
        )
    refuse_unknown(options.column_maps, (*named, *counted))
    return GivenSources(named, counted)


def list_readers(given: GivenSources, make: MakeKind) -> dict[str, Reader]:
    """Return a reader and the files of each source; APIs of counts have none.

    Raises:
        SourceError: A source is missing, or is given as the wrong kind.
    """
    readers: dict[str, Reader] = {}
    for name, where in {**given.named, **given.counted}.items():
        if isinstance(where, Named):
            kind = make(where.kind, name)
            readers[name] = kind, list_files(where.kind, where.given, holds_counts=kind.is_counts)
    _refuse_uncounted(readers, given.named)
    return readers


def kind_maker(key: bytes, options: ParityOptions) -> MakeKind:
    """Return the function that makes the reader of a kind of evidence for a source; a table needs a column map."""

    def make(kind: type[Kind], name: str) -> Kind:
        columns = options.column_maps.get(name, options.column_map)
        if kind is Table and not columns:
            raise SourceError(
                f"--{name}: a table needs a column map, a TOML file that says which column holds what; pass it with"
                f" --map {name}=FILE"
            )
        paths = options.rules.compare.context
        own = columns if issubclass(kind, Table) else {CONTEXT: sorted(paths)} if paths else None
        made = kind(key, name, own)
        made.cures = (options.cures or {}) if name in SIDES else {}
        return made

    return make


def with_cures(options: ParityOptions, named: Mapping[str, Named]) -> tuple[ParityOptions, list[str]]:
    """Return options that say what the Customer.io leg changes, and notes on the ledger if that is not clear.

    That is in the options, else in the rules, else in the state directories of the ledger, if they agree.

    Raises:
        SourceError: A state directory's file about it is damaged.
    """
    told = options.cures if options.cures is not None else options.rules.cures
    if told is not None or "ledger" not in named:
        return replace(options, cures=dict(told or {})), []
    kept = kept_cures(named["ledger"].given)
    return replace(options, cures=kept or {}), [CURES_DIFFER] if kept is None else []


def _refuse_uncounted(readers: Mapping[str, Reader], named: Mapping[str, Named]) -> None:
    for name, (kind, _) in readers.items():
        if name in named and kind.is_counts:
            raise SourceError(
                f"--{name}: a table without message_id in its column map only counts; pass it as --counts"
            )
        if name not in named and not kind.is_counts:
            raise SourceError("--counts: this table's column map has message_id; pass it as --segment or --customerio")


def open_store(options: ParityOptions, scratch: Path) -> Store:
    """Open the cache, or without one a store that ends with the run.

    Raises:
        EngineError: The engine needs a cache.
        SourceError: The cache cannot be used.
    """
    if options.cache is None and shares_folders(options.engine):
        raise EngineError(
            "the machines of a cluster share facts through the cache; name a folder that all of them see with --cache"
        )
    try:
        return Store(options.cache if options.cache is not None else scratch / "packs")
    except OSError as error:
        raise SourceError(
            f"{options.cache}: cannot keep facts there ({error.strerror}); choose another folder with --cache, or"
            " use --no-cache"
        ) from None


class SourceFacts(NamedTuple):
    """The facts of a run, by source: packs, the result of reading them, and what the report says of them."""

    packs: dict[str, list[Pack]]
    readings: dict[str, Reading]
    compared: dict[str, SourceRead]
    counted: dict[str, CountsSource]


def read_facts(
    given: GivenSources, readers: Mapping[str, Reader], store: Store, engine: Engine, options: ParityOptions
) -> SourceFacts:
    """Read the files of all sources into facts."""
    packs = read_sources(
        readers,
        store,
        processes=options.processes,
        advance=options.advance,
        read_jobs=engine.read_jobs,
        find=engine.find,
    )
    readings = {name: total_of(kind, listing, packs[name]) for name, (kind, listing) in readers.items()}
    compared = {name: _read(name, *readers[name], readings[name]) for name in given.named}
    counted = {name: _counted(*readers[name], readings[name]) for name in readers if name not in given.named}
    return SourceFacts(packs, readings, compared, counted)


def fetch_facts(facts: SourceFacts, given: GivenSources, store: Store, options: ParityOptions, now: datetime) -> None:
    """Add the counts of APIs to the facts."""
    for name, api in given.counted.items():
        if isinstance(api, AskedApi):
            until = options.until or now
            span = TimeSpan(options.since or until - timedelta(days=MAX_DAYS), until)
            facts.packs[name] = [_fetch(name, api, options, store, span)]
            facts.counted[name] = CountsSource(
                api.api.title, api.target, api.api.side, asked_from=span.since.date().isoformat()
            )


def _read(name: str, kind: Kind, listing: Listing, total: Reading) -> SourceRead:
    return SourceRead(
        ", ".join(listing.given),
        listing,
        total,
        tuple(kind.holes(file.name for file in listing.files)),
        waiting_in(listing.given) if name == "ledger" else {},
        kind.fidelity,
        kind.is_reduced,
        lambda types, from_ms, until_ms: kind.to_fetch((file.name for file in listing.files), types, from_ms, until_ms),
        kind.type_of,
    )


def _counted(kind: Kind, listing: Listing, total: Reading) -> CountsSource:
    places = [place_of(place).text for place in total.rejected]
    gaps = tuple(place_of(place).text for place in total.incomplete)
    lines = total.rejected_lines - sum(not place.line for place in total.incomplete)
    return CountsSource(kind.title, ", ".join(listing.given), None, total.rows, lines, gaps, (*places, *total.notes))


def _fetch(name: str, asked: AskedApi, options: ParityOptions, store: Store, span: TimeSpan) -> Pack:
    """Ask an API for counts, which are kept for this run only."""
    advance = options.advance or (lambda _: None)
    counts = fetch_counts(asked.api, asked.target, span, source=name, advance=advance)
    folder = store.begin(Table(bytes(32), name, {"event": "event", "time": "day"}))
    with Tables(folder) as tables:
        tables.add("counts", counts)
    return store.keep(folder, (), Reading(rows=len(counts)))
