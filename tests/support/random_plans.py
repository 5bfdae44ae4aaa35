"""Any plan: hostile names and texts, properties that collide, schemas that say little, much or nonsense."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pipelines_client.plan.model import Conventions, PlannedCall, Schema, TrackingPlan

HOSTILE = (
    *("order id", "order_id", "orderId", "Order ID", "class", "None", "__class__", "timestamp", "client", "send"),
    *(
        "",
        " ",
        "2nd",
        "größe",
        "注文",
        "ﬁle",
        'x""" + boom()',
        "\\",
        "a\nb",
        "{{ x }}",
        "{% raw %}",
        "'",
        "x" * 200,
        "#",
    ),
    *("wire", "analytics", "properties", "str", "Decimal", "type", "paid_at", "total"),
)
NAMES = st.sampled_from(HOSTILE) | st.text(max_size=8)
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=60)
_TYPES = st.sampled_from(["string", "number", "integer", "boolean", "null", "array", "object", "odd"])
_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
_WORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": _TYPES | st.lists(_TYPES, max_size=3) | st.integers(),
    "enum": st.lists(_VALUES, max_size=4) | st.integers(),
    "const": _VALUES,
    "format": st.sampled_from(["date", "date-time", "email"]),
    "unit": st.sampled_from(["USD", "EUR", "unix_seconds", "cm"]),
    "description": TEXTS | st.integers(),
    "examples": st.lists(_VALUES, max_size=2),
    "pattern": st.just("^o-"),
    "minimum": st.integers(0, 9),
    "maxLength": st.integers(1, 99),
    "$ref": st.sampled_from(["#/definitions/one", "#", "#/nowhere"]),
}


def _leaves() -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({}, optional=_WORDS)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(NAMES, inner, max_size=4)
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": properties},
        optional={"required": st.lists(NAMES, max_size=3), "additionalProperties": st.booleans() | inner},
    )


def _holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    listed = st.lists(inner, max_size=2)
    arrays = st.fixed_dictionaries({"type": st.just("array"), "items": inner | listed})
    parts = st.sampled_from(["anyOf", "oneOf", "allOf"]).flatmap(lambda word: st.fixed_dictionaries({word: listed}))
    return _objects(inner) | arrays | parts


SCHEMAS = st.recursive(_leaves() | st.booleans(), _holders, max_leaves=4)
PAYLOADS = _objects(SCHEMAS) | st.just({})
_CONVENTIONS = st.builds(
    Conventions,
    money=st.sampled_from(["cents", "decimals", None]),
    dates=st.sampled_from(["unix_seconds", "iso", None]),
    money_properties=st.sampled_from([(), ("total", "*_cents")]),
    date_properties=st.sampled_from([(), ("*_at",)]),
)


def _calls(kind: Any, names: st.SearchStrategy[str]) -> st.SearchStrategy[PlannedCall]:
    return st.builds(
        PlannedCall,
        kind=st.just(kind),
        name=names,
        version=st.integers(1, 3),
        schema=PAYLOADS,
        description=st.none() | TEXTS,
        status=st.sampled_from(["active", "deprecated", "planned"]),
    )


def _many(kind: Any, most: int) -> st.SearchStrategy[tuple[PlannedCall, ...]]:
    calls = _calls(kind, NAMES | st.just("*") if kind != "track" else NAMES)
    return st.lists(calls, max_size=most, unique_by=lambda call: (call.name, call.version)).map(tuple)


def plans(most_events: int = 4) -> st.SearchStrategy[TrackingPlan]:
    """Return any plan."""
    return st.builds(
        TrackingPlan,
        name=TEXTS,
        conventions=_CONVENTIONS,
        events=_many("track", most_events),
        identify=st.none() | _calls("identify", st.just("")),
        group=st.none() | _calls("group", st.just("")),
        common=st.none() | _calls("common", st.just("")),
        pages=st.none() | _many("page", 2),
        screens=st.none() | _many("screen", 2),
    )
