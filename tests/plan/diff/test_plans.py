"""What changes from one plan to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from random_plans import plans

from pipelines_client.plan.diff.plans import changes_between
from pipelines_client.plan.model import Conventions, IdConvention, PlannedCall, TrackingPlan

PAID = PlannedCall("track", "Order Completed", schema={"properties": {"total": {"type": "number"}}})
LOOSE, STRICT = Conventions(), Conventions(money="cents", dates="iso", ids=IdConvention("^u"))


def _plan(*events: PlannedCall, **rest: Any) -> TrackingPlan:
    return TrackingPlan(events=events, **rest)


def _codes(old: TrackingPlan, new: TrackingPlan) -> list[str]:
    return [change.code for change in changes_between(old, new)]


def _changed(**fields: Any) -> PlannedCall:
    return replace(PAID, **fields)


PRICING = PlannedCall("page", "Pricing")


@pytest.mark.parametrize(
    ("old", "new", "forth", "back"),
    [
        (_plan(PAID), _plan(), ["event-removed"], ["event-added"]),
        (_plan(_changed(status="deprecated")), _plan(), ["deprecated-event-removed"], ["event-added"]),
        (_plan(_changed(status="planned")), _plan(), ["unsent-event-removed"], ["event-added"]),
        (_plan(PAID), _plan(PAID, _changed(version=2)), ["version-added"], ["version-removed"]),
        (_plan(PAID), _plan(_changed(version=2)), ["version-replaced"], ["version-replaced"]),
        (
            _plan(_changed(status="deprecated"), _changed(version=2)),
            _plan(_changed(version=2)),
            ["deprecated-version-removed"],
            ["version-added"],
        ),
        (_plan(PAID), _plan(_changed(aliases=("paid",))), ["alias-added"], ["alias-removed"]),
        (_plan(PAID), _plan(_changed(status="deprecated")), ["status-changed"], ["status-changed"]),
        (_plan(PAID), _plan(_changed(owner="growth", stage="x")), ["note-changed"], ["note-changed"]),
        (_plan(PAID), _plan(_changed(timestamp_required=True)), ["timestamp-required"], ["timestamp-optional"]),
        (_plan(PAID), _plan(_changed(idempotency_key="order_id")), ["key-changed"], ["key-changed"]),
        (_plan(PAID), _plan(_changed(schema={})), ["property-removed"], ["property-added"]),
        (
            _plan(PAID),
            _plan(_changed(envelope={"properties": {"context": {}}, "required": ["context"]})),
            ["required-property-added"],
            ["property-removed"],
        ),
        (_plan(), _plan(pages=(PRICING,)), ["pages-limited"], ["pages-free"]),
        (_plan(pages=()), _plan(pages=(PRICING,)), ["page-added"], ["page-removed"]),
        (
            _plan(),
            _plan(identify=PlannedCall("identify", schema=PAID.schema)),
            ["property-added"],
            ["property-removed"],
        ),
        (
            _plan(conventions=LOOSE),
            _plan(conventions=STRICT),
            ["convention-changed"] * 3,
            ["convention-dropped"] * 3,
        ),
        (_plan(), _plan(conventions=Conventions(tense="past")), ["naming-changed"], ["naming-changed"]),
        (_plan(), _plan(modes={"unknown-event": "reject"}), ["mode-hardened"], ["mode-changed"]),
        (_plan(modes={"unknown-event": "off"}), _plan(), ["mode-changed"], ["mode-changed"]),
        (_plan(), _plan(modes={"identify-without-email": "warn"}), ["mode-changed"], ["mode-changed"]),
        (_plan(), _plan(modes={"repeated-event": "reject"}), [], []),
    ],
)
def test_each_change_has_its_rule_both_ways(
    old: TrackingPlan, new: TrackingPlan, forth: list[str], back: list[str]
) -> None:
    """The old plan to the new one, and back."""
    assert _codes(old, new) == forth
    assert _codes(new, old) == back


def test_an_event_whose_old_name_is_an_alias_was_renamed_and_its_schema_is_compared() -> None:
    """The old name is renamed at the call, so nothing breaks by the name alone."""
    renamed = _changed(name="Order Paid", aliases=("Order Completed",), schema={})
    changes = changes_between(_plan(PAID), _plan(renamed))
    assert [(change.code, change.call) for change in changes] == [
        ("event-renamed", "Order Completed"),
        ("property-removed", "Order Paid"),
    ]


def test_an_event_that_becomes_an_alias_of_one_that_was_there_was_renamed() -> None:
    """Two spellings of one event become one."""
    twin = replace(PAID, name="order_completed")
    merged = _changed(aliases=("order_completed",))
    assert _codes(_plan(PAID, twin), _plan(merged)) == ["alias-added", "event-renamed"]


def test_a_version_that_replaces_another_is_compared_with_it() -> None:
    """A new number alone breaks nothing; what it requires may."""
    second = _changed(version=2, schema={"properties": {"total": {"type": "string"}}})
    assert _codes(_plan(PAID), _plan(second)) == ["version-replaced", "type-changed"]


@given(plans(), plans())
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
def test_any_two_plans_are_compared_and_a_plan_has_not_changed_from_itself(
    old: TrackingPlan, new: TrackingPlan
) -> None:
    """Also dirty ones."""
    changes_between(old, new)
    assert changes_between(old, old) == ()


def test_an_event_that_another_one_takes_over_is_compared_with_it() -> None:
    """Calls under the old name are judged by the other event's schema from now on."""
    bought = PlannedCall("track", "Bought", schema={"properties": {"total": {"type": "string"}}})
    changes = changes_between(_plan(bought, PAID), _plan(replace(PAID, aliases=("Bought",))))
    assert [(each.code, each.call) for each in changes if each.is_breaking] == [
        ("type-changed", "Bought (now Order Completed)")
    ]
