"""Truth checks: a team's own questions, and what their answers should be (NEEDS N28).

    [[check]]
    name = "carts without an order"
    reason = "the campaign writes to them"
    sql = "SELECT …"                     one SELECT over the views of `selects.COLUMNS`
    expect = "no rows"                   or "at most 10 rows", or a comparison such as "< 5"

Evidence that is short proves nothing either way: with a gap in any source, or without a message in the window, each
check is *inconclusive*.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines_client.errors import EngineError
from pipelines_client.parity.verdict import CHECK, TITLES, Gate, GateResult, gaps_of, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines_client.parity.engine import Engine
    from pipelines_client.parity.selects import PlainSelect
    from pipelines_client.parity.verdict import Limits, SourceEvidence

Row = dict[str, Any]

SHOWN_IN_CLEAR = frozenset(("side", "type", "event", "day", "cause", "message_id"))
"""Columns whose texts stand in a report anyway; those of any other are shown by their length only."""

MOST_ROWS = 1000
"""So many rows of an answer are counted, and one more, so that it shows that there are more."""

_ROWS_LISTED = 20
_ROWS_UNIT = "rows"
_ROWS = re.compile(r"at most ([\d_,]+) rows?")
_NUMBER = re.compile(r"(<=|>=|==|=|<|>)\s*(-?[\d_,]+)")
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Part):
    """A question and what its answer should be; see the module for the forms of `expect`."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    reason: str = ""
    sql: str
    expect: str = "no rows"

    @field_validator("expect")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "no rows" and not _ROWS.fullmatch(value) and not _NUMBER.fullmatch(value):
            raise ValueError(f'{value!r} is no expectation; write "no rows", "at most 10 rows", or "< 5" for a number')
        rows = _ROWS.fullmatch(value)
        if rows is not None and _whole(rows[1]) > MOST_ROWS:
            raise ValueError(f"{value!r}: rows are counted up to {MOST_ROWS:,}; SELECT count(*) and compare the number")
        return value

    @model_validator(mode="after")
    def _is_askable(self) -> Check:
        try:
            self.question()
        except ValueError as error:
            raise ValueError(f"{self.name}: sql: {error}") from None
        return self

    def question(self) -> PlainSelect:
        """Return its SQL as an engine takes it."""
        from pipelines_client.parity.selects import plain_select

        return plain_select(self.sql)

    def most_rows(self) -> int | None:
        """Return how many rows it may have; None where it is about a number."""
        if self.expect == "no rows":
            return 0
        rows = _ROWS.fullmatch(self.expect)
        return None if rows is None else _whole(rows[1])

    def comparison(self) -> tuple[str, int]:
        """Return the operator and the number of an expectation about a number."""
        found = _NUMBER.fullmatch(self.expect)
        assert found is not None  # noqa: S101 - as it was read
        return found[1], _whole(found[2])


class CheckReport(_Part):
    """What came of one check. `rows` are the first 20 of `count`, a value for each column; 1,001 is more than 1,000.

    Texts are shown by their length, unless values were asked for or the column is one that a report shows anyway.
    """

    name: str
    reason: str
    expect: str
    result: GateResult
    words: str
    count: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answered to a check."""

    check: Check
    question: PlainSelect
    rows: list[Row]


def ask_checks(engine: Engine, checks: Iterable[Check]) -> tuple[Answer, ...]:
    """Ask an engine, whose tables are built, all checks.

    Raises:
        EngineError: It cannot answer one; names the check and the cure.
    """
    return tuple(_ask(engine, check) for check in checks)


def _ask(engine: Engine, check: Check) -> Answer:
    question = check.question()
    try:
        return Answer(check, question, engine.select(question.sql))
    except (EngineError, MemoryError):
        raise
    except TypeError:
        cure = "each column must be a text or a whole number: CAST it to VARCHAR or BIGINT, and divide with //"
    except Exception as error:  # noqa: BLE001 - each engine has errors of its own; their words may quote a row
        cure = (
            f"the engine cannot answer it ({type(error).__name__}): compare texts with texts and numbers with numbers"
        )
    raise EngineError(f"check {check.name!r}: {cure}")


def judge_checks(
    answers: Iterable[Answer], sources: Mapping[str, SourceEvidence], limits: Limits, *, is_redacted: bool
) -> tuple[tuple[Gate, ...], tuple[CheckReport, ...]]:
    """Hold each answer against what was expected; a gate and a report for each.

    Args:
        answers: Of the engine.
        sources: What each source that was given brought to the judgement.
        limits: How much of it may be unreadable, or wait.
        is_redacted: Whether texts are hidden.
    """
    short = _short(sources, limits)
    judged = [_judge(answer, _untold(answer, sources) or short, is_redacted=is_redacted) for answer in answers]
    return tuple(gate for gate, _ in judged), tuple(report for _, report in judged)


def _judge(answer: Answer, short: str, *, is_redacted: bool) -> tuple[Gate, CheckReport]:
    check = answer.check
    holds, limit, actual, unit = _held(answer)
    result: GateResult = "inconclusive" if short or holds is None else "passed" if holds else "failed"
    told = f"{_found(holds, actual, unit)}, expected {check.expect}"
    words = "; ".join(part for part in (told, short, check.reason) if part)
    gate = Gate(f"{CHECK}{check.name}", limit, actual, unit, result, words)
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


def _found(holds: bool | None, actual: int, unit: str) -> str:
    if holds is None:
        return "no number"
    if unit == _ROWS_UNIT:
        return plural(actual, "row") if actual <= MOST_ROWS else f"more than {MOST_ROWS:,} rows"
    return f"{actual:,} {unit}".rstrip()


def _held(answer: Answer) -> tuple[bool | None, int, int, str]:
    """Return whether the answer is as expected, the limit, what was found and its unit; None: nothing to compare."""
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


def _untold(answer: Answer, sources: Mapping[str, SourceEvidence]) -> str:
    asks_ledger = "sent" in answer.question.views and "ledger" not in sources
    return "only a ledger tells what was sent: give --ledger" if asks_ledger else ""


def _short(sources: Mapping[str, SourceEvidence], limits: Limits) -> str:
    """Return why the evidence proves nothing either way, "" if it does."""
    if not any(source.messages for source in sources.values()):
        return "no proof either way without a message in the window"
    counts = {name: len(gaps_of(name, source, limits)) for name, source in sources.items()}
    gaps = [f"{TITLES[name]} has {plural(count, 'gap')}" for name, count in counts.items() if count]
    return f"no proof either way while evidence is short: {', '.join(gaps)}" if gaps else ""


def _shown(column: str, value: str | int | None, *, is_redacted: bool) -> str | int | None:
    if not is_redacted or not isinstance(value, str) or column in SHOWN_IN_CLEAR:
        return value
    return f"string of {len(value)}"


def _whole(text: str) -> int:
    return int(text.replace(",", "").replace("_", ""))
