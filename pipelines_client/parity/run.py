"""A parity run: read the sources into facts, ask the questions, open what differs, and build the report."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipelines_client.evidence.identity_keys import KEYS_DIFFER, find_identity_key
from pipelines_client.evidence.naming import Where
from pipelines_client.parity.differences.baseline import find_second, measure_noise
from pipelines_client.parity.differences.expected import known_differences
from pipelines_client.parity.differences.explain import unexplained
from pipelines_client.parity.differences.reopen import Opener, open_pairs
from pipelines_client.parity.judgement.checks import ask_checks
from pipelines_client.parity.judgement.readiness import judge_readiness
from pipelines_client.parity.judgement.runs import run_of
from pipelines_client.parity.options import ParityOptions
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.report.build import build_report
from pipelines_client.parity.report.inputs import ReportInputs
from pipelines_client.parity.report.replay_list import write_replay_list
from pipelines_client.parity.scope import ask_questions, find_scope
from pipelines_client.parity.sources import fetch_facts, kind_maker, list_readers, name_sources, open_store, read_facts
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipelines_client.parity.model import ParityReport

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
    with TemporaryDirectory(prefix="parity-") as scratch, closing(open_store(options, Path(scratch))) as store:
        make = kind_maker(identity.key or store.identity_key(), options)
        readers = list_readers(given, make)
        second = None if options.baseline is None else find_second(options.baseline, readers, make)
        with closing(open_engine(options.engine, Path(scratch))) as engine:
            facts = read_facts(given, readers, store, engine, options)
            fetch_facts(facts, given, store, options, now)
            if identity.is_ambiguous:
                facts.readings["ledger"].notes.append(KEYS_DIFFER)
            tell("comparing")
            engine.load(pack.folder for packs in facts.packs.values() for pack in packs)
            scope = find_scope(engine, facts.compared, options, now, knows_identity=identity.key is not None)
            known = known_differences(options.rules, now.date())
            answers = ask_questions(engine, known)
            checked = ask_checks(engine, options.rules.check)
            if options.replay_list is not None:
                write_replay_list(unexplained(engine.stream(rows.REPLAY_LIST), known), options.replay_list)
        tell("opening what differs")
        openers: dict[str, Opener] = {
            name: Opener(kind, listing.location_of, facts.readings[name])
            for name, (kind, listing) in readers.items()
            if name in SIDES
        }
        drift = open_pairs(answers.pop(rows.DRIFT_PAIRS), openers, samples_each=_SAMPLES_EACH)
        baseline = None
        if second is not None:
            baseline = measure_noise(
                second, readers[second.side], store, Path(scratch), engine=options.engine, processes=options.processes
            )
    inputs = ReportInputs(scope, facts.compared, answers, drift, now, facts.counted, known, baseline, checked)
    return _with_readiness(build_report(inputs), options)


def _with_readiness(report: ParityReport, options: ParityOptions) -> ParityReport:
    """Add the readiness if a history is kept."""
    if options.history is None:
        return report
    readiness = judge_readiness(options.history, run_of(report), options.rules.gates.ready_after_days)
    return report.model_copy(update={"readiness": readiness})
