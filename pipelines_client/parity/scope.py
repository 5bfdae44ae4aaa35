"""The scope of a run: its window, its thresholds, and the questions that it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines_client.parity import findings
from pipelines_client.parity.differences.expected import Known
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.engine import Engine, EngineSettings
from pipelines_client.parity.questions.rows import Answers
from pipelines_client.parity.questions.watermarks import spans_of
from pipelines_client.parity.report.inputs import ReportScope
from pipelines_client.parity.report.latency import SLOW_MS
from pipelines_client.parity.rules import MISSING
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from pipelines_client.parity.options import ParityOptions

SETTLE_MS = 60_000
"""An API's answer this much younger than the side's last export means that the message may not be exported yet."""

ALLOWANCE_MS = {"segment": 7_200_000, "customerio": 1_200_000}
"""A side may receive a message this long after its API has answered; later is late (FACTS T)."""

SKEW_MS = 10_000
"""A message that arrived this much before it was sent shows a wrong clock, not one that is slightly off."""

_ASKED_ELSEWHERE = (rows.SPANS, rows.LEGS, rows.REPLAY_LIST, rows.ABSENCE_GROUPS)


QUESTIONS = tuple(question for question in rows.QUESTIONS if question not in _ASKED_ELSEWHERE)
"""What each run asks besides the findings; the rest of `queries/` is asked where it is needed."""


def find_scope(
    engine: Engine, given: Container[str], options: ParityOptions, now: datetime, *, knows_identity: bool
) -> ReportScope:
    """Find the window and the settings of a run, and prepare the engine for its questions."""
    spans = spans_of(engine.ask(rows.SPANS), now)
    legs = tuple(row.leg for row in engine.ask(rows.LEGS))
    ledger = spans.get("ledger")
    is_given = options.since is not None or options.until is not None
    is_ledger = not is_given and not options.is_all and ledger is not None
    watermarks = {side: spans[side].watermark_ms for side in SIDES if side in spans}
    settings = EngineSettings(
        has_ledger=int("ledger" in given),
        has_segment=int("segment" in given),
        has_customerio=int("customerio" in given),
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
    return ReportScope(
        limits, options.rules, settings, spans, legs, mode, is_redacted=not options.show_values, look=look
    )


def ask_questions(engine: Engine, known: tuple[Known, ...]) -> Answers:
    """Ask the questions of a run."""
    explains = any(rule.row.kind == MISSING and not rule.row.is_builtin for rule in known)
    asked = (*QUESTIONS, *findings.QUESTIONS, *([rows.ABSENCE_GROUPS] if explains else []))
    return Answers({question: engine.ask(question) for question in asked})


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)
