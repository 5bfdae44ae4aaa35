"""A block lost within a file leaves one odd line: it is a gap if the lines beside it say so."""

from __future__ import annotations

import json
import re

import pytest
from exports import as_csv

from pipelines_client.evidence.swallowed import Neighbours
from pipelines_client.parity.model import Verdict


def line(number: int) -> bytes:
    row = {
        "id": f"m{number}",
        "received_at": f"2026-11-02T09:30:{number:05}Z",
        "user_id": f"u{number}",
        "properties": {"n": 1},
    }
    return json.dumps(row).encode()


def beside(*, step_ms: int = 1000, count: int = 30) -> Neighbours:
    rows = Neighbours()
    for number in range(count):
        rows.see(line(number), number * step_ms)
    return rows


def test_a_time_that_jumps_over_an_odd_line_says_how_many_rows_are_lost():
    """As many as usually come in that time; a step or two are the odd line itself."""
    for jump, words in ((40_000, "about 40 rows"), (5000, "about 5 rows"), (4999, ""), (2000, "")):
        rows = beside()
        rows.note(31, "not JSON")
        rows.see(line(31), 29_000 + jump)
        assert [(number, words in why) for number, why in rows.lost()] == ([(31, True)] if words else [])


def test_what_says_nothing_of_lost_rows():
    """Rows in no order, too few of them, rows without a time, and an odd line at the end, which `Ending` judges."""
    mixed = Neighbours()
    for number in range(40):
        mixed.see(line(number), number * 7919 % 40 * 1000)
    few, timeless, last = beside(count=15), Neighbours(), beside()
    for number in range(40):
        timeless.see(line(number), None)
    for rows in (mixed, few, timeless, last):
        rows.note(41, "not JSON")
        if rows is not last:
            rows.see(line(41), None if rows is timeless else 9_000_000)
        assert rows.lost() == []


@pytest.mark.parametrize(
    ("odd", "is_joined"),
    [
        (line(1)[:50] + line(9)[10:], True),
        (line(1)[:15] + line(9)[-30:], True),
        (line(9)[30:], True),
        (line(1)[:50], False),
        (line(1)[:20] + b"\x01" + line(1)[20:], False),
        (line(1).replace(b'"user_id"', b'"us\x01r_id"'), False),
        (b'{"broken": }', False),
        (b"nothing at all}", False),
    ],
    ids=["keys twice", "keys left out", "begins within", "cut", "a byte more", "a damaged key", "short", "no row"],
)
def test_a_line_that_begins_as_one_row_and_ends_as_another_is_joined(odd, is_joined):
    """Told by keys that every row has once, in whatever place they are."""
    assert beside().is_joined(odd) is is_joined
    assert not Neighbours().is_joined(odd)


@pytest.mark.parametrize(
    ("row", "is_mixed"),
    [
        (line(7), False),
        (line(7).replace(b'"user_id"', b'"u": null, "user_id"'), True),
        (line(7).replace(b'"received_at"', b'"receiuser_id": 1, "received_at"'), True),
        (line(7).replace(b'"user_id"', b'"name": "Home", "user_id"'), False),
        (line(7).replace(b'"user_id": "u7", ', b""), False),
        (re.sub(rb'("id": "[^"]*", ).*(?="properties")', rb"\1", line(7)), True),
        (line(7).replace(b'"n": 1', b'"n": 1, "user_id": "nested"'), False),
        (line(7).replace(b'"user_id"', b'"id": "m9", "user_id"'), True),
        (line(7).replace(b":00007", b":0007"), True),
        (line(7).replace(b":00007", b":07"), False),
        (line(7).replace(b":00007Z", b":07.123456+00:00"), False),
        (line(7).replace(b":00007", b":07.1234"), True),
        (line(7).replace(b"u7", b"u700"), False),
        (b'{"type": "page", "id": "m7"}', False),
        (b'{"broken": ', False),
    ],
    ids=[
        "whole",
        "half a key",
        "two half keys",
        "a new key",
        "a key less",
        "keys lost",
        "a key in another",
        "a key twice",
        "a short time",
        "whole seconds",
        "microseconds",
        "half a fraction",
        "a long name",
        "other type",
        "broken",
    ],
)
def test_a_row_beside_a_jump_may_be_two_in_one(row, is_mixed):
    """Told by what all rows before it have alike: their keys in one order, and the length of their times."""
    rows = beside()
    assert not rows.is_jump(33_000)
    assert rows.is_jump(40_000)
    assert rows.is_mixed(row) is is_mixed
    assert not rows.was_mixed()
    rows.see(row, 30_000)
    assert rows.was_mixed() is is_mixed
    assert not Neighbours().is_mixed(row)


def test_names_and_payloads_of_one_length_by_chance_are_no_sign():
    """A column that holds payloads as text, or names of events, may change its length with any row."""
    rows = Neighbours()
    row = b'{"id": "m%05d", "event_text": "%s", "properties": "{\\"feature\\": \\"export\\"}"}'
    for number in range(9):
        rows.see(row % (number, b"Order Completed by Phone"), number * 1000)
    assert not rows.is_mixed(row % (9, b"Login"))
    assert not rows.is_mixed(row.replace(b"export", b"x") % (9, b"Order Completed by Phone"))


def test_a_row_that_mixes_two_is_no_message(evidence, compare):
    """It can be read, has the id of one and the rest of another, and is taken back, whichever time it has."""
    for key, cut in (("sent_at", 12), ("received_at", 14)):
        paths = evidence.paths()
        file = paths["customerio"] / "2184.13699.1.track.json"
        lines = file.read_bytes().splitlines()
        head, tail = (lines[at].index(f'"{key}": "'.encode()) + len(key) + 5 for at in (40, 90))
        mixed = lines[40][: head + cut] + lines[90][tail + cut - 3 :]
        assert set(json.loads(mixed)) == set(json.loads(lines[40]))
        file.write_bytes(b"\n".join([*lines[:40], mixed, *lines[91:]]) + b"\n")
        report = compare(paths)
        assert [place.line for place in report.sources["customerio"].incomplete] == [41]
        assert report.identity.count == report.totals.drift == 0
        assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("lost_bytes", [6000, 20_000])
@pytest.mark.parametrize("ending", ["json", "csv"])
def test_a_block_lost_in_the_middle_of_a_file_is_a_gap(evidence, compare, lost_bytes, ending):
    """In the file and at the line where it was."""
    paths = evidence.paths()
    file = paths["customerio"] / "2184.13699.1.track.json"
    rows = [json.loads(text) for text in file.read_bytes().splitlines()]
    other = paths["customerio"] / "2184.13699.2.track.json"
    rows += [json.loads(text) for text in other.read_bytes().splitlines()]
    other.unlink()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if ending == "csv":
        file.unlink()
        file = file.with_suffix(".csv")
        text = as_csv(rows).decode()
    file.write_text(text)
    assert compare(paths).totals.missing["customerio"] == 0
    data = file.read_bytes()
    file.write_bytes(data[:15_000] + data[15_000 + lost_bytes + 37 :])
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {place.file for place in report.sources["customerio"].incomplete} == {file.name}
