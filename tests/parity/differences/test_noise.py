"""A path counts as drift only above its own noise, and noise alone is called drift no more often than is said."""

from __future__ import annotations

import shutil
from collections import Counter
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from answers import ASKED, filled
from evidence import DAY_MS, SIDES, Evidence

from pipelines_client.errors import SourceError
from pipelines_client.parity.differences.explain import BaselineDrift, explain
from pipelines_client.parity.differences.noise import chance_of_noise, judge_noise
from pipelines_client.parity.differences.reopen import DriftResult, Signature, Spot
from pipelines_client.parity.judgement.evidence import Evidence as Counts
from pipelines_client.parity.judgement.evidence import SourceEvidence, population_of
from pipelines_client.parity.judgement.gates import conclude, judge
from pipelines_client.parity.model import ERROR_PCT, Limits, Verdict
from pipelines_client.parity.questions import rows
from pipelines_client.parity.questions.rows import Answers, EventsRow, TotalsRow
from pipelines_client.parity.rules import parse_rules

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
    found = judge_noise(
        counts, dict.fromkeys(counts, 1000), {("a", "value"): 30, ("b", "value"): 4, ("c", "value"): 40}, 1000
    )
    assert {row.path: row.result for row in found} == {"a": "noise", "b": "drift", "c": "drift", "d": "unproven"}


@pytest.mark.parametrize(
    ("each", "paths", "result"),
    [(6, 1, "unproven"), (7, 1, "drift"), (7, 2, "unproven"), (8, 2, "drift"), (8, 3, "unproven"), (9, 4, "drift")],
)
def test_all_paths_share_the_error_that_is_stated(each, paths, result):
    """With a baseline of the same size n differences fall on this side with a chance of 1 in 2^n."""
    counts = {(f"p{number}", "value"): each for number in range(paths)}
    found = judge_noise(counts, dict.fromkeys(counts, 10_000), {}, 10_000)
    assert [row.result for row in found] == [result] * paths


def test_the_error_is_one_percent():
    """One difference falls among 2 of 201 messages less often, and among 2 of 199 more often."""
    path = ("a", "value")
    for baseline, result in ((199, "drift"), (197, "unproven")):
        assert [row.result for row in judge_noise({path: 1}, {path: 2}, {}, baseline)] == [result]


def test_the_most_frequent_path_comes_first():
    """Then by name; without a path there is nothing to judge."""
    counts = {("c", "value"): 2, ("b", "value"): 2, ("a", "value"): 1, ("d", "value"): 40}
    found = judge_noise(counts, dict.fromkeys(counts, 1000), {}, 1000)
    assert [row.path for row in found] == ["d", "b", "c", "a"]
    assert judge_noise({}, {}, {}, 0) == ()


@pytest.mark.parametrize(
    ("spots", "unproven"), [(("few",), 3), (("few", "other"), 3), (("few", "many"), 0), (("few", "own"), 3)]
)
def test_drift_is_unproven_if_all_of_it_may_be_noise(spots, unproven):
    """One path of a message that is proven to differ is enough, and noise beside it says nothing."""
    both = {Signature("E", "track", "2026-11-02", "unknown", False, frozenset(Spot(path, "value", "") for path in of))
            : times for of, times in ((spots, 3), (("many",), 900))}  # fmt: skip
    answers = Answers({question: [] for question in ASKED}) | {rows.TOTALS: [filled(TotalsRow, paired=COMPARED)]}
    baseline = BaselineDrift("segment", "second", COMPARED, 50, result_of({"own": 50}))
    explained = explain(answers, DriftResult(examined=903, signatures=Counter(both)), (), baseline)
    assert {side: explained.unproven["E", side] for side in ("", *SIDES)} == dict.fromkeys(("", *SIDES), unproven)


def verdict_of(differing: dict[str, int], own: dict[str, int] | None) -> Verdict:
    """Judge a run in which so many messages differ at each path, and nothing else is wrong."""
    total = sum(differing.values())
    drift = dict.fromkeys(("drift", "drift_segment", "drift_customerio", "bad", "bad_segment", "bad_customerio"), total)
    there = dict.fromkeys(
        (*SIDES, *(f"{what}_{side}" for what in ("compared", "identified") for side in SIDES)), COMPARED
    )
    event = filled(EventsRow, event="E", type="track", day="2026-11-02", **drift, **there)
    answers = Answers({question: [] for question in ASKED})
    answers |= {rows.TOTALS: [filled(TotalsRow, drift=total, paired=COMPARED)], rows.EVENTS: [event]}
    baseline = own and BaselineDrift("segment", "second", COMPARED, sum(own.values()), result_of(own))
    explained = explain(answers, result_of(differing), (), baseline or None)
    source = SourceEvidence(rows=COMPARED, messages=COMPARED, duplicates=0, rejected_lines=0, files=1)
    left = explained.answers[rows.EVENTS]
    sides = {side: population_of(side, left, unproven_drift=explained.unproven["E", side]) for side in SIDES}
    counts = Counts(messages=COMPARED, identity=0, renamed=0, sources=dict.fromkeys(SIDES, source), sides=sides)
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


def test_a_baseline_with_a_gap_is_inconclusive(noisy, compare):
    """What it does not show may be as noisy as you like."""
    evidence, second = noisy
    archive = max(second.rglob("*.gz"))
    archive.write_bytes(archive.read_bytes()[:-40])
    report = compare(evidence.paths(), baseline=str(second))
    (gate,) = [gate for gate in report.gates if gate.kind == "baseline"]
    assert gate.result == "inconclusive"
    assert archive.name in gate.evidence


def test_drift_of_an_event_that_may_be_noise_is_not_proven(noisy, compare):
    """The limit of one event knows the short baseline as the one over all does."""
    evidence, second = noisy
    for sent in evidence.messages[4::8]:
        sent.payload("segment")["index"] = sent.call["properties"]["index"]
    for sent in evidence.messages[:2]:
        sent.payload("customerio")["price"] = "9.5"
    rules = parse_rules({"gates": {"events": {"Feature Used": {"max_drift": "0.1%"}}}}, "x")
    report = compare(evidence.paths(), baseline=str(second), rules=rules)
    results = {(gate.event, gate.result) for gate in report.gates if gate.kind == "drift"}
    assert results == {("", "inconclusive"), ("Feature Used", "inconclusive")}


def test_what_only_the_ledgers_hash_shows_may_be_noise_of_the_leg_too(tmp_path, compare):
    """Nine in ten have no copy at Customer.io to tell a path: as many as differ within the archive are noise."""
    evidence = Evidence(tmp_path, count=1000)
    for sent in [sent for index, sent in enumerate(evidence.messages) if index % 10]:
        sent.not_sent("customerio", "skipped", "cohort")
    for changed, verdict in (([], Verdict.PASS), (evidence.messages[4::7], Verdict.FAIL)):
        for sent in changed:
            sent.payload("segment")["price"] = "9.5"
        second = evidence.write_segment().rename(tmp_path / f"second {verdict.value}")
        for sent in evidence.messages[3::7]:
            sent.payload("segment")["index"] = -1
        report = compare(evidence.paths(), baseline=str(second))
        assert report.verdict is verdict, report.headline
        for sent in evidence.messages[3::7]:
            sent.payload("segment")["index"] = sent.call["properties"]["index"]


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
