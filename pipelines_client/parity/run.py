"""A parity run from paths to report: list, normalise, ask, open, judge, write down."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from pipelines_client.errors import SourceError
from pipelines_client.parity.build import Asked, Found, SourceRead, build_report
from pipelines_client.parity.engine import Engine, Settings
from pipelines_client.parity.normalise import read_listing
from pipelines_client.parity.pairs import Opener, open_pairs
from pipelines_client.parity.sources import KINDS, Kind, Listing, list_files
from pipelines_client.parity.sources.ledger import find_identity_key
from pipelines_client.parity.verdict import SIDES, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    none of the three the window is what the ledger spans, or everything where there is no ledger.
    """

    since: datetime | None = None
    until: datetime | None = None
    is_all: bool = False
    limits: Limits = field(default_factory=Limits)
    show_values: bool = False
    processes: int | None = None


def run_parity(paths: Mapping[str, Path], options: ParityOptions, *, now: datetime) -> ParityReport:
    """Compare the sources and return the report.

    Args:
        paths: By source name (`ledger`, `segment`, `customerio`); two or three of them.
        options: Window, limits and what may be shown.
        now: Goes into `generated_at` and nowhere else.

    Raises:
        SourceError: A source is missing, unreadable as a whole, or another vendor's.
    """
    if len(paths) < _SOURCES_NEEDED:
        raise SourceError(
            "parity compares two or three sources: give at least two of --ledger, --segment, --customerio"
        )
    ledger_key = find_identity_key(paths["ledger"]) if "ledger" in paths else None
    key = ledger_key or secrets.token_bytes(32)
    listings = {name: list_files(KINDS[name], paths[name]) for name in KINDS if name in paths}
    with TemporaryDirectory(prefix="parity-") as scratch:
        reads = {
            name: _read(KINDS[name](key), listing, paths[name], Path(scratch, name), options.processes)
            for name, listing in listings.items()
        }
        with closing(Engine(sorted(Path(scratch).glob("*/*.parquet")), Path(scratch))) as engine:
            asked = _ask(engine, reads, options, knows_identity=ledger_key is not None)
            answers = _answers(engine)
        openers = {name: Opener(KINDS[name](key), reads[name].listing.path_of) for name in SIDES if name in reads}
        drift = open_pairs(answers.pop("drift_pairs"), openers, samples_each=_SAMPLES_EACH)
    return build_report(Found(asked, reads, answers, drift, now))


def _read(kind: Kind, listing: Listing, given: Path, folder: Path, processes: int | None) -> SourceRead:
    folder.mkdir()
    reading = read_listing(kind, listing, folder, processes=processes)
    return SourceRead(str(given), listing, reading, tuple(kind.holes(file.name for file in listing.files)))


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
