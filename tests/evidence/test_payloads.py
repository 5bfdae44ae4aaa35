"""What parity reads of a payload has the hash that the client gave it."""

from __future__ import annotations

import json

import msgspec
import pytest
import rfc8785
from exports import as_csv
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines_client.canonical import canonical_bytes, payload_hash
from pipelines_client.evidence.fact import BAD_PAYLOAD, NO_PAYLOAD
from pipelines_client.evidence.lines import payload_and_hash
from pipelines_client.evidence.payloads import payload_in
from pipelines_client.parity.differences.reopen import show

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


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the values
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


@pytest.mark.parametrize(
    ("text", "file", "payload", "reduced"),
    [
        ("[object Object]", "t.json", "[object Object]", 0),
        ("[object Object]", "1772.a.gz", "[object Object]", 0),
        ('{"a": 1}', "t.json", '{"a": 1}', 0),
        ("", "t.json", "", 0),
        ("", "t.csv", {}, 0),
        ("null", "t.csv", {}, 0),
        ('{"a": 1}', "t.csv", {"a": 1}, 0),
        ('{"a": 1}', "t.csv.gz", {"a": 1}, 0),
        ('{"a": 1}', "t (1).csv", {"a": 1}, 0),
        ('{"a": 1}', "t.parquet", {"a": 1}, 0),
        ('{"a": 1}', None, {"a": 1}, 0),
        (json.dumps('{"a": 1}'), "t.csv", '{"a": 1}', 0),
        ("{'a': 1}", "t.csv", "{'a': 1}", NO_PAYLOAD | BAD_PAYLOAD),
        ("[object Object]", "t.csv", "[object Object]", NO_PAYLOAD | BAD_PAYLOAD),
    ],
)
def test_text_is_a_payload_in_json_and_holds_one_in_a_table(text, file, payload, reduced):
    """In JSON it stands where an object belongs; a cell of CSV or Parquet can hold nothing else."""
    found, hashed, is_reduced = payload_and_hash(text, file)
    assert (found, is_reduced) == (payload, reduced)
    assert hashed == payload_hash(payload)


def change(evidence, spell):
    for sent in evidence.messages[::2]:
        call = sent.sides["customerio"]
        call["properties"] = spell(call["properties"])


@pytest.mark.parametrize(
    ("spell", "says"),
    [
        (lambda _: "[object Object]", "is text where an object belongs: compared as text"),
        (json.dumps, "is JSON text where an object belongs (encoded twice): compared as text"),
        (lambda payload: [payload], "is not an object: compared as it is"),
        (lambda _: 7, "is not an object: compared as it is"),
    ],
)
def test_a_payload_that_is_no_object_is_a_difference_in_json(evidence, compare, spell, says):
    """Of half the messages, and a note says what is there."""
    change(evidence, spell)
    report = compare(evidence.paths())
    assert (report.totals.drift, report.totals.compared) == (100, 200)
    assert [(row.path, row.kind, row.sides) for row in report.drift_by_path] == [
        ("properties", "type", {"customerio": 100})
    ]
    assert any(says in note and ": 50 messages from here on" in note for note in report.sources["customerio"].notes)


@pytest.mark.parametrize(
    ("spell", "says"),
    [
        (repr, "is text as Python writes it, which is not JSON"),
        (lambda _: "[object Object]", "is text that is not JSON"),
    ],
)
def test_text_that_is_no_json_in_csv_leaves_drift_unknown(evidence, compare, tmp_path, spell, says):
    """No message is missing by it, and none is different; a payload that differs beside it is."""
    change(evidence, spell)
    (tmp_path / "export").mkdir()
    for path in sorted(evidence.write_customerio().glob("*.json")):
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        (tmp_path / "export" / path.name).with_suffix(".csv").write_bytes(as_csv(rows))
    paths = {"ledger": evidence.write_ledger(), "segment": evidence.write_segment(), "customerio": tmp_path / "export"}
    report = compare(paths)
    gates = {gate.name: gate for gate in report.gates}
    assert report.totals.drift == report.totals.missing["customerio"] == 0
    assert gates["missing_customerio"].result == gates["evidence_segment"].result == "passed"
    assert gates["drift"].result == gates["evidence_customerio"].result == "inconclusive"
    assert "100 payloads could not be read" in gates["drift"].evidence
    assert any(says in note for note in report.sources["customerio"].notes)
    evidence.messages[1].payload("segment")["price"] = 1
    evidence.write_segment()
    assert {gate.name: gate.result for gate in compare(paths).gates}["drift"] == "failed"


def test_a_sample_says_that_a_text_is_json():
    """Its type and length would not say that it was encoded twice."""
    assert show('{"a": 1}', is_redacted=True) == "JSON text of 8"
    assert show("{'a': 1}", is_redacted=True) == "string of 8"
