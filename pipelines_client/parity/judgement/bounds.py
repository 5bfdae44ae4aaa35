"""What counts prove about what was not seen: exact upper bounds on a share, at a stated risk of being wrong. Pure.

`at_most` is Clopper and Pearson's one-sided bound: it takes each message to be lost by itself. Loss comes in bursts, so
`at_most_mean` takes hours instead: of hours that do not depend on each other, each losing any share of its messages, it
bounds the share that an average hour loses. No other assumption is made. Where no hour lost anything the two are the
same rule, since the chance to see no loss in n hours is at most (1 - mean)^n. Else it rests on Bentkus (On Hoeffding's
inequalities, Annals of Probability 32, 2004): a sum of shares falls to a whole number or below at most e times as
often as a binomial of the same mean.

Whoever looks every day and believes the best day is wrong more often than each bound says. `error_at` gives the k-th
look a k(k + 1)-th of the risk: over any number of looks they add up to no more than the whole.
"""

from __future__ import annotations

from math import ceil, e, fsum, lgamma, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PRECISION = 1e-12
_NEGLIGIBLE = 1e-17


def error_at(look: int, error: float) -> float:
    """Return the risk that the `look`-th look, from 1, may take of `error`, the risk of all looks together."""
    return error / (look * (look + 1))


def at_most(lost: int, seen: int, error: float) -> float:
    """Return the share of which more than `lost` of `seen` would be lost, but for a risk of `error`.

    Of nothing seen, anything may be lost: 1.
    """
    if lost >= seen:
        return 1.0
    low, high = lost / seen, 1.0
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        if log_chance(lost, seen, middle) > log(error):
            low = middle
        else:
            high = middle
    return high


def at_most_mean(shares: Iterable[float], units: int, error: float) -> float:
    """Return the mean share that `units` independent units lose at most, but for a risk of `error`.

    Args:
        shares: What was lost of each unit that lost anything, each over 0 and up to 1.
        units: How many units there are, with those that lost nothing.
        error: The risk that the bound is too low.
    """
    total = fsum(shares)
    return at_most(ceil(total), units, error / e) if total else at_most(0, units, error)


def needed(lost: int, share: float, error: float) -> int | None:
    """Return how many must be seen, of which `lost` are lost, to prove a loss of at most `share`; None: no number does.

    With a risk of `error`.
    """
    if not share:
        return None
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
    """Return the logarithm of the chance to lose `lost` or fewer of `seen` when each is lost with a chance of `share`.

    `share` is over 0; where it is `lost / seen` or more, as in a bound, the terms of the sum only fall.
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
