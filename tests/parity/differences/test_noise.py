"""A path counts as drift only above its own noise, and noise alone is called drift no more often than is said."""

from __future__ import annotations

import shutil
from collections import Counter
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from answers import filled
from evidence import DAY_MS, Evidence

from pipelines_client.errors import SourceError
from pipelines_client.parity.differences.explain import BaselineDrift, explain
from pipelines_client.parity.differences.noise import chance_of_noise, judge_noise
from pipelines_client.parity.differences.reopen import DriftResult, Signature, Spot
from pipelines_client.parity.judgement.evidence import Evidence as Counts
from pipelines_client.parity.judgement.evidence import SourceEvidence
from pipelines_client.parity.judgement.gates import conclude, judge
from pipelines_client.parity.model import ERROR_PCT, Limits, Verdict
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.rows import Answers, EventsRow, TotalsRow

RUNS = 1000
COMPARED = 5000
PATHS = [f"properties.p{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("count", "compared", "own", "own_compared"),
    [(10, 1000, 0, 1000), (7, 50, 1, 40), (30, 200, 20, 300), (200, 200, 1, 300), (5, 5, 0, 1), (3, 2000, 1, 1000)],
)
def test_the_chance_is_the_exact_tail_of_the_hypergeometric(count, compared, own, own_compared):
    """Counted out in whole numbers, Fisher's test gives the same."""
    total = count + own
    ways = comb(compared + own_compared, total)
    tail = sum(
        comb(compared, here) * comb(own_compared, total - here) for here in range(count, min(total, compared) + 1)
    )
    exact = float(Fraction(tail, ways))
    assert chance_of_noise(count, compared, own, own_compared) == pytest.approx(exact, rel=1e-9)


def test_no_more_than_its_own_is_noise_whatever_the_sizes():
    """At the baseline's rate or below it nothing is asked; a huge excess is no overflow."""
    assert chance_of_noise(5, 1000, 5, 1000) == 1
    assert chance_of_noise(0, 1000, 0, 0) == 1
    assert chance_of_noise(900_000, 1_000_000, 900, 1_000_000) < 1e-300
    assert chance_of_noise(1200, 1_000_000, 1000, 1_000_000) < 1e-4


def test_a_path_is_noise_drift_or_unproven():
    """More than its own is drift; so is what a whole baseline never showed; of a short one nothing is known."""
    counts = {("a", "value"): 40, ("b", "value"): 40, ("c", "type"): 40, ("d", "value"): 2}
    found = judge_noise(counts, 1000, {("a", "value"): 30, ("b", "value"): 4, ("c", "value"): 40}, 1000)
    assert {row.path: row.result for row in found} == {"a": "noise", "b": "drift", "c": "drift", "d": "unproven"}


def verdict_of(differing: dict[str, int], own: dict[str, int] | None) -> Verdict:
    """Judge a run in which so many messages differ at each path, and nothing else is wrong."""
    total = sum(differing.values())
    event = filled(EventsRow, event="E", type="track", day="2026-11-02", drift=total, bad=total)
    answers = Answers({question: [] for question in rows.QUESTIONS})
    answers |= {rows.TOTALS: [filled(TotalsRow, drift=total, paired=COMPARED)], rows.EVENTS: [event]}
    baseline = own and BaselineDrift("segment", "second", COMPARED, sum(own.values()), result_of(own))
    explained = explain(answers, result_of(differing), (), baseline or None)
    source = SourceEvidence(rows=COMPARED, messages=COMPARED, duplicates=0, rejected_lines=0, files=1)
    sides = ("segment", "customerio")
    counts = Counts(
        messages=COMPARED,
        compared=COMPARED,
        drift=explained.answers[rows.TOTALS][0].drift,
        identity=0,
        renamed=0,
        sources=dict.fromkeys(sides, source),
        missing=dict.fromkeys(sides, 0),
        proven_missing=dict.fromkeys(sides, 0),
        too_young=dict.fromkeys(sides, 0),
        unproven_drift=explained.unproven,
    )
    return conclude(judge(counts, Limits()))


def result_of(differing: dict[str, int]) -> DriftResult:
    signatures = {
        Signature("E", "track", "2026-11-02", "unknown", False, frozenset([Spot(path, "value", "")])): count
        for path, count in differing.items()
        if count
    }
    return DriftResult(examined=sum(signatures.values()), signatures=Counter(signatures))


@pytest.fixture(scope="module")
def trials():
    """A thousand runs: five paths, each as noisy in the baseline as between the legs, from 1 in 500 to 1 in 33."""
    chance = np.random.default_rng(17)
    drawn = []
    for _ in range(RUNS):
        rates = chance.uniform(0.002, 0.03, len(PATHS))
        drawn.append(
            tuple(
                dict(zip(PATHS, map(int, chance.binomial(COMPARED, rates)), strict=True)) for _ in ("here", "baseline")
            )
        )
    return drawn


def test_noise_flips_no_verdict_beyond_the_error_that_is_stated(trials):
    """Of 1,000 noisy runs 1 % may fail, plus three standard deviations; the rest pass. Without a baseline all fail."""
    verdicts = Counter(verdict_of(here, own) for here, own in trials)
    stated = RUNS * ERROR_PCT / 100
    assert verdicts[Verdict.FAIL] <= stated + 3 * stated**0.5
    assert verdicts[Verdict.PASS] >= RUNS - stated - 3 * stated**0.5
    assert {verdict_of(here, None) for here, _ in trials} == {Verdict.FAIL}


def test_drift_above_the_noise_is_found(trials):
    """The test has power: 2 % more at one path fails in at least 99 % of the same runs."""
    more = COMPARED // 50
    failed = sum(verdict_of(here | {PATHS[0]: here[PATHS[0]] + more}, own) is Verdict.FAIL for here, own in trials)
    assert failed >= 0.99 * RUNS


def test_a_quiet_baseline_that_is_too_short_leaves_it_open():
    """Six in 5,000 are over the limit of 0.1 %, and no proof: inconclusive, neither fail nor pass."""
    assert verdict_of({PATHS[0]: 6}, {PATHS[1]: 1}) is Verdict.INCONCLUSIVE
    assert verdict_of({PATHS[0]: 60}, {PATHS[1]: 1}) is Verdict.FAIL
    assert verdict_of({PATHS[0]: 4}, {PATHS[1]: 1}) is Verdict.PASS


@pytest.fixture
def noisy(tmp_path):
    """Segment rounds `index` anew in each export of the archive; another path drifts for real."""
    evidence = Evidence(tmp_path, count=400)
    for sent in evidence.messages[::8]:
        sent.payload("segment")["index"] = -1
    second = evidence.write_segment().rename(tmp_path / "second")
    for sent in evidence.messages:
        sent.payload("segment")["index"] = sent.call["properties"]["index"]
    for sent in evidence.messages[4::8]:
        sent.payload("segment")["index"] = -2
    return evidence, second


def test_a_leg_is_compared_with_a_second_archive_of_itself(noisy, compare):
    """Its noise is counted apart and passes; a drift beside it does not."""
    evidence, second = noisy
    paths = evidence.paths()
    assert compare(paths).verdict is Verdict.FAIL
    report = compare(paths, baseline=str(second))
    assert report.verdict is Verdict.PASS, report.headline
    assert (report.totals.drift, report.totals.drift_noise) == (0, 50)
    assert report.drift_by_path == ()
    assert (report.noise.side, report.noise.baseline_compared, report.noise.compared) == ("segment", 400, 400)
    (row,) = report.noise.rows
    assert (row.path, row.count, row.baseline_count, row.result) == ("properties.index", 50, 100, "noise")
    for sent in evidence.messages[:30]:
        sent.payload("customerio")["price"] = "9.5"
    report = compare(evidence.paths(), baseline=str(second))
    assert report.verdict is Verdict.FAIL
    assert [(row.path, row.count) for row in report.drift_by_path] == [("properties.price", 30)]


def test_a_baseline_of_a_few_messages_is_inconclusive(noisy, compare, tmp_path):
    """It does not know the leg's noise."""
    evidence, second = noisy
    for archive in sorted((second / "prefix" / "segment-logs" / "9sBxKq2mVd" / str(DAY_MS)).glob("*.gz")):
        archive.unlink()
    few = Evidence(tmp_path / "few", count=20)
    shutil.copytree(few.write_segment(), second, dirs_exist_ok=True)
    report = compare(evidence.paths(), baseline=str(second), limits=Limits(max_drift_pct=20))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [gate.name for gate in report.gates if gate.result != "passed"] == ["baseline"]


def test_a_baseline_that_is_nobodys_is_refused(noisy, compare):
    """A second archive of a side that is not compared cannot show the noise of the others."""
    evidence, second = noisy
    paths = evidence.paths()
    with pytest.raises(SourceError, match=r"not a second archive of Customer\.io"):
        compare({name: paths[name] for name in ("ledger", "customerio")}, baseline=str(second))
    with pytest.raises(SourceError, match=r"not a second archive of Segment or Customer\.io"):
        compare(paths, baseline=str(paths["ledger"]))
    with pytest.raises(SourceError, match=r"no-such: no such file or folder; check the path$"):
        compare(paths, baseline="no-such")
    with pytest.raises(SourceError, match="has files of --segment itself"):
        compare(paths, baseline=str(paths["segment"]))
