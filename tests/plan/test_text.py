from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.errors import PlanError
from pipelines_client.plan.text import MOST_BYTES, MOST_DEEP, parse

_BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]" for i in range(1, 12))]
)
_STAIRS = "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100))])


def test_yaml_and_json_give_the_same_values() -> None:
    """A plan may be written as either."""
    value = {"a": [1, 1.5, None, True, "x"], "b": {"c": ""}}
    assert parse(json.dumps(value).encode(), "p.json").value == value
    assert parse(b"a: [1, 1.5, null, true, x]\nb:\n  c: ''\n", "p.yaml").value == value


def test_only_true_false_null_and_numbers_are_not_text() -> None:
    """`no` is a country and an answer; a day is text in JSON too; a postcode keeps its zero."""
    text = b"[no, on, yes, 2026-12-07, 12:30, 0x1f, 1_000, 007, .inf, 1e400, ~, TRUE, 1e3, -4, 'true', !!str 1]"
    assert parse(text, "p.yaml").value == [
        "no", "on", "yes", "2026-12-07", "12:30", "0x1f", "1_000", "007", ".inf", "1e400", None, "TRUE", 1000.0, -4,
        "true", "1",
    ]  # fmt: skip


def test_a_key_is_text_as_it_is_written() -> None:
    """An event may be called `no`, `1` or `null`."""
    assert parse(b"{no: 1, on: 2, 1: 3, null: 4, 2026-12-07: 5, true: 6}", "p.yaml").value == {
        "no": 1, "on": 2, "1": 3, "null": 4, "2026-12-07": 5, "true": 6,
    }  # fmt: skip


def test_anchors_and_aliases_are_followed() -> None:
    """A team that shares properties between events writes them once."""
    assert parse(b"a: &x {b: [1]}\nc: *x\nd: &y z\ne: *y\n", "p.yaml").value["c"] == {"b": [1]}


def test_each_key_and_item_has_its_line() -> None:
    """Errors name the line."""
    parsed = parse(b"a:\n  - b: 1\n  - c\nd: 1\n", "p.yaml")
    assert parsed.lines == {(): 1, ("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 1): 3, ("d",): 4}
    text = str(parsed.error(("a", 0, "gone"), "it is wrong", "correct it"))
    assert text == "p.yaml, line 2: a > item 1 > gone: it is wrong; correct it"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "p.yaml: it is empty; write one plan"),
        (b"a: 1\n---\nb: 1\n", "several documents"),
        (b"\xff", "line 1: it is not UTF-8"),
        (b"a: 1\nb: 1\na: 2\n", "line 3: the key a stands there twice; remove one or rename it"),
        (b'{"a": 1,\n "a": 2}', "line 2: the key a stands there twice"),
        (b"a: !!python/name:os.system x", "line 1: a: a tag (!) is not read; remove it"),
        (b"a: !x [1]", "a tag (!) is not read"),
        (b"a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: c: merge keys (<<) are not read"),
        (b"a: &x [*x]", "the alias *x has no anchor before it"),
        (b"? [a]\n: 1", "a key is not a text"),
        (b"a: &x b\n*x : 1", "a key is an alias"),
        (_BOMB.encode(), "more than 1,000,000 values; split it, and use fewer aliases"),
        (_STAIRS.encode(), f"nested more than {MOST_DEEP} deep"),
        (b"[" * 100, f"nested more than {MOST_DEEP} deep"),
        (b"[" * 100_000, "maximum nesting depth"),
        (b'{"a":' * 100_000, f"nested more than {MOST_DEEP} deep"),
        (b"a: " + b"9" * 5000, "a number is too large; put it in quotes"),
        (b'{"a": 1e999}', "a number is too large"),
        (b'{"a": "\\ud800"}', "half of a character"),
        (b"a: [1", "it is not valid YAML"),
        (b"a: \x00", "it is not valid YAML"),
        (b"#" * (MOST_BYTES + 1), "more than 16 MiB"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_its_cure(content: bytes, words: str) -> None:
    """A person corrects a file by the message alone."""
    with pytest.raises(PlanError) as caught:
        parse(content, "p.yaml")
    assert words in str(caught.value)


def test_a_slip_in_a_json_file_has_its_line() -> None:
    """The JSON parser knows it."""
    with pytest.raises(PlanError, match=r"p\.json, line 2: it is not valid JSON"):
        parse(b'{"a": 1,\n b}', "p.json")


@given(
    st.binary(max_size=60) | st.text("ab:-[]{}&*!'\"#\n ,?|>%@<0.e", max_size=60).map(str.encode),
    st.sampled_from(["p.yaml", "p.json"]),
)
def test_no_bytes_give_anything_but_a_value_of_json_or_an_error_with_words(content: bytes, name: str) -> None:
    """A plan file may be anything."""
    with suppress(PlanError):
        json.dumps(parse(content, name).value, allow_nan=False).encode()
