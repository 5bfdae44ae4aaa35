from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.errors import PlanError
from pipelines_client.plan.document import dump_plan, load_plan, parse_plan
from pipelines_client.plan.model import Conventions, IdConvention, PlannedCall, TrackingPlan

_SHOP = """\
plan: 1
name: Shop
conventions: {events: Title Case, money: cents, ids: {pattern: "^usr_"}}
modes: {default: warn, money: reject}
common:
  context: {app: {type: object, properties: {version: {type: string, required: true}}}}
identify:
  traits: {email: {type: string, required: true, format: email}}
pages: [Home, no]
events:
  no:
  Order Completed:
    description: A person has paid.
    stage: conversion
    aliases: [order_completed]
    backfilled: yes
    idempotency_key: order_id
    properties:
      order_id: {type: string, required: true, example: o-1}
      total: {type: integer, unit: USD}
  Checkout Started:
    - {}
    - version: 2
      once_per: cart_id
      properties: {cart_id: string}
      schema: {type: object, additionalProperties: false}
"""


def test_a_plan_file_says_what_the_model_holds() -> None:
    """Each key of the format has its place."""
    plan = parse_plan(_SHOP.encode())
    assert plan.conventions == Conventions(events="Title Case", money="cents", ids=IdConvention("^usr_"))
    assert plan.mode_of("money", "warn") == "reject"
    assert [page.name for page in plan.pages or ()] == ["Home", "no"]
    assert plan.screens is None
    order = plan.event("Order Completed")
    assert order == PlannedCall(
        "track",
        "Order Completed",
        schema={
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "examples": ["o-1"]},
                "total": {"type": "integer", "unit": "USD"},
            },
            "required": ["order_id"],
        },
        description="A person has paid.",
        stage="conversion",
        aliases=("order_completed",),
        backfilled=True,
        idempotency_key="order_id",
    )
    second = plan.event("Checkout Started", 2)
    assert second is not None
    assert second.schema == {
        "type": "object",
        "additionalProperties": False,
        "properties": {"cart_id": {"type": "string"}},
    }
    assert plan.common is not None
    assert plan.common.envelope["properties"]["context"]["properties"]["app"]["required"] == ["version"]


def test_a_plan_written_and_read_is_the_same_plan() -> None:
    """Also with names that YAML takes for other things."""
    plan = parse_plan(_SHOP.encode())
    assert parse_plan(dump_plan(plan).encode()) == plan
    assert "idempotency_key: order_id" in dump_plan(plan)


def test_no_pages_are_another_thing_than_any_pages() -> None:
    """An empty allow-list allows nothing."""
    for pages in (None, ()):
        plan = TrackingPlan(pages=pages)
        assert parse_plan(dump_plan(plan).encode()).pages == pages


_TEXTS = st.text(max_size=8) | st.sampled_from(
    ["no", "on", "~", "1", "1e5", "007", "2026-12-07", "<<", "=", "a: b", "#", " ", "0x1", "1_0", "12:30:00"]
)
_NAMES = _TEXTS.filter(lambda text: bool(text.strip()) and text != "<<")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_SCHEMA = st.dictionaries(st.sampled_from(["type", "properties", "required", "items", "x"]), _JSON, max_size=4)


@st.composite
def _calls(draw: st.DrawFn, kind: str = "track") -> PlannedCall:
    texts = st.none() | _TEXTS
    name = draw(_NAMES) if kind in ("track", "page") else ""
    return PlannedCall(
        kind,  # type: ignore[arg-type] # one of them
        name,
        draw(st.integers(1, 3) | _TEXTS),
        draw(_SCHEMA),
        draw(_SCHEMA),
        description=draw(texts),
        owner=draw(texts),
        aliases=tuple(draw(st.lists(_TEXTS, max_size=2))),
        backfilled=draw(st.none() | st.booleans()),
        extras=draw(st.dictionaries(_NAMES, _JSON, max_size=2)),
    )


_PLANS = st.builds(
    TrackingPlan,
    _TEXTS,
    st.none() | _TEXTS,
    events=st.lists(_calls(), max_size=3, unique_by=lambda call: call.name).map(tuple),
    identify=st.none() | _calls("identify"),
    common=st.none() | _calls("common"),
    pages=st.none() | st.lists(_calls("page"), max_size=2, unique_by=lambda call: call.name).map(tuple),
    extras=st.dictionaries(_NAMES, _JSON, max_size=2),
)


@settings(max_examples=40)
@given(_PLANS)
def test_any_plan_survives_our_file(plan: TrackingPlan) -> None:
    """Our file keeps all that a foreign plan holds."""
    assert parse_plan(dump_plan(plan).encode()) == plan


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("plan: 1", "plan: 2", "line 1: plan: this version of the format is not known; write `plan: 1`"),
        ("plan: 1\n", "", "it is not a tracking plan; begin it with `plan: 1`"),
        ("description:", "descripton:", "Order Completed > descripton: this key is not known here; did you mean"),
        ("required: true, example", "requierd: true, example", "line 19: events > Order Completed > properties > o"),
        ("integer, unit", "intger, unit", "> total > type: this type does not exist; did you mean integer?"),
        ("format: email", "pattern: '('", "line 8: identify > traits > email > pattern: it is not as JSON Schema"),
        ("version: 2\n", "version: 1\n", "Checkout Started > item 2 > version: two have this version"),
        ("money: reject", "money: rejct", "line 4: modes > money: it is not one of off, warn, redact, reject, raise"),
        ("money: reject", "mony: reject", "line 4: modes > mony: no rule for calls has this code; did you mean money?"),
        ("money: reject", "no-stage: off", "line 4: modes > no-stage: no rule for calls has this code"),
        ("money: cents", "money: euros", "line 3: conventions > money: it is not one of cents, decimals"),
        ("[order_completed]", "order_completed", "line 15: events > Order Completed > aliases: it is not a list"),
        ("pages: [Home, no]", "pages: Home", "line 9: pages: it is not a table of names"),
        ("traits:", "properties:", "line 8: identify > properties: this key is not known here"),
        ("\n  no:", "\n  '':", "line 11: events > : a name is empty"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_named_with_its_line_and_its_cure(old: str, new: str, words: str) -> None:
    """A person corrects a plan by the message alone."""
    with pytest.raises(PlanError) as caught:
        parse_plan(_SHOP.replace(old, new).encode(), "shop.yaml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("shop.yaml")


def test_all_slips_are_named_at_once_but_no_more_than_twenty() -> None:
    """A person runs the command once, and not once for each slip."""
    events = "".join(f"  Event {number}: {{stagee: x}}\n" for number in range(30))
    with pytest.raises(PlanError) as caught:
        parse_plan(f"plan: 1\nevents:\n{events}".encode())
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 10 more"


_PIECES = [
    *("plan: 1\n", "events:", " A:", "\n", "  ", "properties:", " {", "}", "[", "]", "type: ", "string", ", ", "1"),
    *("- ", "pages: ", "identify: ", "modes:", "null", "version: ", "schema: ", "context:", "conventions: "),
]


@given(st.binary(max_size=40) | st.lists(st.sampled_from(_PIECES), max_size=14).map("".join).map(str.encode))
def test_no_bytes_give_anything_but_a_plan_or_an_error_with_words(content: bytes) -> None:
    """A plan file may be anything."""
    for start in (b"", b"plan: 1\n"):
        with suppress(PlanError):
            assert isinstance(parse_plan(start + content), TrackingPlan)


def test_a_file_that_is_missing_or_not_a_file_is_an_error_of_the_plan(tmp_path: Path) -> None:
    """The text says which file, and why."""
    with pytest.raises(PlanError, match=r"gone\.yaml cannot be read \(No such file or directory\)"):
        load_plan(tmp_path / "gone.yaml")
    with pytest.raises(PlanError, match="it is a folder, not a file"):
        load_plan(tmp_path)
