"""The typed difference: none exactly when the canonical forms are equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.canonical import canonical_bytes
from pipelines_client.parity.differences.diff import drift

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé.", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(values, values)
def test_no_difference_exactly_when_canonical_forms_are_equal(left, right):
    """For any two JSON values."""
    assert (drift(left, right) == []) == (canonical_bytes(left) == canonical_bytes(right))


@given(values)
def test_a_value_does_not_differ_from_itself(value):
    """However it is nested."""
    assert drift(value, value) == []


@given(values, values)
def test_a_difference_has_the_same_paths_seen_from_both_sides(left, right):
    """Only left and right change places."""
    there = [(item.path, item.kind) for item in drift(left, right)]
    assert there == [(item.path, item.kind) for item in drift(right, left)]


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": "1"}, [("a", "type")]),
        ({"a": 1}, {"a": True}, [("a", "type")]),
        ({"a": 1}, {"a": 2}, [("a", "value")]),
        ({"a": None}, {"a": 2}, [("a", "null")]),
        ({}, {"a": None}, [("a", "missing_key")]),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, [("a.b[].c", "value")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[]", "missing_key")]),
        ({"a": {}}, {"a": []}, [("a", "type")]),
        ({"a": 2**53 + 1}, {"a": float(2**53)}, []),
    ],
)
def test_kinds_and_paths(left, right, found):
    """One name for one fault."""
    assert [(item.path, item.kind) for item in drift(left, right)] == found
