"""A property to a parameter."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.plan.codegen.annotations import Annotations
from pipelines_client.plan.codegen.names import Identifiers
from pipelines_client.plan.codegen.parameters import Parameter, parameters_of
from pipelines_client.plan.model import Conventions, PlannedCall, Schema


def _parameters(schema: Schema, *common: Schema, conventions: Conventions | None = None) -> list[Parameter]:
    conventions = conventions or Conventions()
    calls = [PlannedCall("track", "Order Completed", schema=each) for each in (schema, *common)]
    return parameters_of(calls, Identifiers(["client"]), "Order Completed", Annotations(conventions), conventions)


def _line(schema: Schema, conventions: Conventions | None = None, *, is_required: bool = True) -> tuple[str, str]:
    """Return the last line of a property's parameter, and its entry in the payload."""
    whole = {"properties": {"x": schema}, "required": ["x"] if is_required else []}
    (parameter,) = _parameters(whole, conventions=conventions)
    return parameter.lines[-1].strip(), parameter.entry


DECIMALS, CENTS = Conventions(money="decimals"), Conventions(money="cents")
SECONDS = Conventions(dates="unix_seconds", date_properties=("x",))


@pytest.mark.parametrize(
    ("schema", "conventions", "line", "entry"),
    [
        ({"type": "number", "unit": "USD"}, DECIMALS, "x: Decimal,", '"x": wire.amount(x),'),
        ({"type": "integer", "unit": "USD"}, CENTS, "x: int,", '"x": x,'),
        ({"unit": "USD"}, CENTS, "x: int,", '"x": x,'),
        ({"type": "integer", "unit": "USD"}, DECIMALS, "x: int,", '"x": x,'),
        ({"type": "number", "unit": "cm"}, DECIMALS, "x: float,", '"x": x,'),
        ({"type": ["number", "null"], "unit": "USD"}, DECIMALS, "x: Decimal | None,", '"x": wire.amount(x),'),
        ({"type": "string", "format": "date-time"}, None, "x: datetime,", '"x": wire.iso(x),'),
        ({"type": "string", "format": "date-time"}, SECONDS, "x: datetime,", '"x": wire.iso(x),'),
        ({"type": "string", "format": "date"}, None, "x: date,", '"x": wire.iso(x),'),
        ({"type": "integer"}, SECONDS, "x: datetime,", '"x": wire.unix_seconds(x),'),
        ({}, SECONDS, "x: datetime,", '"x": wire.unix_seconds(x),'),
        ({"type": "integer", "format": "date-time"}, None, "x: int,", '"x": x,'),
        ({"type": ["string", "integer"]}, SECONDS, "x: str | int,", '"x": x,'),
        ({"type": "string", "format": "date", "enum": ["2026-12-07"]}, None, 'x: Literal["2026-12-07"],', '"x": x,'),
    ],
)
def test_amounts_and_dates_are_given_as_python_has_them_and_sent_as_the_schema_says(
    schema: Schema, conventions: Conventions | None, line: str, entry: str
) -> None:
    """Where the schema leaves it open, the plan's conventions decide."""
    assert _line(schema, conventions) == (line, entry)


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ({"type": "string"}, "x: str | None = None,"),
        ({"type": ["string", "null"]}, "x: str | None | NotSent = NOT_SENT,"),
        ({}, "x: Any = NOT_SENT,"),
    ],
)
def test_an_optional_property_has_a_default_that_says_that_it_is_not_sent(schema: Schema, line: str) -> None:
    """None, unless None is a value that may be sent."""
    assert _line(schema, is_required=False)[0] == line


def test_names_that_collide_are_said_in_a_comment() -> None:
    """The first in the plan has the plain name."""
    parameters = _parameters({"properties": {key: {} for key in ("order id", "order_id", "client", "Größe")}})
    lines = [line.strip() for parameter in parameters for line in parameter.lines]
    assert lines[0] == '# "order id"'
    assert lines[1] == "order_id: Any = NOT_SENT,"
    assert lines[2] == '# "order_id": order_id is another parameter'
    assert lines[3].startswith("order_id_")
    assert lines[4:] == [
        '# "client": client has another meaning here',
        "client_: Any = NOT_SENT,",
        '# "Größe"',
        "größe: Any = NOT_SENT,",
    ]


def test_what_all_calls_share_comes_after_the_events_own_which_win() -> None:
    """So adding a common property renames nothing."""
    own = {"properties": {"a": {"type": "string"}}}
    common = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
    lines = [parameter.lines[-1].strip() for parameter in _parameters(own, common)]
    assert lines == ["a: str,", "b: int,"]


def test_properties_of_parts_are_found_and_required_only_if_they_always_are() -> None:
    """RudderStack's variants are such parts."""
    schema: dict[str, Any] = {
        "$ref": "#/definitions/base",
        "definitions": {
            "base": {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {
                        "if": {"properties": {"a": {"const": "x"}}},
                        "then": {"properties": {"b": {"type": "string"}}, "required": ["b"]},
                    },
                ],
                "required": ["c"],
            }
        },
    }
    lines = [parameter.lines[-1].strip() for parameter in _parameters(schema)]
    assert lines == ["a: str,", "b: str | None = None,", "c: Any,"]


def test_a_conversion_that_would_make_its_line_too_long_has_a_line_before() -> None:
    """So formatters leave it."""
    key = "paid " + "x" * 60
    (parameter,) = _parameters({"properties": {key: {"type": "string", "format": "date"}}, "required": [key]})
    (before,) = parameter.before
    local = before.partition(" = ")[0]
    assert parameter.entry == f'"{key}": {local},'


def test_the_docstring_has_description_unit_and_examples() -> None:
    """A property that says none of it has no line."""
    said = {"type": "number", "unit": "USD", "description": "All that\nwas paid", "examples": [4, "x", 1.5]}
    at = {"type": "integer", "unit": "unix_seconds", "description": "When.", "examples": [1793613600]}
    first, second, third = _parameters({"properties": {"total": said, "other": {}, "at": at}})
    assert third.doc == ("        at: When. Sent as Unix seconds.",)
    assert first.doc == ('        total: All that was paid. Unit: USD. Example: 4, "x".',)
    assert second.doc == ()
