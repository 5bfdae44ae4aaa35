"""A parity run from paths to report: list, normalise, ask, open, judge, write down."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from pipelines_client.errors import EngineError, SourceError
from pipelines_client.evidence.columns import refuse_unknown
from pipelines_client.evidence.count_apis.base import MAX_DAYS, TimeSpan, fetch_counts
from pipelines_client.evidence.identity_keys import KEYS_DIFFER, find_identity_key
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
from pipelines_client.parity import findings
from pipelines_client.parity.differences.baseline import Second, find_second, measure_noise
from pipelines_client.parity.differences.expected import Known, known_differences
from pipelines_client.parity.differences.explain import Baseline, unexplained
from pipelines_client.parity.differences.reopen import Opener, open_pairs
from pipelines_client.parity.facts.packs import Pack, Reading, Store
from pipelines_client.parity.facts.read import read_sources, total_of
from pipelines_client.parity.facts.writer import Tables
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.judgement.checks import ask_checks
from pipelines_client.parity.judgement.counts import CountsSource
from pipelines_client.parity.judgement.readiness import judge_readiness
from pipelines_client.parity.judgement.runs import History, run_of
from pipelines_client.parity.model import Limits
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.engine import Engine, EngineSettings
from pipelines_client.parity.questions.open import open_engine, shares_folders
from pipelines_client.parity.questions.rows import Answers
from pipelines_client.parity.questions.watermarks import spans_of
from pipelines_client.parity.report.build import build_report
from pipelines_client.parity.report.inputs import Asked, Found, SourceRead
from pipelines_client.parity.report.latency import SLOW_MS
from pipelines_client.parity.report.replay_list import write_replay_list
from pipelines_client.parity.report.sources import place_of
from pipelines_client.parity.rules import MISSING, Rules
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity.model import ParityReport

SETTLE_MS = 60_000
"""An answer this much younger than a side's last export says that the request was still on its way when it was cut."""

ALLOWANCE_MS = {"segment": 7_200_000, "customerio": 1_200_000}
"""So long after an API has answered its side may still receive a message before it is late (FACTS T)."""

SKEW_MS = 10_000
"""A message that arrived so much before it was sent shows a wrong clock, and not one that is a little off."""

_SAMPLES_EACH = 3
_SOURCES_NEEDED = 2
_ASKED_ELSEWHERE = (rows.SPANS, rows.LEGS, rows.REPLAY_LIST, rows.ABSENCE_GROUPS)


QUESTIONS = tuple(question for question in rows.QUESTIONS if question not in _ASKED_ELSEWHERE)
"""What each run asks besides the findings; the rest of `queries/` is asked where it is needed."""


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """What a run is asked to do.

    `since` and `until` are aware instants of when messages happened; `is_all` asks for everything in the sources. With
    none of the three the window is what the ledger spans, or everything where there is no ledger. `cache` is a
    directory that keeps facts for the next run; without it nothing is kept. `column_map` explains the columns of
    tables (`ColumnMap`), and in its place that of `column_maps` for a source of its name. `replay_list` is a file for
    what a replay should send, however many. `advance` is told of bytes read, as they are, from any thread, and `tell`
    what the run goes on to after that. `engine` names what answers the questions: `duckdb`, `spark`,
    `spark://host:port` or a PostgreSQL URL, whose `schema` keeps facts too. `rules` are gates and expected differences
    (`read_rules`); `limits` are the limits over all, if they are not those of the rules. `history` are the runs before,
    for the readiness; a run is added to it by `append_run`, and not here. `baseline` is a second archive of a side that
    is given, with `kind:` before it where what is there does not tell.
    """

    since: datetime | None = None
    until: datetime | None = None
    is_all: bool = False
    limits: Limits | None = None
    show_values: bool = False
    processes: int | None = None
    cache: Path | None = None
    column_map: Mapping[str, Any] = field(default_factory=dict)
    column_maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    replay_list: Path | None = None
    advance: Callable[[int], object] | None = None
    tell: Callable[[str], object] | None = None
    engine: str = "duckdb"
    rules: Rules = field(default_factory=Rules)
    history: History | None = None
    baseline: str | None = None


def run_parity(paths: Mapping[str, Where], options: ParityOptions, *, now: datetime) -> ParityReport:
    """Compare the sources and return the report.

    Args:
        paths: By source name (`ledger`, `segment`, `customerio`); each one or several paths, globs or addresses, with
            `kind:` before it where its kind is not the usual one of the source. Under `counts`, sources that only
            count, each with its kind.
        options: Window, limits and what may be shown.
        now: Goes into `generated_at`; APIs that count are asked for the 30 days before it.

    Raises:
        SourceError: A source is missing, unreadable as a whole, or another vendor's.
        EngineError: The engine is not installed, or cannot be reached or used.
    """
    named, counted = _named(paths, options)
    tell = options.tell or (lambda _: None)
    found_key = find_identity_key(named["ledger"].given if "ledger" in named else ())
    with TemporaryDirectory(prefix="parity-") as scratch, closing(_store(options, Path(scratch))) as store:
        make = _maker(found_key.key or store.identity_key(), options)
        sources = {name: (make(where.kind, name), listing) for name, where, listing in _listed(named, counted)}
        _refuse_uncounted(sources, named)
        second = None if options.baseline is None else find_second(options.baseline, sources, make)
        with closing(open_engine(options.engine, Path(scratch))) as engine:
            evidence = _read_all(sources, named, store, engine, options)
            for name, api in counted.items():
                if isinstance(api, AskedApi):
                    evidence.packs[name] = [_fetch(name, api, options, store, now)]
                    evidence.counts[name] = CountsSource(api.api.title, api.target, api.api.side)
            if found_key.is_ambiguous:
                evidence.totals["ledger"].notes.append(KEYS_DIFFER)
            tell("comparing")
            engine.load(pack.folder for found in evidence.packs.values() for pack in found)
            asked = _ask(engine, evidence.reads, options, now, knows_identity=found_key.key is not None)
            known = known_differences(options.rules, now.date())
            answers = _answers(engine, known)
            checked = ask_checks(engine, options.rules.check)
            if options.replay_list is not None:
                write_replay_list(unexplained(engine.stream(rows.REPLAY_LIST), known), options.replay_list)
        tell("opening what differs")
        openers = _openers(sources, evidence.totals)
        drift = open_pairs(answers.pop(rows.DRIFT_PAIRS), openers, samples_each=_SAMPLES_EACH)
        baseline = None if second is None else _measure(second, sources, store, Path(scratch), options)
    found = Found(asked, evidence.reads, answers, drift, now, evidence.counts, known, baseline, checked)
    report = build_report(found)
    if options.history is None:
        return report
    readiness = judge_readiness(options.history, run_of(report), options.rules.gates.ready_after_days)
    return report.model_copy(update={"readiness": readiness})


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What was read, by source: its packs, what came of reading them, and what the report says of it."""

    packs: dict[str, list[Pack]]
    totals: dict[str, Reading]
    reads: dict[str, SourceRead]
    counts: dict[str, CountsSource]


def _named(paths: Mapping[str, Where], options: ParityOptions) -> tuple[dict[str, Named], dict[str, Named | AskedApi]]:
    """Return what is compared message by message, and what only counts."""
    named = {name: parse_where(name, paths[name]) for name in SOURCES if name in paths}
    counted = name_counts(texts_of(paths.get(COUNTS, ())))
    if not named or len(named) + len(counted) < _SOURCES_NEEDED:
        raise SourceError(
            "parity compares two or three sources: give at least two of --ledger, --segment, --customerio, "
            "or one of them and --counts"
        )
    refuse_unknown(options.column_maps, (*named, *counted))
    return named, counted


def _maker(key: bytes, options: ParityOptions) -> Callable[[type[Kind], str], Kind]:
    """Return what makes the reader of a kind of evidence for a source."""

    def make(kind: type[Kind], name: str) -> Kind:
        columns = options.column_maps.get(name, options.column_map)
        return kind(key, name, columns if issubclass(kind, Table) else None)

    return make


def _read_all(
    sources: Mapping[str, tuple[Kind, Listing]],
    named: Mapping[str, Named],
    store: Store,
    engine: Engine,
    options: ParityOptions,
) -> _Evidence:
    packs = read_sources(
        sources,
        store,
        processes=options.processes,
        advance=options.advance,
        read_jobs=engine.read_jobs,
        find=engine.find,
    )
    totals = {name: total_of(kind, listing, packs[name]) for name, (kind, listing) in sources.items()}
    reads = {name: _read(name, *sources[name], totals[name]) for name in named}
    counts = {name: _counted(*sources[name], totals[name]) for name in sources if name not in named}
    return _Evidence(packs, totals, reads, counts)


def _openers(sources: Mapping[str, tuple[Kind, Listing]], totals: Mapping[str, Reading]) -> dict[str, Opener]:
    return {
        name: Opener(kind, listing.location_of, totals[name])
        for name, (kind, listing) in sources.items()
        if name in SIDES
    }


def _listed(
    named: Mapping[str, Named], counted: Mapping[str, Named | AskedApi]
) -> Iterator[tuple[str, Named, Listing]]:
    for name, where in {**named, **counted}.items():
        if isinstance(where, Named):
            yield name, where, list_files(where.kind, where.given)


def _refuse_uncounted(sources: Mapping[str, tuple[Kind, Listing]], named: Mapping[str, Named]) -> None:
    for name, (kind, _) in sources.items():
        if name in named and kind.is_counts:
            raise SourceError(
                f"--{name}: a table without message_id in its column map only counts; pass it as --counts"
            )
        if name not in named and not kind.is_counts:
            raise SourceError("--counts: this table's column map has message_id; pass it as --segment or --customerio")


def _read(name: str, kind: Kind, listing: Listing, total: Reading) -> SourceRead:
    return SourceRead(
        ", ".join(listing.given),
        listing,
        total,
        tuple(kind.holes(file.name for file in listing.files)),
        waiting_in(listing.given) if name == "ledger" else {},
        kind.fidelity,
    )


def _counted(kind: Kind, listing: Listing, total: Reading) -> CountsSource:
    places = [place_of(place).text for place in total.rejected]
    gaps = tuple(place_of(place).text for place in total.incomplete)
    lines = total.rejected_lines - sum(not place.line for place in total.incomplete)
    return CountsSource(kind.title, ", ".join(listing.given), None, total.rows, lines, gaps, (*places, *total.notes))


def _fetch(name: str, asked: AskedApi, options: ParityOptions, store: Store, now: datetime) -> Pack:
    """Have an API count, and keep what it says for this run only."""
    until = options.until or now
    span = TimeSpan(options.since or until - timedelta(days=MAX_DAYS), until)
    advance = options.advance or (lambda _: None)
    counts = fetch_counts(asked.api, asked.target, span, source=name, advance=advance)
    folder = store.begin(Table(bytes(32), name, {"event": "event", "time": "day"}))
    with Tables(folder) as tables:
        tables.add("counts", counts)
    return store.keep(folder, (), Reading(rows=len(counts)))


def _store(options: ParityOptions, scratch: Path) -> Store:
    """Open the cache, or where there is none a store that ends with the run."""
    if options.cache is None and shares_folders(options.engine):
        raise EngineError("a cluster's machines share facts through the cache: name a folder that all of them see")
    try:
        return Store(options.cache if options.cache is not None else scratch / "packs")
    except OSError as error:
        raise SourceError(
            f"{options.cache}: cannot keep facts there ({error.strerror}); --no-cache does without"
        ) from None


def _ask(
    engine: Engine, reads: Mapping[str, SourceRead], options: ParityOptions, now: datetime, *, knows_identity: bool
) -> Asked:
    spans = spans_of(engine.ask(rows.SPANS), now)
    legs = tuple(row.leg for row in engine.ask(rows.LEGS))
    ledger = spans.get("ledger")
    is_given = options.since is not None or options.until is not None
    is_ledger = not is_given and not options.is_all and ledger is not None
    watermarks = {side: spans[side].watermark_ms for side in SIDES if side in spans}
    settings = EngineSettings(
        has_ledger=int("ledger" in reads),
        has_segment=int("segment" in reads),
        has_customerio=int("customerio" in reads),
        knows_identity=int(knows_identity),
        since_ms=_ms(options.since),
        until_ms=_ms(options.until),
        received_from_ms=ledger.first_appended_ms if is_ledger and ledger is not None else None,
        segment_watermark_ms=watermarks.get("segment"),
        customerio_watermark_ms=watermarks.get("customerio"),
        settle_ms=SETTLE_MS,
        segment_allowance_ms=ALLOWANCE_MS["segment"],
        customerio_allowance_ms=ALLOWANCE_MS["customerio"],
        slow_ms=SLOW_MS,
        skew_ms=SKEW_MS,
        expects_alias=int(options.rules.builtin.alias),
        expects_groupid_only=int(options.rules.builtin.groupid_only),
    )
    engine.build(settings, causes.TABLE)
    mode: Literal["ledger", "given", "all"] = "given" if is_given else "ledger" if is_ledger else "all"
    limits = options.limits or options.rules.gates.limits()
    look = 1 if options.history is None else 1 + len(options.history.runs)
    return Asked(limits, options.rules, settings, spans, legs, mode, is_redacted=not options.show_values, look=look)


def _measure(
    second: Second, sources: Mapping[str, tuple[Kind, Listing]], store: Store, scratch: Path, options: ParityOptions
) -> Baseline:
    return measure_noise(
        second, sources[second.side], store, scratch, engine=options.engine, processes=options.processes
    )


def _answers(engine: Engine, known: tuple[Known, ...]) -> Answers:
    explains = any(rule.row.kind == MISSING and not rule.row.is_builtin for rule in known)
    asked = (*QUESTIONS, *findings.QUESTIONS, *([rows.ABSENCE_GROUPS] if explains else []))
    return Answers({question: engine.ask(question) for question in asked})


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)
