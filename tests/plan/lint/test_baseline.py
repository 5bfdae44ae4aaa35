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


def test_an_event_that_is_called_like_a_version_of_another_one_has_faults_that_are_told_apart() -> None:
    """A known fault of the version hides none of the event."""
    versions = ["Paid: [{version: 1}, {version: 2}]", "Paid@2: {description: Paid again.}"]
    known = parse_baseline(dump_baseline(faults_of(versions[0], "Paid@2: {description: a, stage: b}")).encode(), "b")
    judged = judge(faults_of(*versions), known)
    assert ("no-stage", ("events", "Paid@2")) in [(fault.code, fault.place) for fault in judged.new]


@pytest.mark.parametrize("kinds", [("string", "boolean"), ("[string, boolean]", "string")])
def test_another_type_of_a_property_is_another_fault(kinds: tuple[str, str]) -> None:
    """The type that was known before does not hide the one of today."""
    rest = ["A B: {properties: {x: integer}}", "C D: {properties: {x: integer}}"]
    first, second = (faults_of(*rest, f"E F: {{properties: {{x: {{type: {kind}}}}}}}") for kind in kinds)
    judged = judge(second, parse_baseline(dump_baseline(first).encode(), "b"))
    assert [fault.code for fault in judged.new] == ["type-conflict"]


def test_a_known_amount_in_text_does_not_hide_one_with_decimals() -> None:
    """One property can have both faults."""
    rest = ["A B: {properties: {total: {type: integer, unit: USD}}}"]
    first, second = (
        faults_of(*rest, f"C D: {{properties: {{total: {{type: {kind}, unit: USD}}}}}}")
        for kind in ("[integer, string]", "[number, string]")
    )
    judged = judge(second, parse_baseline(dump_baseline(first).encode(), "b"))
    assert "money" in [fault.code for fault in judged.new]
