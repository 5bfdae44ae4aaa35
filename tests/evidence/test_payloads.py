"""What parity reads of a payload has the hash that the client gave it."""

from __future__ import annotations

import json

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines_client.canonical import canonical_bytes, payload_hash
from pipelines_client.evidence.payloads import payload_in

numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-10_000, 10_000, places=3).map(float)
    | st.integers(-(10**17), 10**17).map(lambda number: number / 1000)
)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=6).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé.:[, 10", max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abé:", max_size=3), values), st.booleans(), st.sampled_from([None, 1]))
@example({"a": -0.0, "b": 1e21, "c": 999999999999999.01}, True, None)
def test_what_came_back_has_the_hash_of_what_was_sent(payload, is_ascii, indent):
    """Whatever the numbers, the escapes and the spaces: what another reader made of the text, and what was sent."""
    text = json.dumps(payload, ensure_ascii=is_ascii, indent=indent).encode()
    assert payload_hash(msgspec.json.decode(text)) == payload_hash(payload)


@given(st.recursive(st.none(), lambda inner: st.dictionaries(st.text("a\ue000\uffff\U00010000", max_size=3), inner)))
@example({"\U00010000": 1, "\uffff": 2})
@example({"a": [{"\U00010000": 1, "\ue000": 2}]})
def test_keys_are_in_the_order_of_the_rfc(payload):
    """By UTF-16 units, in which what is beyond U+FFFF comes before U+E000, at any depth."""
    assert canonical_bytes(payload) == rfc8785.dumps(payload)


@pytest.mark.parametrize(
    "number",
    [
        "-0",
        "-0.0",
        "0.0",
        "1.0",
        "1e2",
        "1E2",
        "1e-5",
        "0.0000001",
        "1.10",
        "123456789012345678",
        "1e16",
        "9007199254740993",
    ],
)
def test_odd_spellings_of_numbers_are_one_number(number):
    """In any place of a payload."""
    for text in (f'{{"a":{number}}}', f'{{"a":[1,{number}]}}', f'{{"a": [ {number}, 2]}}'):
        assert payload_hash(msgspec.json.decode(text)) == payload_hash(json.loads(text))


def test_no_payload_is_an_empty_one():
    """Missing, null, and an object as text."""
    assert payload_in("") == payload_in(None) == {}
    assert payload_in('{"a": 1}') == {"a": 1}
