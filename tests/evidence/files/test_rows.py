"""Files of rows that were cut, joined or garbled: no row goes in silence, and of many that go as one it is said."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exports import rewrite
from hostile import call
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import HEADER, read, read_once

from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.lines import LineRejectedError
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = (Path(__file__).parents[3] / "docs" / "usage.md").read_text("utf-8")
LONG = 17 << 20
PEOPLE = Path("2184.13699.3.track.csv")


CSV_CASES = [
    (
        "CSV with a quote that stays open",
        HEADER + b'z1,"E,1\nz2,E,1\nz3,E,1\n',
        "a quote is open to the end of the file",
        2,
        True,
    ),
    (
        "CSV with two stray quotes, and rows between them",
        HEADER + b'z1,5" disk,1\nz2,E,1\nz3,6" disk,1\n',
        "not CSV",
        2,
        True,
    ),
    (
        "CSV with two quotes that make one cell of several rows",
        HEADER + b'z1,E,"1\nz2,E,1\nz3,E,1"\n',
        "a cell seems to hold several rows; a quote may not be closed",
        2,
        True,
    ),
    (
        "CSV with an open quote and a row of 17 MB behind it",
        HEADER + b'z1,"E,1\n' + (b"z2,%s,1\n" % (b"E" * 992)) * (LONG // 1000),
        "the row is longer than 16,777,216 bytes; a quote may not be closed",
        2,
        True,
    ),
    ("CSV with a cell too many", HEADER + b"z1,E,F,1\n", "4 cells where the header has 3", 2, False),
    (
        "CSV whose rows lost the line end between them",
        HEADER + b"z1,E,1z2,E,1\n",
        "5 cells where the header has",
        2,
        True,
    ),
    (
        "CSV whose copy stopped in the middle of a row",
        HEADER + b"z1,E",
        "2 cells where the header has 3; the file is cut off here; copy it again",
        2,
        True,
    ),
    (
        "CSV with a block of zeros",
        HEADER + b"z1,E," + bytes(4096) + b"1\n",
        "not CSV: it contains zero bytes, as UTF-16 or a lost disk block does",
        2,
        True,
    ),
    (
        "CSV that begins with a block of zeros",
        bytes(512) + b"\nz1,E,1\n",
        "not CSV: it contains zero bytes, as UTF-16 or a lost disk block does, so no row can be read",
        1,
        True,
    ),
    (
        "CSV whose header lost its line end, and one row",
        HEADER.rstrip() + b"z1,E,2026-11-02T09:30:00Z\n",
        "the header holds values and no row follows; its line end may be lost",
        1,
        True,
    ),
    ("CSV with text that is no UTF-8", HEADER + b"z1,\xe9,1\n", "the text is not UTF-8", 2, False),
    (
        "CSV with columns set apart by something else",
        b"id^event_text^received_at\nz1^E^1\n",
        "the header has one column: no comma, semicolon, tab or | separates columns",
        1,
        True,
    ),
    (
        "CSV whose header is broken",
        b'id,"event"text,received_at\nz1,E,1\n',
        "the header is not CSV in UTF-8, so no row can be read",
        1,
        True,
    ),
    (
        "JSON in a file that is named as CSV",
        b'{"id":"z1","received_at":1}\n{"id":"z2","received_at":1}\n',
        "this is JSON in a file named as CSV; name it .json, so no row can be read",
        1,
        True,
    ),
]


@pytest.mark.parametrize(
    ("title", "content", "reason", "line", "is_gap"), CSV_CASES, ids=[title for title, *_ in CSV_CASES]
)
def test_a_broken_csv_file_is_one_clear_line(evidence, compare, title, content, reason, line, is_gap):
    """Placed, counted, and a gap wherever more than one row may have gone."""
    paths = evidence.paths()
    (paths["customerio"] / PEOPLE).write_bytes(content)
    source = compare(paths).sources["customerio"]
    (place,) = source.rejected
    assert (Path(place.file).name, place.line) == (PEOPLE.name, line)
    assert reason in place.reason
    assert bool(source.incomplete) is is_gap
    shown = place.reason.replace("|", "\\|")
    assert f"| {title} | `{shown}` |{' yes ' if is_gap else ' '}|" in USAGE, "docs show what is printed"


def test_rows_that_a_stray_quote_took_are_not_called_lost(evidence, compare):
    """They are no FAIL: what the quote took stands there."""
    folder = evidence.write_customerio()
    rewrite(folder, "csv")
    (file, *_) = sorted(folder.glob("*.csv"))
    lines = file.read_bytes().split(b"\n")
    lines[20], lines[60] = b'"' + lines[20], lines[60].rstrip() + b'"'
    file.write_bytes(b"\n".join(lines))
    paths = {"ledger": evidence.write_ledger(), "segment": evidence.write_segment(), "customerio": folder}
    report = compare(paths)
    assert report.totals.matched == 159
    assert report.sources["customerio"].incomplete
    assert report.verdict is Verdict.INCONCLUSIVE


def test_many_gaps_of_one_file_are_named_a_few_times(evidence, compare):
    """The report stays readable, and all of them are counted."""
    evidence.raw["segment"] += [b'{"a":1}{"a":2}'] * 500
    source = compare(evidence.paths()).sources["segment"]
    assert source.rejected_lines == 500
    assert Counter(Path(place.file).name for place in source.incomplete) == {"1.a.gz": 3, "2.b.gz": 3}


def test_a_row_too_long_takes_only_itself(tmp_path):
    """What follows the end of its line is read, however many chunks it fills, and the places are right."""
    long = b'z1,"' + b"x" * (2 * LONG) + b'",1\n'
    found = read(tmp_path / "a.csv", HEADER + long + b"z2,E,1\n")
    assert found.rejected == [(2, "the row is longer than 16,777,216 bytes; a quote may not be closed", True)]
    assert [(line, offset) for line, offset, _ in found.rows] == [(3, len(HEADER) + len(long))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_rows_end_as_the_file_has_it(tmp_path, end):
    """With line feeds, with both, and with carriage returns alone; places are exact."""
    lines = [HEADER.rstrip(), b'z1,"two\rparts",1', b"", b"z2,E,1"]
    found = read(tmp_path / "a.csv", end.join(lines) + end)
    assert [line for line, *_ in found.rows] == ([2, 5] if end == b"\r" else [2, 4])
    assert found.ids == ["z1", "z2"]
    assert json.loads(found.rows[0][2])["event_text"] == "two\rparts"
    assert not found.rejected


def test_rows_that_other_line_ends_join_are_a_gap(tmp_path):
    """A part of the file comes from an old Mac: its rows are one line to everyone else."""
    found = read(tmp_path / "a.csv", HEADER + b"z1,E,1\nz2,E,1\rz3,E,1\rz4,E,1\n")
    assert found.ids == ["z1"]
    assert found.rejected == [(3, "not CSV", True)]


def test_the_delimiter_is_what_gives_most_columns(tmp_path):
    """Commas in the name of a column are none."""
    found = read(tmp_path / "a.tsv", b'"id"\t"a, b, c, d"\t"c"\nz1\t2\t3\n')
    assert json.loads(found.rows[0][2]) == {"id": "z1", "a, b, c, d": "2", "c": "3"}


def test_a_quoted_cell_may_hold_lines_of_any_kind(tmp_path):
    """Also with as many commas as a row has in some of them."""
    cells = ["z1", "one\ntwo, three, four\r\n\n5", "1"]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    found = read(tmp_path / "a.csv", HEADER + text.getvalue().encode() + b"z2,E,1\n")
    assert list(json.loads(found.rows[0][2]).values()) == cells
    assert [line for line, *_ in found.rows] == [2, 6]
    assert not found.rejected


@pytest.mark.parametrize("zeros", [1, 255 << 10, 1 << 20])
def test_zeros_behind_gzip_are_no_damage(tmp_path, zeros):
    """However many: a member that follows them is read too."""
    member = gzip.compress(b'{"id":"a"}\n')
    found = read(tmp_path / "a.json", member + bytes(zeros) + member + bytes(zeros))
    assert found.ids == ["a", "a"]
    assert not found.rejected


def nested(number: int) -> bytes:
    """Return an item of an array with all that looks like the end of one inside."""
    item = {"a": {"b": 1}, "id": str(number), "s": '},{"},', "list": [{"x": {}}, {"y": [{}, {}]}] * (number % 9)}
    return json.dumps(item, separators=(",", ":")).encode()


def many_small() -> list[bytes]:
    return [nested(number) for number in range(40_000)]


def one_big() -> list[bytes]:
    return [nested(0), b'{"id":"1","p":[%s]}' % b",".join([b'{"i":{"x":1}}'] * 750_000), nested(2)]


def middling() -> list[bytes]:
    return [b'{"id":"%d","p":[%s]}' % (n, b",".join([b'{"i":{"x":1}}'] * 1500)) for n in range(300)]


@pytest.mark.parametrize("make", [many_small, one_big, middling])
def test_arrays_of_any_shape_are_read_at_one_pace(tmp_path, make: Callable[[], list[bytes]]):
    """Ten megabytes take seconds and no minutes, and each place is exact."""
    items = make()
    began = time.perf_counter()
    found = read(tmp_path / "a.json", b"[\n" + b" ,\n".join(items) + b"\n]\n")
    assert time.perf_counter() - began < 15, "half a minute and more where each chunk is read two hundred times"
    assert [row for *_, row in found.rows] == items
    assert [line for line, *_ in found.rows] == list(range(2, len(items) + 2))
    assert not found.rejected


def test_an_odd_item_of_an_array_takes_only_itself(tmp_path):
    """NaN, a number of 5,000 digits and text that is no UTF-8 are items all the same, to be judged one by one."""
    items = [
        b'{"id":"1"}',
        b'{"id":"2","a":NaN}',
        b'{"id":"3","a":%s}' % (b"9" * 5000),
        b'{"id":"\xe9"}',
        b'{"id":"5"}',
    ]
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b",".join(items) + b"]")
    assert [row for *_, row in read_rows(str(path), pytest.fail)] == items


def test_a_whole_array_in_a_cut_archive_is_incomplete(tmp_path):
    """All items are there, and yet nobody can say whether that is what was packed."""
    found = read_once(tmp_path / "a.json", gzip.compress(b'[{"id":"1"}]')[:-4])
    assert found.ids == ["1"]
    assert found.is_incomplete


def rows_of(cells: list[list[str]], end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([["id", "event_text", "props", "received_at"], *cells])
    return text.getvalue().encode()


def garbled(content: bytes, position: int, how: str, what: bytes) -> bytes:
    """Do one thing to a file: cut it, join two lines, take a byte, put one in, or put one in place of another."""
    at = position % len(content)
    if how == "join":
        lines = content.split(b"\n")
        at = position % len(lines)
        return b"\n".join(lines[:at]) + b"\n".join(lines[at:])
    if how == "cut":
        return content[:at]
    if how == "insert":
        return content[:at] + what + content[at:]
    if how == "replace" and content[at : at + 1] in b"\r\n":
        return content
    return content[:at] + (what if how == "replace" else b"") + content[at + 1 :]


FAULTS = {
    "position": st.integers(0, 5000),
    "how": st.sampled_from(["cut", "join", "remove", "insert", "replace"]),
    "what": st.sampled_from([b'"', b",", b"}", b"{", b"[", b"]", b":", b"\\", b"\xff", b"e", b"7", b";"]),
}
CELLS = st.text(st.sampled_from('ab ,;"\n{}'), max_size=6)


@settings(max_examples=400)
@given(
    cells=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=2, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    **FAULTS,
)
def test_no_row_of_a_garbled_csv_file_goes_in_silence(tmp_path_factory, cells, end, position, how, what):
    """Each is read or rejected, or the file is called incomplete; only one row joined to the header cannot be told."""
    rows = [[str(number), *row] for number, row in enumerate(cells)]
    content = rows_of(rows, end)
    written = len(rows)
    if how == "cut":
        kept = len(content[: position % len(content)])
        written = sum(len(rows_of(rows[:number], end)) < kept for number in range(len(rows)))
    found = read_once(tmp_path_factory.getbasetemp() / "garbled.csv", garbled(content, position, how, what))
    assert len(found.rows) + len(found.rejected) >= written or found.is_incomplete


@settings(max_examples=400)
@given(payloads=st.lists(CELLS, min_size=1, max_size=8), comma=st.sampled_from([b",", b",\n", b" ,\r\n "]), **FAULTS)
def test_no_item_of_a_garbled_array_goes_in_silence(tmp_path_factory, payloads, comma, position, how, what):
    """Each comes, or the file is called incomplete; only the bracket that makes it an array must be there."""
    items = [json.dumps({"id": n, "p": {"a": text}, "l": [{"x": 1}, {}]}).encode() for n, text in enumerate(payloads)]
    content = b"[" + garbled(comma.join(items) + b"]", position, how, what)
    found = read_once(tmp_path_factory.getbasetemp() / "garbled.json", content)
    assert len(found.rows) + len(found.rejected) >= len(items) or found.is_incomplete


@settings(max_examples=100)
@given(payloads=st.lists(CELLS, min_size=1, max_size=6), **FAULTS)
def test_no_line_of_a_garbled_archive_goes_in_silence(tmp_path_factory, payloads, position, how, what):
    """Each is a fact or rejected, or the archive is called incomplete."""
    lines = [call(b'"a":%s' % json.dumps(text).encode(), number) for number, text in enumerate(payloads)]
    content = b"".join(lines)
    if how == "cut":
        kept = position % len(content)
        lines = [line for number, line in enumerate(lines) if len(b"".join(lines[:number])) < kept]
    reading = Reading()
    kind = SegmentArchive(bytes(32))
    path = tmp_path_factory.getbasetemp() / "garbled.jsonl"
    path.write_bytes(garbled(content, position, how, what))

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        reading.reject("", line, reason, incomplete=incomplete)

    for line, offset, data in read_rows(str(path), reject):
        try:
            kind.read(data, "", line, offset)
            reading.rows += 1
        except LineRejectedError as error:
            reject(line, str(error), incomplete=error.hides_more)
    assert reading.rows + reading.rejected_lines >= len(lines) or reading.incomplete
