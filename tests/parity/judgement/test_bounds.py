"""Bounds on loss: exact, and wrong no more often than they say."""

from __future__ import annotations

import random
from functools import cache
from math import e, exp, log

import pytest

from pipelines_client.parity.judgement.bounds import at_most, at_most_mean, error_at, log_chance, needed

# The roots of the binomial's sum, found with 50 digits by another library (mpmath).
EXACT = {
    (0, 1, 0.05): 0.95,
    (0, 100, 0.05): 0.02951304960703993,
    (1, 10, 0.05): 0.3941633024365048,
    (3, 2_995, 0.05): 0.002586813077068794,
    (9, 10, 0.05): 0.9948838031081763,
    (50, 1_000, 0.025): 0.06539048791549365,
    (7, 20_000, 0.000238): 0.001086151397670778,
    (400, 500, 0.01): 0.8400808702974641,
    (12, 1_000_000, 0.05): 1.944249697856181e-05,
    (1_000, 200_000, 0.05): 0.00526730884502155,
    (3_000, 20_000_000, 0.05): 0.0001545832597216628,
}


@pytest.mark.parametrize(("lost", "seen", "error"), EXACT)
def test_a_bound_is_clopper_and_pearsons(lost, seen, error):
    """To nine digits after the point and, since shares are small, to eight digits of the number itself."""
    bound = at_most(lost, seen, error)
    assert bound == pytest.approx(EXACT[lost, seen, error], abs=1e-9)
    assert bound == pytest.approx(EXACT[lost, seen, error], rel=1e-8)


def test_of_nothing_and_of_everything_lost_nothing_is_proven():
    """0 of 0, and n of n."""
    assert at_most(0, 0, 0.05) == at_most(7, 7, 0.05) == 1
    assert at_most_mean([], 0, 0.05) == at_most_mean([1.0, 1.0], 2, 0.05) == 1


def test_the_chance_is_the_binomials():
    """Against every term added up by hand."""
    assert exp(log_chance(1, 3, 0.25)) == pytest.approx(0.75**3 + 3 * 0.25 * 0.75**2)
    assert log_chance(0, 5, 0.5) == pytest.approx(5 * log(0.5))
    assert log_chance(5, 5, 0.5) == 0
    assert log_chance(0, 5, 1.0) == float("-inf")


@pytest.mark.parametrize("lost", [0, 1, 3, 40])
def test_so_many_as_are_needed_prove_a_limit_and_one_fewer_does_not(lost):
    """At both sides of the number."""
    count = needed(lost, 0.001, 0.05)
    assert at_most(lost, count, 0.05) <= 0.001 < at_most(lost, count - 1, 0.05)


def test_no_number_proves_a_loss_of_nothing():
    """A limit of 0 % can be kept, but not proven; one of 100 % is proven by anything."""
    assert needed(0, 0, 0.05) is None
    assert needed(0, 1, 0.05) == 1
    assert needed(0, 0.001, 0.05) == 2995


def test_a_chance_that_is_exactly_the_risk_is_small_enough():
    """Two of two at evens are a quarter, and three an eighth."""
    assert needed(0, 0.5, 1 / 4) == 2
    assert needed(0, 0.5, 1 / 8) == 3


def test_shares_of_hours_are_rounded_up_at_a_smaller_risk():
    """Bentkus' factor is due only where an hour lost something."""
    assert at_most_mean([], 100, 0.05) == at_most(0, 100, 0.05)
    assert at_most_mean([0.5, 0.6], 100, 0.05) == at_most(2, 100, 0.05 / e)


def test_all_looks_together_risk_no_more_than_one():
    """However many."""
    risks = [error_at(look, 0.05) for look in range(1, 2_000)]
    assert 0.0499 < sum(risks) < 0.05
    assert risks == sorted(risks, reverse=True)


@pytest.mark.parametrize(("seen", "share"), [(300, 0.01), (2_000, 0.0015), (40, 0.3)])
def test_the_bound_on_messages_is_too_low_no_more_often_than_stated(seen, share):
    """2,000 series of messages that are each lost by itself; one in twenty may be wrong, and hardly fewer are."""
    chance = random.Random(7)
    losses = [sum(chance.random() < share for _ in range(seen)) for _ in range(2_000 if seen < 500 else 300)]
    wrong = sum(at_most(lost, seen, 0.05) < share for lost in losses) / len(losses)
    assert 0 < wrong <= 0.05 + 3 * (0.05 * 0.95 / len(losses)) ** 0.5


BURSTS = {
    "an hour is lost or it is not": lambda chance: float(chance.random() < 0.03),
    "an hour loses a part": lambda chance: chance.choice((0.2, 0.5, 1.0)) if chance.random() < 0.05 else 0.0,
    "every hour loses a little": lambda chance: chance.uniform(0, 0.06),
}


@pytest.mark.parametrize("kind", BURSTS)
def test_the_bound_on_hours_holds_whatever_the_bursts_are(kind):
    """One in ten may be wrong."""
    chance, draw = random.Random(11), BURSTS[kind]
    mean = {
        "an hour is lost or it is not": 0.03,
        "an hour loses a part": 0.05 * 1.7 / 3,
        "every hour loses a little": 0.03,
    }[kind]
    runs = [[draw(chance) for _ in range(150)] for _ in range(1_000)]
    wrong = sum(at_most_mean([share for share in run if share], len(run), 0.1) < mean for run in runs) / len(runs)
    assert wrong <= 0.1


def test_bursts_break_the_bound_on_messages_and_not_the_one_on_hours():
    """What the second bound is for: 100 hours of 50 messages, and three hours in a hundred are lost whole."""
    chance = random.Random(3)
    runs = [sum(chance.random() < 0.03 for _ in range(100)) for _ in range(1_000)]
    by_message = sum(at_most(50 * lost, 5_000, 0.05) < 0.03 for lost in runs) / len(runs)
    by_hour = sum(at_most_mean([1.0] * lost, 100, 0.05) < 0.03 for lost in runs) / len(runs)
    assert by_message > 0.3
    assert by_hour <= 0.05 + 3 * (0.05 * 0.95 / len(runs)) ** 0.5


def test_looking_every_day_is_wrong_no_more_often_than_looking_once():
    """Thirty looks at a growing series; believing the best of them with the whole risk each time is too bold."""
    chance, bound = random.Random(5), cache(at_most)
    bold = careful = 0
    for _ in range(300):
        lost, is_bold, is_careful = 0, False, False
        for look in range(1, 31):
            lost += sum(chance.random() < 0.05 for _ in range(20))
            is_bold |= bound(lost, 20 * look, 0.05) < 0.05
            is_careful |= bound(lost, 20 * look, error_at(look, 0.05)) < 0.05
        bold, careful = bold + is_bold, careful + is_careful
    assert careful / 300 <= 0.05 < bold / 300
