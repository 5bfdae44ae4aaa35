from __future__ import annotations

import pytest

from pipelines_client.errors import PlanError
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.lint import lint
from pipelines_client.plan.lint.base import LintFault
from pipelines_client.plan.lint.baseline import dump_baseline, judge, parse_baseline

EVENTS = [
    "User Deleted: {stage: churn}",
    "order_done: {properties: {orderId: string, a_b: string, c_d: string}}",
    "Order Paid: {}",
]


def faults_of(*events: str) -> list[LintFault]:
    """Return the faults of a plan of these events."""
    lines = "".join(f"  {each}\n" for each in events)
    return lint(parse_plan(f"plan: 1\nconventions: {{events: Title Case}}\nevents:\n{lines}".encode()))


def test_a_plan_that_was_sorted_anew_has_no_new_fault() -> None:
    """Fingerprints are made of names, not of places in the file."""
    known = parse_baseline(dump_baseline(faults_of(*EVENTS)).encode(), "b.json")
    judged = judge(faults_of(*reversed(EVENTS)), known)
    assert not judged.new
    assert len(judged.known) == len(known) > 5
    assert judged.gone == 0


def test_one_new_fault_is_new_and_what_was_cured_is_gone() -> None:
    """An event without a stage is added, another one is removed."""
    known = parse_baseline(dump_baseline(faults_of(*EVENTS)).encode(), "b.json")
    judged = judge(faults_of(*EVENTS, "Cart Emptied: {description: The cart is empty.}"), known)
    assert [(fault.code, fault.place[-1]) for fault in judged.new] == [("no-stage", "Cart Emptied")]
    assert judge(faults_of(*EVENTS[:2]), known).gone == 2


def test_a_baseline_is_the_same_text_for_the_same_faults() -> None:
    """A review shows what was added, and nothing else."""
    assert dump_baseline(faults_of(*EVENTS)) == dump_baseline(list(reversed(faults_of(*EVENTS))))
    assert parse_baseline(dump_baseline([]).encode(), "b.json") == set()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "faults": [1]}', b"\xff"])
def test_what_is_not_a_baseline_is_refused(content: bytes) -> None:
    """The error says how to write one."""
    with pytest.raises(PlanError, match="--write-baseline"):
        parse_baseline(content, "b.json")


def test_a_baseline_of_another_release_is_refused() -> None:
    """It may have other fingerprints."""
    with pytest.raises(PlanError, match="another release"):
        parse_baseline(b'{"version": 2, "faults": []}', "b.json")
