"""Each rule by its own examples: what it finds, what it leaves, and that the cheap question agrees with it."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.destinations.customerio import RESERVED_NAMES
from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.downstream import COMMANDS
from pipelines_client.plan.rules import CALL_RULES
from pipelines_client.plan.rules.base import CallRule

_FIELDS = {"track": "properties", "page": "properties", "screen": "properties", "identify": "traits", "group": "traits"}
_EXAMPLES = [
    pytest.param(rule, example, is_bad, id=f"{rule.code}-{'bad' if is_bad else 'good'}{number}")
    for rule in CALL_RULES
    for is_bad, examples in ((True, rule.bad), (False, rule.good))
    for number, example in enumerate(examples)
]


def whole(example: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return an example as the client has it, and what the client made of it."""
    call = {"anonymousId": None, "context": {}, "integrations": {}, "userId": None, **example}
    call.setdefault(_FIELDS[call["type"]], {})
    for name in ("event", "name"):
        call.setdefault(name, None)
    made = frozenset(name for name in ("messageId", "timestamp") if name not in call)
    return {"messageId": "m1", "timestamp": "2026-11-02T10:00:00+00:00", **call}, made


def checked(rule: type[CallRule], mode: str = "") -> CheckedPlan:
    """Return the plan of a rule's examples, with a mode for the rule."""
    text = f"plan: 1\n{rule.plan}"
    if mode and "modes:" not in text:
        text += f"\nmodes: {{{rule.code}: {mode}}}\n"
    return CheckedPlan(parse_plan(text.encode()))


@pytest.mark.parametrize(("rule", "example", "is_bad"), _EXAMPLES)
def test_a_rule_finds_its_bad_examples_and_nothing_in_the_good_ones(
    rule: type[CallRule], example: Any, is_bad: bool
) -> None:
    """The cheap question may send a good call the usual way, and never lets a bad one through."""
    plan = checked(rule)
    call, made = whole(example)
    judged = plan.judge(call, made)
    assert (rule.code in [violation.code for violation in judged.violations]) is is_bad
    if plan.is_clean(call["type"], call, call[_FIELDS[call["type"]]]):
        assert not judged.violations
        assert judged.call is call


@pytest.mark.parametrize("rule", CALL_RULES, ids=lambda rule: rule.code)
def test_a_good_example_is_the_only_fault_free_one(rule: type[CallRule]) -> None:
    """So an example shows its rule, and not another one by accident."""
    plan = checked(rule)
    assert [plan.judge(*whole(example)).violations for example in rule.good] == [()] * len(rule.good)


@pytest.mark.parametrize("rule", [rule for rule in CALL_RULES if rule.mode == "warn"], ids=lambda rule: rule.code)
def test_a_rule_that_is_off_finds_nothing(rule: type[CallRule]) -> None:
    """The exact answer decides, and the cheap question is not asked."""
    plan = checked(rule, "off")
    codes = {violation.code for example in rule.bad for violation in plan.judge(*whole(example)).violations}
    assert rule.code not in codes


def test_codes_are_unique_and_each_rule_has_its_words() -> None:
    """They are keys of the plan's `modes`, and rows of the docs."""
    assert len({rule.code for rule in CALL_RULES}) == len(CALL_RULES)
    assert all(rule.title and rule.words.endswith(".") and rule.bad and rule.good for rule in CALL_RULES)


def test_the_commands_are_those_that_the_destination_keeps_back() -> None:
    """The plan does not know destinations, so it names them again."""
    assert COMMANDS == RESERVED_NAMES
