"""Which rule explains what, decided from values: at each limit, and of each word that a rule may say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import pytest

from pipelines_client.parity.differences.diff import Difference
from pipelines_client.parity.differences.expected import (
    BUILTIN,
    WHOLE_PAYLOAD,
    Known,
    builtin_of,
    first_of,
    is_expected,
    known_differences,
)
from pipelines_client.parity.rules import Builtin, ExpectedRule, Rules

TODAY = date(2026, 11, 22)
ABSENT = Difference.ABSENT
CUT = "\N{REPLACEMENT CHARACTER}"


class Writer(NamedTuple):
    """Who wrote a message."""

    origin: str | None = "s1"
    library: str | None = "ios/4.1"
    write_key_suffix: str | None = "abcd"


def rule(expiry: date = TODAY, **fields: str) -> ExpectedRule:
    return ExpectedRule(**{"reason": "known", "owner": "kim", "expiry": expiry, **fields})


def known(*rules: ExpectedRule) -> tuple[Known, ...]:
    """Return rules of a team, without those that are built in."""
    off = Builtin(**dict.fromkeys(Builtin.model_fields, False))
    return known_differences(Rules(expected=rules, builtin=off), TODAY)


@pytest.mark.parametrize(
    ("fields", "explains"),
    [
        ({"path": "properties.price"}, True),
        ({"path": "properties.*"}, True),
        ({"path": "*"}, True),
        ({"path": "*.price"}, True),
        ({"path": "properties"}, False),
        ({"path": "price"}, False),
        ({"path": "properties.pric."}, False),
        ({"path": "*", "kind": "type"}, True),
        ({"path": "*", "kind": "value"}, False),
        ({"path": "*", "event": "Order *"}, True),
        ({"path": "*", "event": "Order"}, False),
        ({"kind": "missing"}, False),
    ],
)
def test_path_kind_and_event_must_all_fit(fields, explains):
    """What a rule does not say fits anything; a wildcard is the only mark of a pattern."""
    (one,) = known(rule(**fields))
    assert one.explains_drift("properties.price", "type", "Order Completed", "value_cut") is explains


@pytest.mark.parametrize(("path", "explains"), [(WHOLE_PAYLOAD, True), ("*", False), ("(*)", False)])
def test_a_payload_that_is_known_by_its_hash_is_explained_by_its_name_alone(path, explains):
    """No wildcard has seen it."""
    (one,) = known(rule(path=path))
    assert one.explains_drift(WHOLE_PAYLOAD, "value", "A", "") is explains


def test_a_wildcard_takes_in_dots_and_line_ends():
    """A name may have any character."""
    (one,) = known(rule(path="properties.*", event="A*Z"))
    assert one.explains_drift("properties.a.b", "type", "A\nZ", "")


@pytest.mark.parametrize(
    ("fields", "explains"),
    [
        ({}, True),
        ({"side": "segment"}, True),
        ({"side": "customerio"}, False),
        ({"event": "Log*"}, True),
        ({"event": "Log"}, False),
        ({"library": "ios"}, True),
        ({"library": "ios/4.1"}, True),
        ({"library": "4.1"}, False),
        ({"library": "ios/4"}, False),
        ({"write_key": "secret-abcd"}, True),
        ({"write_key": "secret-abce"}, False),
        ({"source": "s1"}, True),
        ({"source": "s2"}, False),
        ({"library": "ios", "source": "s2"}, False),
        ({"library": "x", "source": "s1"}, False),
        ({"library": "ios", "write_key": "abcd", "source": "s1"}, True),
    ],
)
def test_an_absence_is_explained_by_all_that_a_rule_says_of_side_event_and_writer(fields, explains):
    """What it does not say fits anyone; a library with or without its version."""
    rules = known(rule(kind="missing", **fields))
    assert is_expected(rules, "segment", "Login", Writer()) is explains
    assert not is_expected(known(rule(path="*")), "segment", "Login", Writer())


def test_a_writer_that_is_unknown_fits_no_rule_that_names_one():
    """It may be another one."""
    unnamed = Writer(None, None, None)
    assert is_expected(known(rule(kind="missing")), "segment", "Login", unnamed)
    for fields in ({"library": "ios"}, {"write_key": "abcd"}, {"source": "s1"}):
        assert not is_expected(known(rule(kind="missing", **fields)), "segment", "Login", unnamed)


def test_a_rule_holds_on_its_last_day_and_not_on_the_next():
    """Of those that fit, the first in force counts, and the first that has expired is named."""
    late, last = known(rule(TODAY - timedelta(days=1), path="*"), rule(TODAY, path="*", name="own"))
    assert (late.row.is_expired, last.row.is_expired) == (True, False)
    assert (late.row.name, last.row.name) == ("rule 1", "own")
    assert first_of((late, last)) == (last, late)
    assert first_of((last, late, late, last)) == (last, late)
    assert first_of(()) == (None, None)
    assert not is_expected(known(rule(date(2026, 1, 1), kind="missing")), "segment", "Login", Writer())


def test_a_rule_of_ours_explains_only_the_values_that_it_knows():
    """They come after those of a team, in their order, and none explains an absence of any event."""
    own, *ours = known_differences(Rules(expected=(rule(path="*"),)), TODAY)
    assert [each.row for each in ours] == list(BUILTIN)
    assert not own.row.is_builtin
    for each in ours:
        assert each.explains_drift("x", "null", "A", each.row.name)
        assert not each.explains_drift("traits.x", each.row.kind, "A", "")
        assert not each.explains_absence("segment", "A", Writer())
        assert each.row.path == ("" if each.row.kind == "missing" else "*")
        assert (each.row.is_builtin, each.row.is_expired, each.row.count, each.row.expiry) == (True, False, 0, None)
    for name in Builtin.model_fields:
        left = known_differences(Rules(builtin=Builtin(**{name: False})), TODAY)
        assert {each.row.name for each in left} == set(Builtin.model_fields) - {name}


def test_a_row_says_what_its_rule_says_and_hides_the_key():
    """Of a write key only the last four characters are shown."""
    (one,) = known(rule(kind="missing", side="segment", library="ios", write_key="secret-abcd", source="s1"))
    row = one.row
    assert (row.kind, row.path, row.event, row.side, row.library) == ("missing", "", "*", "segment", "ios")
    assert (row.write_key, row.source, row.owner, row.expiry, row.count) == ("abcd", "s1", "kim", str(TODAY), 0)
    assert not row.is_builtin


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("x" * 1001, "x" * 1000, "value_cut"),
        ("x" * 1002, "x" * 1001, ""),
        ("x" * 1002, "x" * 997, "value_cut"),
        ("x" * 1002, "x" * 996, ""),
        ("é" * 600, "é" * 500, "value_cut"),
        ("日" * 400, "日" * 333 + CUT, "value_cut"),
        ("日" * 333, "日" * 333 + CUT, ""),
        ("x" * 1001, "y" * 1000, ""),
        ("x" * 1000, "x" * 1001, ""),
        (["x" * 1001], "x" * 1000, ""),
        ("x" * 1001, 1000, ""),
        ("\ud800" * 400, "\ud800" * 333, "value_cut"),
    ],
)
def test_a_text_is_cut_if_it_is_the_beginning_of_the_other_up_to_a_thousand_bytes(left, right, name):
    """Give or take a part of a character, which takes four bytes at most; Customer.io cuts, and Segment does not."""
    for type_ in ("identify", "group"):
        assert builtin_of(Difference("traits.note", "value", left, right), type_) == name
    for type_ in ("track", "page", "screen", "alias"):
        assert builtin_of(Difference("traits.note", "value", left, right), type_) == ""
    assert builtin_of(Difference("traits.note", "type", left, right), "identify") == ""


@pytest.mark.parametrize(
    ("key", "left", "right", "kind", "name"),
    [
        ("n" * 151, 1, ABSENT, "missing_key", "long_name"),
        ("n" * 150, 1, ABSENT, "missing_key", ""),
        ("é" * 76, 1, ABSENT, "missing_key", "long_name"),
        ("é" * 75, 1, ABSENT, "missing_key", ""),
        ("\ud800" * 51, 1, ABSENT, "missing_key", "long_name"),
        ("n" * 151, ABSENT, 1, "missing_key", ""),
        ("n" * 151, 1, None, "null", ""),
        ("n" * 151, 1, ABSENT, "value", ""),
    ],
)
def test_a_name_is_too_long_from_151_bytes_on(key, left, right, kind, name):
    """Its own bytes, for any path before it, and at Customer.io only."""
    assert builtin_of(Difference(f"traits.address.{key}", kind, left, right), "identify") == name
    assert builtin_of(Difference(f"properties.{key}", kind, left, right), "track") == ""
