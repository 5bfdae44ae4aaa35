"""What is said of unrelated sources names them, their numbers, and what to give instead."""

from __future__ import annotations

from pipelines_client.parity.judgement.relations import Apart, Relations, Stranger
from pipelines_client.parity.questions.related import TwinsRow
from pipelines_client.parity.report.relations import Instead, relation_gates

APART = Relations(apart=(Apart(("segment", "customerio"), (600, 550), 0, is_by_time=False),))


def said(relations, twins=()) -> str:
    (gate,), instead = relation_gates(relations, twins, {}, {})
    assert (gate.kind, gate.result) == ("related", "inconclusive")
    return f"{gate.evidence}. {instead.advice}"


def test_related_sources_have_no_gate():
    """There is nothing to say."""
    assert relation_gates(Relations(), (), {}, {}) == ((), Instead())


def test_payloads_in_common_by_accident_are_not_the_same_calls():
    """Few payloads, or a few of many, may be equal; most of many are not."""
    twins = [TwinsRow(None, f"m{number}", f"other-m{number}") for number in range(10)]
    alone = [TwinsRow(None, f"a{number}", None) for number in range(11)]
    alone += [TwinsRow(None, None, f"b{number}") for number in range(11)]
    assert "under other ids, which have “other-” before them in Customer.io" in said(APART, twins)
    assert "other ids" not in said(APART, twins[:9])
    assert "other ids" not in said(APART, [*twins, *alone])
    assert "“" not in said(APART, [TwinsRow(None, f"m{number}", f"{number}x{number}") for number in range(10)])


def test_ids_with_something_after_them_are_said():
    """Whichever of the two is longer."""
    twins = [TwinsRow(None, f"{number}-retry", f"{number}") for number in range(10)]
    assert "which have “-retry” after them in Segment" in said(APART, twins)


def test_a_key_is_named_by_its_end_and_its_rule_too():
    """The rule is ready to copy, but for who and until when."""
    stranger = Stranger("segment", "customerio", "write_key_suffix", "ab12", 70, ("analytics-node",), ("cd34",))
    words = said(Relations(strangers=(stranger,)))
    assert "none of the 70 messages of the write key …ab12 (analytics-node)" in words
    assert 'expected = [{kind = "missing", side = "customerio", write_key = "ab12", reason' in words
