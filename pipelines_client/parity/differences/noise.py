"""Noise: how often a leg differs from itself, and what is provably more than that. Pure.

A leg that is compared with a second archive of itself should not differ. A path where it does will also differ between
the two legs, whatever the migration does. Fisher's exact test, one-sided, decides whether a path differs more often
than that: if both rates were the same, how likely were this many of the differences on this side? If at most
`ERROR_PCT` percent, shared by all paths of the report, the path counts as drift. So noise alone counts as drift in at
most that share of reports, whatever its rate. The test assumes that messages are independent: noise that comes in
bursts needs a baseline of the same days.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, lgamma

from pipelines_client.parity.model import ERROR_PCT, NoiseRow

_NEGLIGIBLE = 1e-15

DriftPath = tuple[str, str]
"""A path in a payload, and the kind of difference there."""


def judge_noise(
    counts: Mapping[DriftPath, int],
    compared: Mapping[DriftPath, int],
    baseline: Mapping[DriftPath, int],
    baseline_compared: int,
) -> tuple[NoiseRow, ...]:
    """Judge each path that differs: drift, noise or unproven; most frequent first.

    Of `compared` messages, `counts` differ between the legs, both by path and kind. Of `baseline_compared` messages,
    `baseline` differ within one leg.
    """
    bearable = ERROR_PCT / 100 / max(1, len(counts))
    rows = []
    for (path, kind), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        own = baseline.get((path, kind), 0)
        is_more = chance_of_noise(count, compared[path, kind], own, baseline_compared) <= bearable
        result = "drift" if is_more else "noise" if own else "unproven"
        row = {"path": path, "kind": kind, "count": count, "baseline_count": own, "result": result}
        rows.append(NoiseRow.model_validate(row))
    return tuple(rows)


def chance_of_noise(count: int, compared: int, own: int, own_compared: int) -> float:
    """Return how likely at least `count` of `count + own` differences fall among `compared` messages by chance.

    This is the upper tail of the hypergeometric distribution. Up to the baseline's own rate it is 1: nothing but noise.
    """
    if count * own_compared <= own * compared:
        return 1.0
    total = count + own
    term = exp(
        _log_choose(compared, count) + _log_choose(own_compared, own) - _log_choose(compared + own_compared, total)
    )
    chance = 0.0
    for here in range(count, min(total, compared) + 1):
        chance += term
        left = total - here
        term *= (compared - here) * left / ((here + 1) * (own_compared - left + 1))
        if term <= chance * _NEGLIGIBLE:
            break
    return min(1.0, chance)


def _log_choose(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
