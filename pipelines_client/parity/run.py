"""A parity run from paths to report: list, normalise, ask, open, judge, write down."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from pipelines_client.errors import SourceError
from pipelines_client.parity.build import Asked, Found, SourceRead, build_report
from pipelines_client.parity.engine import Engine, Settings
from pipelines_client.parity.normalise import read_sources, total_of
from pipelines_client.parity.packs import Store
from pipelines_client.parity.pairs import Opener, open_pairs
from pipelines_client.parity.sources import SOURCES, Where, list_files, parse_where
from pipelines_client.parity.sources.ledger import find_identity_key
from pipelines_client.parity.verdict import SIDES, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pipelines_client.parity.report import ParityReport

SETTLE_MS = 60_000
"""An answer this much younger than a side's last export says that the request was still on its way when it was cut."""

_SAMPLES_EACH = 3
_SOURCES_NEEDED = 2


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """What a run is asked to do.

    `since` and `until` are aware instants of when messages happened; `is_all` asks for everything in the sources. With
    none of the three the window is what the ledger spans, or everything where there is no ledger. `cache` is a
    directory that keeps facts for the next run; without it nothing is kept. `advance` is told of bytes read, as they
    are.
    """

    since: datetime | None = None
    until: datetime | None = None
    is_all: bool = False
    limits: Limits = field(default_factory=Limits)
    show_values: bool = False
    processes: int | None = None
    cache: Path | None = None
    advance: Callable[[int], object] | None = None


def run_parity(paths: Mapping[str, Where], options: ParityOptions, *, now: datetime) -> ParityReport:
    """Compare the sources and return the report.

    Args:
        paths: By source name (`ledger`, `segment`, `customerio`); two or three of them. Each one or several paths,
            globs or addresses, with `kind:` before it where its kind is not the usual one of the source.
        options: Window, limits and what may be shown.
        now: Goes into `generated_at` and nowhere else.

    Raises:
        SourceError: A source is missing, unreadable as a whole, or another vendor's.
    """
    if len(paths) < _SOURCES_NEEDED:
        raise SourceError(
            "parity compares two or three sources: give at least two of --ledger, --segment, --customerio"
        )
    named = {name: parse_where(name, paths[name]) for name in SOURCES if name in paths}
    ledger_key = find_identity_key(named["ledger"].given) if "ledger" in named else None
    with TemporaryDirectory(prefix="parity-") as scratch, closing(_store(options.cache, Path(scratch))) as store:
        key = ledger_key or store.identity_key()
        sources = {name: (where.kind(key, name), list_files(where.kind, where.given)) for name, where in named.items()}
        packs = read_sources(sources, store, processes=options.processes, advance=options.advance)
        reads = {
            name: SourceRead(
                ", ".join(listing.given),
                listing,
                total_of(kind, listing, packs[name]),
                tuple(kind.holes(file.name for file in listing.files)),
            )
            for name, (kind, listing) in sources.items()
        }
        folders = [pack.folder for found in packs.values() for pack in found]
        with closing(Engine(folders, Path(scratch))) as engine:
            asked = _ask(engine, reads, options, knows_identity=ledger_key is not None)
            answers = _answers(engine)
        openers = {
            name: Opener(kind, listing.location_of) for name, (kind, listing) in sources.items() if name in SIDES
        }
        drift = open_pairs(answers.pop("drift_pairs"), openers, samples_each=_SAMPLES_EACH)
    return build_report(Found(asked, reads, answers, drift, now))


def _store(cache: Path | None, scratch: Path) -> Store:
    """Open the cache, or where there is none a store that ends with the run."""
    try:
        return Store(cache if cache is not None else scratch / "packs")
    except OSError as error:
        raise SourceError(f"{cache}: cannot keep facts there ({error.strerror}); --no-cache does without") from None


def _ask(engine: Engine, reads: Mapping[str, SourceRead], options: ParityOptions, *, knows_identity: bool) -> Asked:
    spans = {row["source"]: row for row in engine.ask("spans")}
    legs = tuple(row["leg"] for row in engine.ask("legs"))
    ledger = spans.get("ledger")
    is_given = options.since is not None or options.until is not None
    is_ledger = not is_given and not options.is_all and ledger is not None
    watermarks = {side: _watermark(spans.get(side)) for side in SIDES}
    settings = Settings(
        has_ledger=int("ledger" in reads),
        has_segment=int("segment" in reads),
        has_customerio=int("customerio" in reads),
        knows_identity=int(knows_identity),
        since_ms=_ms(options.since),
        until_ms=_ms(options.until),
        received_from_ms=ledger["first_appended_ms"] if is_ledger and ledger is not None else None,
        segment_watermark_ms=watermarks["segment"],
        customerio_watermark_ms=watermarks["customerio"],
        settle_ms=SETTLE_MS,
    )
    engine.build(settings)
    mode: Literal["ledger", "given", "all"] = "given" if is_given else "ledger" if is_ledger else "all"
    return Asked(options.limits, settings, spans, legs, mode, is_redacted=not options.show_values)


def _answers(engine: Engine) -> dict[str, list[dict[str, object]]]:
    names = (
        "totals",
        "outside",
        "missing_by_cause",
        "duplicates",
        "identity",
        "renamed",
        "events",
        "samples",
        "drift_pairs",
    )
    return {name: engine.ask(name) for name in names}


def _watermark(span: Mapping[str, int | None] | None) -> int | None:
    """Return the last instant a side speaks of; whole seconds may stand for any instant within them."""
    last = None if span is None else span["last_received_ms"]
    if last is None or span is None:
        return None
    return last if span["has_milliseconds"] else last + 999


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)
