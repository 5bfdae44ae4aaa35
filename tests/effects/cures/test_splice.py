"""JSON text in which some values change and every other byte stays."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.effects.cures.splice import spliced

ODD = b'{ "a" : [1, {"b":"2"}] ,\n"q\\"\\u00e9":"x\\\\","n": -1.50E+3 , "o":{"in" : 12345678901234567890 } }'


def changed(text: bytes, **values: Any) -> bytes:
    before = orjson.loads(text)
    return spliced(text, before, {**before, **values})


def test_only_the_bytes_of_the_changed_value_are_others() -> None:
    """White space, escapes and the spelling of numbers stay, also of numbers that no reader keeps exactly."""
    assert changed(ODD, n=7) == ODD.replace(b"-1.50E+3", b"7")
    assert changed(ODD, a="x") == ODD.replace(b'[1, {"b":"2"}]', b'"x"')
    inner = {**orjson.loads(ODD)["o"], "in": 1}
    assert changed(ODD, o=inner) == ODD.replace(b"12345678901234567890", b"1")
    assert changed(ODD) == ODD


def test_keys_come_and_go() -> None:
    """A new one comes last; what stays keeps its text."""
    before = orjson.loads(ODD)
    after = {name: value for name, value in before.items() if name != "n"} | {"new": "é"}
    text = spliced(ODD, before, after)
    assert orjson.loads(text) == after
    assert text.endswith(b'"o":{"in" : 12345678901234567890 },"new":"\xc3\xa9"}')


@pytest.mark.parametrize("text", [b'{"a":1,"a":"2","b":{}}', b'{"a":{"c":1},"b":1,"a":[]}'])
def test_a_key_that_is_there_twice_counts_as_the_last_one(text: bytes) -> None:
    """As every reader of JSON takes it."""
    before = orjson.loads(text)
    assert orjson.loads(changed(text, b="new")) == {**before, "b": "new"}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=4), st.data(), st.booleans())
@settings(max_examples=150)
def test_the_result_reads_as_what_was_asked_for(call: dict[str, Any], data: st.DataObject, is_ascii: bool) -> None:
    """In any spelling of the text, and at any place in its objects."""
    text = json.dumps(call, ensure_ascii=is_ascii, indent=data.draw(st.sampled_from([None, 1]))).encode()
    before = orjson.loads(text)
    after = _changed_somewhere(before, data)
    result = spliced(text, before, after)
    assert orjson.loads(result) == after
    if after is before:
        assert result == text


def _changed_somewhere(value: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return an object in which one value is another, one is gone, or one is new; or the object itself."""
    if not value or data.draw(st.integers(0, 3)) == 0:
        return {**value, "new": data.draw(_JSON)} if data.draw(st.booleans()) else value
    key = data.draw(st.sampled_from(sorted(value)))
    if isinstance(value[key], dict) and data.draw(st.booleans()):
        return {**value, key: _changed_somewhere(value[key], data)}
    if data.draw(st.integers(0, 3)) == 0:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: data.draw(_JSON)}


def test_what_is_not_json_is_refused() -> None:
    """A caller reads it first, so this does not happen."""
    with pytest.raises(ValueError, match=re.escape("not JSON")):
        spliced(b'{"a":"open', {"a": "open"}, {"a": 1})
