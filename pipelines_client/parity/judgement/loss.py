"""What was not seen: what the counts of a report prove about loss, in numbers and in words. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.bounds import at_most, at_most_mean, error_at, needed
from pipelines_client.parity.model import LossBound, ThinEvent, Unseen
from pipelines_client.parity.questions.rows import EVENTS, HOURS
from pipelines_client.parity.spell import plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from pipelines_client.parity.model import Limits, Side
    from pipelines_client.parity.questions.rows import Answers, EventsRow, HoursRow
    from pipelines_client.parity.rules import Gates

ERROR = 0.05
"""The risk that all looks at one side together take to say too little: 95 % confidence."""

_ROWS_LISTED = 1000
_SOME = 0.5  # a bound over it says nothing worth a number


def find_unseen(answers: Answers, given: Container[str], gates: Gates, limits: Limits, *, look: int = 1) -> Unseen:
    """Say what is proven about loss by the sources that were given.

    The gates say how much of single events may be missing, the limits how much of any other. `look` is which report of
    the history this is, from 1.
    """
    error = error_at(look, ERROR)
    own = {event: of.max_missing for event, of in gates.events.items() if of.max_missing is not None}

    def limit_of(event: str) -> float:
        return own.get(event, limits.max_missing_pct)

    sides: list[Side] = [side for side in SIDES if side in given]
    thin = [row for side in sides for row in _thin(side, answers[EVENTS], limit_of, error)]
    thin.sort(key=lambda row: (-row.messages, row.event, row.type, row.side))
    return Unseen(
        confidence_pct=_percent(1 - ERROR),
        look=look,
        error_pct=_percent(error),
        words=_look_words(look, error),
        bounds=tuple(_bound(side, [row for row in answers[HOURS] if row.side == side], error) for side in sides),
        thin_events=len(thin),
        thin=tuple(thin[:_ROWS_LISTED]),
    )


def _bound(side: Side, hours: list[HoursRow], error: float) -> LossBound:
    messages, missing = sum(row.messages for row in hours), sum(row.lost for row in hours)
    shares = [row.lost / row.messages for row in hours if row.lost]
    share, hour_share = at_most(missing, messages, error), at_most_mean(shares, len(hours), error)
    return LossBound(
        side=side,
        messages=messages,
        missing=missing,
        at_most_pct=_percent(share),
        one_in=_one_in(share),
        hours=len(hours),
        lossy_hours=len(shares),
        hour_at_most_pct=_percent(hour_share),
        hour_one_in=_one_in(hour_share),
        words=_bound_words(side, (missing, messages, share), (len(shares), len(hours), hour_share)),
    )


def _thin(
    side: Side, events: Sequence[EventsRow], limit_of: Callable[[str], float], error: float
) -> Iterable[ThinEvent]:
    messages: Counter[tuple[str, str]] = Counter()
    missing: Counter[tuple[str, str]] = Counter()
    for row in events:
        event = (row.event, row.type)
        missing[event] += getattr(row, f"missing_{side}")
        messages[event] += getattr(row, side) + getattr(row, f"missing_{side}")
    for event, seen in messages.items():
        limit, lost = limit_of(event[0]) / 100, missing[event]
        share = at_most(lost, seen, error)
        if seen and lost <= limit * seen and share > limit:
            yield ThinEvent(
                side=side,
                event=event[0],
                type=event[1],
                messages=seen,
                missing=lost,
                limit_pct=_percent(limit),
                at_most_pct=_percent(share),
                needed=needed(lost, limit, error),
            )


def _bound_words(side: Side, messages: tuple[int, int, float], hours: tuple[int, int, float]) -> str:
    missing, seen, share = messages
    lossy, units, hour_share = hours
    if not seen:
        return f"{TITLES[side]} should have no message of this window, so its loss cannot be bounded."
    one_in, hour_one_in = _one_in(share), _one_in(hour_share)
    least = "an unknown share of messages" if one_in is None else f"fewer than 1 in {one_in:,} messages"
    hourly = (
        "nothing is proven" if hour_one_in is None else f"fewer than 1 in {hour_one_in:,} messages of an average hour"
    )
    return (
        f"With {100 * (1 - ERROR):.0f} % confidence {TITLES[side]} loses {least}:"
        f" {missing:,} of {plural(seen, 'message')} {'is' if missing == 1 else 'are'} missing."
        f" If losses cluster in time: {hourly} ({lossy:,} of {plural(units, 'hour')}"
        f" {'has' if lossy == 1 else 'have'} a loss)."
    )


def _look_words(look: int, error: float) -> str:
    return (
        f"Report {look:,} of this history: each bound holds with a probability of at least {100 * (1 - error):.4g} %,"
        f" all bounds of the history together with at least {100 * (1 - ERROR):.4g} %."
    )


def _one_in(share: float) -> int | None:
    return int(1 / share) if share <= _SOME else None


def _percent(share: float) -> float:
    return float(f"{100 * share:.6g}")
