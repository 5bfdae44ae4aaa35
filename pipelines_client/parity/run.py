"""A parity run: read the sources into facts, ask the questions, open what differs, and build the report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipelines_client.clock import unix_ms
from pipelines_client.errors import SourceError
from pipelines_client.evidence.identity_keys import KEYS_DIFFER, find_identity_key
from pipelines_client.evidence.naming import Where, texts_of
from pipelines_client.parity.differences.baseline import find_second, measure_noise
from pipelines_client.parity.differences.expected import known_differences
from pipelines_client.parity.differences.explain import unexplained
from pipelines_client.parity.differences.reopen import Opener, open_pairs
from pipelines_client.parity.facts.cured import side_cure
from pipelines_client.parity.findings import identity_collisions
from pipelines_client.parity.judgement.checks import ask_checks
from pipelines_client.parity.judgement.readiness import Criteria, judge_readiness
from pipelines_client.parity.judgement.runs import instant_of, last_end, run_of
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.options import ParityOptions
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.report.build import build_report
from pipelines_client.parity.report.collision_list import write_collisions
from pipelines_client.parity.report.inputs import ReportInputs
from pipelines_client.parity.report.planned import with_plan_words
from pipelines_client.parity.report.replay_list import replay_report, write_replay_list
from pipelines_client.parity.report.sources import hidden_types
from pipelines_client.parity.report.steps import command_of, when_ready
from pipelines_client.parity.scope import ask_questions, find_scope
from pipelines_client.parity.sources import (
    fetch_facts,
    kind_maker,
    list_readers,
    name_sources,
    open_store,
    read_facts,
    with_cures,
)
from pipelines_client.parity.suppressed import SOURCE, read_suppressed
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from pipelines_client.parity.differences.expected import Known
    from pipelines_client.parity.differences.reopen import DriftResult
    from pipelines_client.parity.facts.packs import Store
    from pipelines_client.parity.judgement.checks import CheckAnswer
    from pipelines_client.parity.model import ParityReport, ReplayReport
    from pipelines_client.parity.questions.engine import Engine
    from pipelines_client.parity.questions.rows import Answers
    from pipelines_client.parity.report.inputs import ReportScope
    from pipelines_client.parity.sources import Reader, SourceFacts
    from pipelines_client.parity.suppressed import SuppressedPeople

_SAMPLES_EACH = 3


def run_parity(paths: Mapping[str, Where], options: ParityOptions, *, now: datetime) -> ParityReport:
    """Compare the sources and return the report.

    Args:
        paths: By source name (`ledger`, `segment`, `customerio`); each one or several paths, globs or addresses, with
            `kind:` before it if it is not the default kind of the source. Under `counts`, sources of counts only, each
            with its kind.
        options: Window, limits and what may be shown.
        now: Goes into `generated_at`; APIs of counts are asked for the 30 days before it.

    Raises:
        SourceError: A source is missing, unreadable as a whole, or another vendor's.
        EngineError: The engine is not installed, or cannot be reached or used.
    """
    tell = options.tell or (lambda _: None)
    given = name_sources(paths, options)
    identity = find_identity_key(given.named["ledger"].given if "ledger" in given.named else ())
    options, unclear = with_cures(_go_on(options, given.named, identity.applications), given.named)
    with TemporaryDirectory(prefix="parity-") as scratch, closing(open_store(options, Path(scratch))) as store:
        make = kind_maker(identity.key or store.identity_key(), options)
        readers = list_readers(given, make)
        second = None if options.baseline is None else find_second(options.baseline, readers, make)
        with closing(open_engine(options.engine, Path(scratch))) as engine:
            facts = read_facts(given, readers, store, engine, options)
            fetch_facts(facts, given, store, options, now)
            theirs = _read_suppressed(facts, options, store, identity.key or store.identity_key())
            tell("comparing")
            engine.load(pack.folder for packs in facts.packs.values() for pack in packs)
            known = known_differences(options.rules, now.date())
            scope = find_scope(engine, facts.compared, options, now, known, identity)
            _add_notes(facts, [*([KEYS_DIFFER] if identity.is_ambiguous else []), *unclear], theirs, engine)
            openers = _openers(facts, readers)
            answers, checked, drift = _ask(engine, options, known, scope, openers, tell)
            listed = _list_replays(engine, options, known, _hidden(facts, answers, scope, options), scope, now)
            if options.collisions is not None:
                found = engine.stream(identity_collisions.LIST)
                write_collisions(found, options.collisions, openers if options.show_values else None)
        baseline = None
        if second is not None:
            baseline = measure_noise(
                second, readers[second.side], store, Path(scratch), engine=options.engine, processes=options.processes
            )
    texts = {name: tuple(texts_of(where)) for name, where in paths.items()}
    command = options.command or command_of(texts)
    inputs = ReportInputs(
        scope, facts.compared, answers, drift, now, facts.counted, known, baseline, checked, command, texts
    )
    report = build_report(inputs).model_copy(update={"effects": options.effects})
    report = with_plan_words(report, options.planned)
    return _with_readiness(_with_replays(report, options, listed), options)


def _ask(
    engine: Engine,
    options: ParityOptions,
    known: tuple[Known, ...],
    scope: ReportScope,
    openers: dict[str, Opener],
    tell: Callable[[str], object],
) -> tuple[Answers, tuple[CheckAnswer, ...], DriftResult]:
    """Ask all questions, and open what differs meanwhile: that is unpacking, and most questions keep one core busy."""
    pairs = engine.ask(rows.DRIFT_PAIRS)
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_pairs, pairs, openers, samples_each=_SAMPLES_EACH)
        answers = ask_questions(engine, known, scope.relations)
        checked = ask_checks(engine, options.rules.check)
        tell("opening what differs")
        return answers, checked, opening.result()


def _openers(facts: SourceFacts, readers: Mapping[str, Reader]) -> dict[str, Opener]:
    return {
        name: Opener(kind, listing.location_of, facts.readings[name], side_cure(name, kind.cures))
        for name, (kind, listing) in readers.items()
        if name in SIDES
    }


def _read_suppressed(facts: SourceFacts, options: ParityOptions, store: Store, key: bytes) -> SuppressedPeople | None:
    """Read the list of suppressed people into the facts, if there is one.

    Raises:
        SourceError: It cannot be used, or there is no evidence of Customer.io that it could explain.
    """
    if options.suppressed is None:
        return None
    if "customerio" not in facts.readings:
        raise SourceError("--suppressed explains what Customer.io lacks: give --customerio as well")
    theirs = read_suppressed(options.suppressed, store, key)
    facts.packs[SOURCE] = [theirs.pack]
    return theirs


def _add_notes(facts: SourceFacts, of_ledger: list[str], theirs: SuppressedPeople | None, engine: Engine) -> None:
    """Say beside the sources what was found out: of the ledger, and how many people the list of `theirs` has."""
    if of_ledger:
        facts.readings["ledger"].notes += of_ledger
    if theirs is not None:
        facts.readings["customerio"].notes += theirs.notes(engine)


def _list_replays(
    engine: Engine,
    options: ParityOptions,
    known: tuple[Known, ...],
    hidden: Mapping[str, Collection[str]],
    scope: ReportScope,
    now: datetime,
) -> ReplayReport | None:
    """Write the replay list if one is asked for, and return how many messages are in it and how many are not."""
    if options.replay_list is None:
        return None
    listed = unexplained(engine.stream(rows.REPLAY_LIST), known)
    settings = scope.settings
    reaches_ms = {"segment": settings.segment_watermark_ms, "customerio": settings.customerio_watermark_ms}
    return write_replay_list(listed, options.replay_list, hidden, reaches_ms=reaches_ms, now_ms=unix_ms(now))


def _hidden(
    facts: SourceFacts, answers: Answers, scope: ReportScope, options: ParityOptions
) -> dict[str, frozenset[str]]:
    """Return by side the types of call that the replay list leaves out, since gaps of unknown time may hold them."""
    total, given = answers[rows.TOTALS][0], () if options.even_in_gaps else SIDES
    read = {side: facts.compared[side] for side in given if side in facts.compared}
    return {side: hidden_types(side, one, total, scope.limits) for side, one in read.items()}


def _with_replays(report: ParityReport, options: ParityOptions, listed: ReplayReport | None) -> ParityReport:
    """Say how many messages the replay list has, if one was written."""
    if listed is None:
        return report
    return report.model_copy(update={"replay": replay_report(report, listed, even_in_gaps=options.even_in_gaps)})


def _go_on(options: ParityOptions, sources: Collection[str], applications: Collection[str]) -> ParityOptions:
    """Begin the window where the last run ended, if that was asked."""
    if not options.since_last or options.history is None:
        return options
    end = last_end(options.history.runs, sources, applications)
    return replace(options, since=None if end is None else instant_of(end))


def _with_readiness(report: ParityReport, options: ParityOptions) -> ParityReport:
    """Add the readiness if a history is kept."""
    if options.history is None:
        return report
    run, (runs, unread_lines) = run_of(report), options.history
    readiness = judge_readiness(
        [*(earlier for earlier in runs if earlier.at <= run.at), run],
        date.fromisoformat(run.day),
        options.rules.gates.ready_after_days,
        Criteria(run.gates, applications=run.applications),
        unread_lines=unread_lines,
    )
    is_ready = report.verdict is Verdict.PASS and readiness.state == "ready"
    next_step = when_ready(options.command) if is_ready else report.next_step
    return report.model_copy(update={"readiness": readiness, "next_step": next_step})
