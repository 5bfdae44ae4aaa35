"""Each rule of the lint finds its bad example and nothing in its good one; the whole is quiet on a clean plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.destinations.customerio import RESERVED_NAMES
from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.downstream import COMMANDS
from pipelines_client.plan.lint import LINT_RULES, lint
from pipelines_client.plan.lint.base import LintRule
from pipelines_client.plan.lint.survey import PlanSurvey
from pipelines_client.plan.model import TrackingPlan

RULES = [pytest.param(rule, id=rule.code) for rule in LINT_RULES]
CLEAN = """\
conventions: {events: Title Case, tense: past, properties: snake_case, money: cents, dates: unix_seconds}
events:
  Cart Updated:
    {description: It has changed., stage: conversion, properties: {cart_id: string, total: {type: integer, unit: USD}}}
  Order Completed:
    {description: A person has paid., stage: conversion, properties: {order_id: string, paid_at: integer}}
"""


def plan_of(text: str) -> TrackingPlan:
    """Return the plan that an example is."""
    return parse_plan(f"plan: 1\n{text}\n".encode())


def found(text: str, code: str) -> list[str]:
    """Return what a rule finds in a plan: the last name of each place, and what else it names."""
    return [f"{fault.place[-1]} {fault.about}".strip() for fault in lint(plan_of(text)) if fault.code == code]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_its_bad_example_and_nothing_in_its_good_one(rule: LintRule) -> None:
    """The examples of the page are true."""
    assert list(rule.faults(PlanSurvey(plan_of(rule.bad))))
    assert not list(rule.faults(PlanSurvey(plan_of(rule.good))))


def test_each_rule_has_its_code_and_its_words() -> None:
    """A code means one rule, and each fault says what to do."""
    assert len({rule.code for rule in LINT_RULES}) == len(LINT_RULES)
    for rule in LINT_RULES:
        assert rule.title
        assert rule.why.endswith(".")
        assert all(fault.text and fault.cure for fault in rule.faults(PlanSurvey(plan_of(rule.bad))))


def test_a_clean_plan_and_an_empty_one_have_no_fault() -> None:
    """No rule cries at what is right."""
    assert lint(plan_of(CLEAN)) == []
    assert lint(TrackingPlan()) == []


def test_a_rule_that_the_plan_or_the_caller_switches_off_is_not_asked() -> None:
    """`lint` of the plan speaks for the lint, and `modes` for calls: some codes are in both."""
    dirty = "events: {Order Completed: {stage: conversion}}"
    assert [fault.code for fault in lint(plan_of(dirty))] == ["no-description"]
    assert lint(plan_of(f"lint: {{no-description: off}}\n{dirty}")) == []
    (fault,) = lint(plan_of(f"lint: {{no-description: error}}\n{dirty}"))
    assert fault.severity == "error"
    taken = "events: {A Viewed: {aliases: [B Viewed]}, B Viewed: {}}"
    assert found(f"modes: {{alias: off}}\n{taken}", "alias")
    assert not found(f"lint: {{alias: off}}\n{taken}", "alias")
    assert lint(plan_of(dirty), without=["no-description"]) == []


def test_the_names_of_commands_are_those_that_the_client_keeps_back() -> None:
    """Two rooms that may not know each other agree."""
    assert COMMANDS == RESERVED_NAMES


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            "Order Completed, order_completed, orderCompleted",
            ["orderCompleted Order Completed", "order_completed Order Completed"],
        ),
        (
            "Account Created, Account Crated",
            ["Account Created Account Crated"],
        ),
        ("Complete Order, Order Completed", ["Order Completed Complete Order"]),
        ("Subscription Canceled, Subscription Cancelled", ["Subscription Cancelled Subscription Canceled"]),
        ("Step 1 Viewed, Step 2 Viewed", []),
        ("Card Added, Cart Added", []),
        ("Plan Viewed, Team Viewed", []),
    ],
)
def test_names_that_mean_one_event_are_found_and_others_are_not(events: str, expected: list[str]) -> None:
    """Case, separators, typing errors, word order; digits and short words are told apart."""
    text = (
        "conventions: {events: Title Case}\nevents: {" + ", ".join(f"{name}: {{}}" for name in events.split(", ")) + "}"
    )
    assert found(text, "near-duplicate") == expected


def test_a_name_on_its_way_out_is_no_duplicate() -> None:
    """The plan has said already which of two names stays."""
    assert not found("events: {Account Created: {}, Account Crated: {status: deprecated}}", "near-duplicate")


def test_a_conflict_is_found_in_objects_and_arrays_and_an_integer_is_a_number() -> None:
    """Two of three say number, so the third is the fault."""
    text = """\
events:
  A Viewed: {properties: {items: {type: array, items: {type: object, properties: {price: string}}}}}
  B Viewed: {properties: {price: number}}
  C Viewed: {properties: {cart: {type: object, properties: {price: integer}}}}
"""
    (fault,) = [fault for fault in lint(plan_of(text)) if fault.code == "type-conflict"]
    assert fault.place == ("events", "A Viewed", "properties", "items", "[]", "price")
    assert fault.path == ("events", "A Viewed", "properties", "items", "items", "properties", "price")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{total_cents: integer, price: number}", ["price decimals"]),
        ("{price: number, tax: number, total_cents: integer}", ["total_cents cents"]),
        ("{price: string, description: string}", ["price text"]),
        ("{fee: {type: number, unit: percent}, total: {type: integer, unit: EUR}}", []),
    ],
)
def test_amounts_of_two_kinds_are_found_where_the_plan_has_no_convention(text: str, expected: list[str]) -> None:
    """What most amounts are is the rule; a unit that is not a currency makes no amount."""
    assert found(f"events: {{Order Completed: {{properties: {text}}}}}", "money") == expected


def test_what_calls_are_not_checked_against_is_named_as_the_client_counts_it() -> None:
    """The line in the log says how many parts; the lint names the same ones."""
    text = """\
common: {context: {}, schema: {required: yes}}
identify: {schema: {properties: {plan: {type: any}}}}
events:
  A Viewed:
    schema: {properties: {x: {$ref: '#/definitions/none'}, y: {pattern: '('}}, definitions: {z: {enum: 1}}}
    envelope: {properties: {context: {type: [string, any]}}, definitions: {w: 3}}
"""
    plan = plan_of(text)
    named = [" > ".join(fault.place) for fault in lint(plan) if fault.code == "not-checked"]
    assert len(named) == 7
    assert sorted(named) == sorted(CheckedPlan(plan).left_out)


def test_versions_of_an_event_have_places_of_their_own() -> None:
    """The lines of the file, and the fingerprints, tell them apart."""
    text = (
        "events: {Order Completed: [{properties: {b c: string}}, {version: 2, properties: {b c: string, d_e: string}}]}"
    )
    faults: list[Any] = [fault for fault in lint(plan_of(text)) if fault.code == "property-name"]
    assert [fault.place[1] for fault in faults] == ["Order Completed@1", "Order Completed@2"]
    assert [fault.path[2] for fault in faults] == [0, 1]
    assert len({fault.fingerprint for fault in faults}) == 2


def test_the_page_lists_each_rule_with_its_words() -> None:
    """In the order of reports."""
    page = (Path(__file__).resolve().parents[3] / "docs/plan.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \|$", page, re.MULTILINE)
    assert listed == [(rule.code, rule.severity, f"{rule.title}. {rule.why}") for rule in LINT_RULES]


@pytest.mark.parametrize("name", ["saas", "shop"])
def test_the_plans_to_start_from_are_clean(name: str) -> None:
    """A team begins without a fault."""
    path = Path(__file__).resolve().parents[3] / f"examples/plans/{name}.yaml"
    assert lint(parse_plan(path.read_bytes(), path.name)) == []
