"""The scope of a run: its window, its thresholds, and the questions that it asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines_client.parity import findings
from pipelines_client.parity.differences.expected import Known, is_expected
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.judgement.coverage import Coverage, find_gaps, slot_of, table_of, vouched_until
from pipelines_client.parity.judgement.relations import Relations, relate
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.coverage_rows import ABSENT_DAYS, COVERED, IN_GAPS, UNCOVERED
from pipelines_client.parity.questions.engine import Engine, EngineSettings
from pipelines_client.parity.questions.related import RELATIONS, TWINS
from pipelines_client.parity.questions.rows import Answers
from pipelines_client.parity.questions.watermarks import closing_of, spans_of
from pipelines_client.parity.questions.windows import CLOSED, NEWEST
from pipelines_client.parity.report.inputs import ReportScope, ReportWindow
from pipelines_client.parity.report.latency import SLOW_MS
from pipelines_client.parity.rules import BASELINE, MISSING, mark_of
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from pipelines_client.evidence.identity_keys import IdentityKey
    from pipelines_client.parity.complete import SideSpan
    from pipelines_client.parity.model import WindowMode
    from pipelines_client.parity.options import ParityOptions
    from pipelines_client.parity.questions.coverage_rows import GapRow
    from pipelines_client.parity.questions.related import StrangersRow
    from pipelines_client.parity.questions.watermarks import Closing, Span

SETTLE_MS = 60_000
"""An API's answer this much younger than the side's last export means that the message may not be exported yet."""

ALLOWANCE_MS = {"segment": 7_200_000, "customerio": 1_200_000}
"""A side may receive a message this long after its API has answered; later is late (FACTS T)."""

PATIENCE_MS = 86_400_000
"""A message that waits in a spool for longer than this is lost, until it arrives."""

SKEW_MS = 10_000
"""A message that arrived this much before it was sent shows a wrong clock, not one that is slightly off."""

_ASKED_ELSEWHERE = (
    rows.SPANS,
    rows.LEGS,
    rows.DRIFT_PAIRS,
    rows.REPLAY_LIST,
    rows.ABSENCE_GROUPS,
)


QUESTIONS = tuple(question for question in rows.QUESTIONS if question not in _ASKED_ELSEWHERE)
"""What each run asks besides the findings; the rest of `queries/` is asked where it is needed."""


def find_scope(
    engine: Engine,
    given: Collection[str],
    options: ParityOptions,
    now: datetime,
    known: tuple[Known, ...],
    identity: IdentityKey,
) -> ReportScope:
    """Find the window, the settings and the gaps of a run, and prepare the engine for its questions."""
    spans = spans_of(engine.ask(rows.SPANS), now)
    legs = tuple(row.leg for row in engine.ask(rows.LEGS))
    mode = _mode(options, spans)
    complete = (*options.rules.complete, *options.complete)
    watermarks = _watermarks(spans, [one.span for one in complete])
    ends = {name: spans[name].last_appended_ms if name == "ledger" else watermarks[name] for name in spans}
    closing = closing_of(ends, {"ledger": SETTLE_MS, **ALLOWANCE_MS}, given)
    settings = _settings(options, given, spans, watermarks, closing, mode, knows_identity=identity.key is not None)
    found = _Finder(engine, settings, spans, known, {one.span for one in complete})
    engine.build(settings, causes.table_of(even_in_gaps=options.even_in_gaps), found.strangers, found.gaps)
    (closed,) = engine.ask(CLOSED)
    limits = options.rules.gates.limits()
    return ReportScope(
        options.limits or limits,
        options.rules,
        settings,
        spans,
        legs,
        ReportWindow(mode, closed, closing),
        is_redacted=not options.show_values,
        look=1 if options.history is None else 1 + len(options.history.runs),
        relations=found.relations,
        coverage=found.coverage,
        complete=complete,
        applications=identity.applications,
        limits_mark=mark_of(options.rules, *([BASELINE] if options.baseline is not None else [])),
        is_exploratory=(options.limits or limits) != limits,
        cures=options.cures or {},
    )


def _mode(options: ParityOptions, spans: Mapping[str, Span]) -> WindowMode:
    if options.since_last:
        return "last"
    if options.since is not None or options.until is not None:
        return "given"
    return "all" if options.is_all or "ledger" not in spans else "ledger"


def _watermarks(spans: Mapping[str, Span], vouched: Iterable[SideSpan]) -> dict[str, int | None]:
    vouched = list(vouched)
    return {side: vouched_until(side, spans[side].watermark_ms, vouched) for side in SIDES if side in spans}


def _settings(
    options: ParityOptions,
    given: Collection[str],
    spans: Mapping[str, Span],
    watermarks: Mapping[str, int | None],
    closing: Closing | None,
    mode: WindowMode,
    *,
    knows_identity: bool,
) -> EngineSettings:
    is_ledger = "ledger" in spans and options.since is None and mode in ("ledger", "last")
    return EngineSettings(
        has_ledger=int("ledger" in given),
        has_segment=int("segment" in given),
        has_customerio=int("customerio" in given),
        knows_identity=int(knows_identity),
        since_ms=_ms(options.since),
        until_ms=_ms(options.until),
        closes_ms=None if closing is None else closing.at_ms,
        is_closed=int(options.since_last),
        patience_ms=PATIENCE_MS,
        received_from_ms=spans["ledger"].first_appended_ms if is_ledger else None,
        segment_watermark_ms=watermarks.get("segment"),
        customerio_watermark_ms=watermarks.get("customerio"),
        settle_ms=SETTLE_MS,
        segment_allowance_ms=ALLOWANCE_MS["segment"],
        customerio_allowance_ms=ALLOWANCE_MS["customerio"],
        slow_ms=SLOW_MS,
        skew_ms=SKEW_MS,
        expects_alias=int(options.rules.builtin.alias),
        expects_groupid_only=int(options.rules.builtin.groupid_only),
        slot_ms=slot_of((span.first_ms, span.last_ms) for span in spans.values()),
        applies_cures=1,
    )


@dataclass(slots=True)
class _Finder:
    """Finds out, while the engine is prepared, which sources do not belong together and what they do not cover."""

    engine: Engine
    settings: EngineSettings
    spans: dict[str, Span]
    known: tuple[Known, ...]
    vouched: set[SideSpan]
    relations: Relations = field(default_factory=Relations)
    coverage: Coverage = field(default_factory=Coverage)

    def strangers(self) -> list[StrangersRow]:
        """Say what only one of two unrelated sources has."""
        found = self.engine.ask(RELATIONS)
        self.relations = relate(found, self.spans, lambda row: is_expected(self.known, row.side, row.event, row))
        return self.relations.rows()

    def gaps(self) -> list[GapRow]:
        """Say where a side's evidence has gaps."""
        lacked = self.engine.ask(UNCOVERED)
        if lacked:
            held = self.engine.ask(COVERED)
            known, slot_ms = self.known, self.settings.slot_ms
            self.coverage = find_gaps(
                held,
                lacked,
                self.vouched,
                slot_ms,
                lambda row: is_expected(known, row.side, row.label, row),
                is_accepted=bool(self.settings.has_ledger),
            )
        return table_of(self.coverage.gaps)


def ask_questions(engine: Engine, known: tuple[Known, ...], relations: Relations) -> Answers:
    """Ask the questions of a run; those that are dear only if their answers are needed."""
    explains = any(rule.row.kind == MISSING and not rule.row.is_builtin for rule in known)
    asked = [*QUESTIONS, NEWEST, IN_GAPS, ABSENT_DAYS, *findings.QUESTIONS]
    asked += [rows.ABSENCE_GROUPS] if explains else []
    asked += [TWINS] if relations.apart else []
    return Answers({question: engine.ask(question) for question in asked})


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)
