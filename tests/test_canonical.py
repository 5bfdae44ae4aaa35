"""Which payloads count as the same."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.canonical import canonical_bytes, hash_all_sorted, hash_sorted, payload_hash

_SAFE = 2**53 - 1
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-_SAFE, _SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_json)
def test_the_fast_path_and_the_reference_agree(value: Any) -> None:
    """The hashed bytes are RFC 8785, as another implementation writes them."""
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(_json)
def test_a_json_round_trip_keeps_the_hash(value: Any) -> None:
    """Another library's spelling, key order or escapes are not a difference."""
    spelled = json.dumps(value, ensure_ascii=True, indent=1)
    assert payload_hash(json.loads(spelled)) == payload_hash(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"n": 1}, {"n": 1.0}),
        ({"n": 1e21}, {"n": 10**21}),
        ({"n": 2**60}, {"n": float(2**60)}),
        ({"n": 0.0}, {"n": -0.0}),
    ],
)
def test_spellings_of_one_payload_hash_alike(one: Any, other: Any) -> None:
    """Key order and the form of a number are not drift."""
    assert payload_hash(one) == payload_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1}, {"n": "1"}),
        ({"n": None}, {}),
        ({"n": True}, {"n": 1}),
        ({"n": [1, 2]}, {"n": [2, 1]}),
        ({"é": 1}, {"e": 1}),
    ],
)
def test_payloads_that_differ_hash_apart(one: Any, other: Any) -> None:
    """Text against number, null against nothing, order of a list: these are drift."""
    assert payload_hash(one) != payload_hash(other)


def test_nan_is_refused_rather_than_hashed() -> None:
    """Non-finite numbers become null before; here they have no form."""
    with pytest.raises(Exception, match=r"."):
        canonical_bytes({"n": math.nan})


@given(_json)
def test_hashing_sorted_bytes_gives_the_hash_of_the_value(value: Any) -> None:
    """Also if texts in it look like numbers."""
    assert hash_sorted(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)) == payload_hash(value)


@given(st.lists(_json, max_size=6))
def test_hashing_many_at_once_gives_the_hash_of_each(values: list[Any]) -> None:
    """A form that is not canonical, or not an object, does not change the hash of another."""
    forms = [orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in values]
    assert hash_all_sorted(forms) == [payload_hash(value) for value in values]


@pytest.mark.parametrize(
    "value",
    [
        {"a": 2.0, "b": [1.0, -3.0], "c": {"d": 10.0}},
        {"a": "v1.0, x", "b": 2.0},
        {"a": 'quote " 1.0,', "b": 2.0},
        {"a": "back\\", "b": 2.0},
        {"a": -0.0},
        {"a": 1e16, "b": 2.0},
        {"a.0": 1.05, "b": 100.0},
        {"b": 2.0, "a": "1.0]"},
        {"n": 1e-06},
        {"n": [0.00001, 0.000012, 5e-324]},
        {"é": 1.0, "\uff46": 2, "😀": 3},
    ],
)
def test_whole_floats_are_spelled_short_outside_of_texts_only(value: Any) -> None:
    """RFC 8785 writes 2.0 as 2, and leaves texts alone."""
    assert hash_sorted(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)) == payload_hash(value)


def test_the_canonical_form_never_changes_because_ledgers_hold_its_hashes_for_years() -> None:
    """Parity compares the hash in an old ledger with the hash of an export that is read today."""
    payload = {"b": 2.0, "a": ["é", "😀", None, True, 1e21, 0.000001, 4.5], "": {"\r": "<€>"}, "big": 2**60}
    form = '{"":{"\\r":"<€>"},"a":["é","😀",null,true,1e+21,0.000001,4.5],"b":2,"big":1152921504606847000}'
    assert canonical_bytes(payload) == form.encode()
    assert payload_hash(payload) == "a9d03abc4b1094e1"
    assert payload_hash({}) == "01e7b720ff566d53"
