"""Exact upper bounds on the share of messages that are lost, at a stated risk of being wrong. Pure.

`at_most` is the one-sided bound of Clopper and Pearson, which assumes that messages are lost independently. Loss comes
in bursts, so `at_most_mean` assumes only that hours are independent, and bounds the share that an average hour loses.
If no hour lost anything, both are the same rule, since the chance to see no loss in n hours is at most (1 - mean)^n.
Otherwise it rests on Bentkus (On Hoeffding's inequalities, Annals of Probability 32, 2004): a sum of shares falls to a
whole number or below at most e times as often as a binomial of the same mean.

A reader who looks every day and believes the best day is wrong more often than each bound says. `error_at` therefore
gives the k-th report 1/(k(k + 1)) of the risk; over any number of reports the parts add up to no more than the whole.
"""

from __future__ import annotations

from math import ceil, e, expm1, fsum, lgamma, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PRECISION = 1e-12
_NEGLIGIBLE = 1e-17


def error_at(look: int, error: float) -> float:
    """Return the risk of the `look`-th report, from 1, so that all reports together have a risk of `error`."""
    return error / (look * (look + 1))


def at_most(lost: int, seen: int, error: float) -> float:
    """Return the largest share that may be lost if `lost` of `seen` are lost, with a risk of `error` to be too low.

    If nothing was seen, everything may be lost: 1.
    """
    if lost >= seen:
        return 1.0
    if not lost:
        return -expm1(log(error) / seen)
    low, high = lost / seen, 1.0
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        if log_chance(lost, seen, middle) > log(error):
            low = middle
        else:
            high = middle
    return high


def at_most_mean(shares: Iterable[float], units: int, error: float) -> float:
    """Return the largest mean share that `units` independent units may lose, with a risk of `error` to be too low.

    Args:
        shares: The share that each unit with a loss lost, each over 0 and up to 1.
        units: How many units there are, including those without a loss.
        error: The risk that the bound is too low.
    """
    total = fsum(shares)
    return at_most(ceil(total), units, error / e) if total else at_most(0, units, error)


def needed(lost: int, share: float, error: float) -> int | None:
    """Return how many must be seen, with `lost` of them lost, to prove a loss of at most `share`.

    The risk is `error`. None if no number proves it, since the share is 0.
    """
    if not share:
        return None
    if not lost and share < 1:
        return ceil(log(error) / log1p(-share))
    low, high = lost, lost + 1
    while log_chance(lost, high, share) > log(error):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if log_chance(lost, middle, share) > log(error):
            low = middle
        else:
            high = middle
    return high


def log_chance(lost: int, seen: int, share: float) -> float:
    """Return the logarithm of the chance to lose `lost` or fewer of `seen`, each with a chance of `share`.

    `share` is over 0. If it is `lost / seen` or more, as in a bound, the terms of the sum only fall.
    """
    if lost >= seen:
        return 0.0
    if share >= 1:
        return float("-inf")
    term, total, odds = 1.0, 1.0, (1 - share) / share
    for count in range(lost, 0, -1):
        term *= count * odds / (seen - count + 1)
        total += term
        if term < _NEGLIGIBLE * total:
            break
    ways = lgamma(seen + 1) - lgamma(lost + 1) - lgamma(seen - lost + 1)
    return ways + lost * log(share) + (seen - lost) * log1p(-share) + log(total)
