"""Truth checks: a team's own questions, and what their answers should be (NEEDS N28).

    [[check]]
    name = "carts without an order"
    reason = "the campaign writes to them"
    sql = "SELECT …"                     one SELECT over the views of `check_sql.COLUMNS`
    expect = "no rows"                   or "at most 10 rows", or a comparison such as "< 5"

Short evidence proves nothing either way: with a gap in a source, without a message in the window, or without what the
check needs (`_NEEDS`, by the views and columns that its SQL reads), it is *inconclusive*.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines_client.errors import EngineError
from pipelines_client.parity.judgement.evidence import gaps_of
from pipelines_client.parity.judgement.gates import CHECK
from pipelines_client.parity.model import MOST_ROWS, CheckReport, Gate, GateResult
from pipelines_client.parity.rules import Check
from pipelines_client.parity.spell import plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipelines_client.parity.check_sql import PlainSelect
    from pipelines_client.parity.judgement.evidence import Evidence
    from pipelines_client.parity.model import Limits
    from pipelines_client.parity.questions.engine import Engine

AnswerRow = dict[str, Any]

SHOWN_IN_CLEAR = frozenset(("side", "type", "event", "day", "cause", "message_id"))
"""Columns whose texts a report shows anyway. Texts in other columns are shown by their length only."""


_OF_LEDGER = frozenset(("sent", "missing"))
_ROWS_LISTED = 20
_ROWS_UNIT = "rows"
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """The answer of an engine to a check."""

    check: Check
    question: PlainSelect
    rows: list[AnswerRow]


def ask_checks(engine: Engine, checks: Iterable[Check]) -> tuple[CheckAnswer, ...]:
    """Ask an engine all checks; its tables must be built.

    Raises:
        EngineError: It cannot answer a check; the message names the check and the cure.
    """
    return tuple(_ask(engine, check) for check in checks)


def _ask(engine: Engine, check: Check) -> CheckAnswer:
    question = check.question()
    try:
        return CheckAnswer(check, question, engine.select(question.sql))
    except (EngineError, MemoryError):
        raise
    except TypeError:
        cure = "each column must be a text or a whole number: CAST it to VARCHAR or BIGINT, and divide with //"
    except Exception as error:  # noqa: BLE001 - each engine raises other errors, whose messages may quote a row
        cure = (
            f"the engine cannot answer it ({type(error).__name__}): compare texts with texts and numbers with numbers"
        )
    raise EngineError(f"check {check.name!r}: {cure}")


def judge_checks(
    answers: Iterable[CheckAnswer], evidence: Evidence, limits: Limits, *, is_redacted: bool
) -> tuple[tuple[Gate, ...], tuple[CheckReport, ...]]:
    """Compare each answer with what was expected, and return a gate and a report for each.

    The limits say how much of the evidence may be unreadable or wait.
    """
    short = _short(evidence, limits)
    judged = [
        _judge(answer, _lack(answer, evidence) or short, _doubt(answer, evidence), is_redacted=is_redacted)
        for answer in answers
    ]
    return tuple(gate for gate, _ in judged), tuple(report for _, report in judged)


def _judge(answer: CheckAnswer, short: str, doubt: str, *, is_redacted: bool) -> tuple[Gate, CheckReport]:
    check = answer.check
    holds, limit, actual, unit = _held(answer)
    short = short or (doubt if holds is False else "")
    result: GateResult = "inconclusive" if short or holds is None else "passed" if holds else "failed"
    outcome = f"{_result_words(holds, actual, unit)}, expected {check.expect}"
    words = "; ".join(part for part in (outcome, short, check.reason) if part)
    gate = CHECK.gate(limit, actual, unit, result, words, subject=check.name)
    return gate, CheckReport(
        name=check.name,
        reason=check.reason,
        expect=check.expect,
        result=result,
        words=words,
        count=len(answer.rows),
        columns=answer.question.columns,
        rows=tuple(
            tuple(_shown(name, value, is_redacted=is_redacted) for name, value in row.items())
            for row in answer.rows[:_ROWS_LISTED]
        ),
    )


def _result_words(holds: bool | None, actual: int, unit: str) -> str:
    if holds is None:
        return "no number"
    if unit == _ROWS_UNIT:
        return plural(actual, "row") if actual <= MOST_ROWS else f"more than {MOST_ROWS:,} rows"
    return f"{actual:,} {unit}".rstrip()


def _held(answer: CheckAnswer) -> tuple[bool | None, int, int, str]:
    """Return whether the answer is as expected (None: nothing to compare), the limit, the actual value and its unit."""
    most = answer.check.most_rows()
    if most is not None:
        return len(answer.rows) <= most, most, len(answer.rows), _ROWS_UNIT
    sign, limit = answer.check.comparison()
    column = answer.question.columns[-1]
    values = [row[column] for row in answer.rows]
    if not values or not all(isinstance(value, int) for value in values):
        return None, limit, 0, ""
    broken = [value for value in values if not _HOLDS[sign](value, limit)]
    far = sorted(broken or values, key=lambda value: abs(value - limit))
    return not broken, limit, far[-1] if broken else far[0], column if column.isidentifier() else ""


def _lack(answer: CheckAnswer, evidence: Evidence) -> str:
    """Return what a check needs and the evidence does not have, or an empty text."""
    question = answer.question
    for side in SIDES:
        if side in question.sides and side not in evidence.sources:
            return f"it asks about {TITLES[side]}: give --{side}"
    asked = question.views | question.reads
    lacks = (needs(evidence) for part, needs in _NEEDS.items() if part in asked)
    return next(filter(None, lacks), "")


def _doubt(answer: CheckAnswer, evidence: Evidence) -> str:
    """Return why a check that fails proves nothing: what the ledger has lost may be what it looks for."""
    is_asked = not _OF_LEDGER.isdisjoint(answer.question.views)
    return "no proof while the ledger has lost lines" if is_asked and evidence.has_lost_lines else ""


def _needs_ledger(evidence: Evidence) -> str:
    return "" if "ledger" in evidence.sources else "only a ledger knows what was sent: give --ledger"


def _needs_key(evidence: Evidence) -> str:
    if evidence.knows_ledger_identity:
        return ""
    return "the persons of the ledger are unknown without its identity key: set PIPELINES_LEDGER_KEY"


def _needs_side(evidence: Evidence) -> str:
    is_given = any(side in evidence.sources for side in SIDES)
    return "" if is_given else "only an export knows what was received: give --segment or --customerio"


def _needs_two(evidence: Evidence) -> str:
    is_enough = len(evidence.sources) > 1
    return _needs_side(evidence) or ("" if is_enough else "it takes two sources to tell what is missing")


def _needs_cause(evidence: Evidence) -> str:
    return "" if "ledger" in evidence.sources else "only a ledger knows why a message is missing: give --ledger"


_NEEDS: dict[str, Callable[[Evidence], str]] = {
    "sent": _needs_ledger,
    "sent.person": _needs_key,
    "received": _needs_side,
    "sides": _needs_side,
    "missing": _needs_two,
    "missing.cause": _needs_cause,
    "missing.reason": _needs_cause,
}
"""What a view or a column asks of the evidence: it returns what is lacking, in words, or an empty text."""


def _short(evidence: Evidence, limits: Limits) -> str:
    """Return why the evidence proves nothing either way, or an empty text."""
    sources = evidence.sources
    if not any(source.messages for source in sources.values()):
        return "no proof either way without a message in the window"
    counts = {name: len(gaps_of(name, evidence, limits)) for name in sources}
    gaps = [f"{TITLES[name]} has {plural(count, 'gap')}" for name, count in counts.items() if count]
    return f"no proof either way while evidence is short: {', '.join(gaps)}" if gaps else ""


def _shown(column: str, value: str | int | None, *, is_redacted: bool) -> str | int | None:
    if not is_redacted or not isinstance(value, str) or column in SHOWN_IN_CLEAR:
        return value
    return f"string of {len(value)}"
