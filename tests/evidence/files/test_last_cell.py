"""A file of rows without a last line end is cut only if its last cell, or the other files, say so."""

from __future__ import annotations

import pytest
from exports import as_csv

from pipelines_client.evidence.files.last_cell import LastCells, LastRow
from pipelines_client.parity.model import Verdict

EVENTS = ["Order Completed", "Cart Updated", "Login"]
PRICES = [f"{number / 100:g}" for number in range(1, 3000, 7)]
TIMES = [f"2026-11-02T09:30:{second:02}.000Z" for second in range(60)]


@pytest.mark.parametrize(
    ("seen", "cell", "said"),
    [
        (EVENTS * 40, "Login", LastRow.WHOLE),
        (EVENTS * 40, "Car", LastRow.CUT),
        (EVENTS * 40, "", LastRow.CUT),
        (EVENTS * 40, "Trial Started", LastRow.UNKNOWN),
        (["user-5", "user-59"], "user-5", LastRow.UNKNOWN),
        (["", "x"], "", LastRow.WHOLE),
        (TIMES, "2026-11-03T00:00:00.000Z", LastRow.WHOLE),
        (TIMES, "2026-11-03T00:0", LastRow.CUT),
        (["abc"], "xy", LastRow.UNKNOWN),
        (PRICES, "31.5", LastRow.UNKNOWN),
        (['{"a": 1}'], '{"b": [2]}', LastRow.WHOLE),
        (['{"a": 1}'], '{"b": [2', LastRow.CUT),
        ([str(number) for number in range(1000, 1200)], "77", LastRow.CUT),
        ([], "x", LastRow.UNKNOWN),
    ],
)
def test_the_other_cells_tell_what_a_whole_one_looks_like(seen, cell, said):
    """Known, as long as all, JSON that closes; or the beginning of another, shorter than all, JSON that does not."""
    cells = LastCells()
    for one in seen:
        cells.see(one)
    assert cells.judge(cell) is said


@pytest.fixture
def tables(tmp_path, evidence):
    """Two tables of a warehouse, whose last column is a name, and the export of Customer.io."""
    for number, sent in enumerate(evidence.messages):
        sent.call["event"] = EVENTS[number % 3]
        for call in sent.sides.values():
            call["event"] = EVENTS[number % 3]
    for number in range(9):
        evidence.add({"type": "identify", "userId": f"u{number}", "traits": {}})
    folder = tmp_path / "tables"
    folder.mkdir()
    rows = {"tracks": [], "identifies": []}
    for sent in evidence.messages:
        row = {"id": sent.id, "received_at": sent.at.isoformat(), "user_id": sent.call["userId"], "uuid_ts": "1"}
        is_track = sent.call["type"] == "track"
        rows["tracks" if is_track else "identifies"].append(
            row | ({"event_text": sent.call["event"]} if is_track else {})
        )
    for name, some in rows.items():
        (folder / f"{name}.csv").write_bytes(as_csv(some))
    return {"segment": f"warehouse:{folder}", "customerio": evidence.write_customerio()}, folder / "tracks.csv"


def test_a_table_that_ends_inside_a_name_is_cut(tables, compare):
    """The row has all of its cells; a name that begins another is none, and the row is not compared."""
    paths, file = tables
    whole = file.read_bytes()
    assert compare(paths).totals.missing["segment"] == 0
    cut = whole[: whole.index(b"Cart Updated", len(whole) // 2) + 3]
    file.write_bytes(cut)
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert not report.renamed.count
    assert [place.file for place in report.sources["segment"].incomplete] == ["tracks.csv"]
    assert "the last cell is not whole; the file is cut off here" in report.sources["segment"].incomplete[0].reason


def test_a_whole_table_without_a_last_line_end_has_no_gap(tables, compare):
    """Many tools write none: its last name is known."""
    paths, file = tables
    file.write_bytes(file.read_bytes().rstrip())
    assert not compare(paths).sources["segment"].incomplete


def test_beside_files_that_end_with_a_line_end_an_unknown_last_cell_is_a_gap(tables, compare):
    """Alone it is none: nothing tells whether the row is whole, so it is only not compared."""
    paths, file = tables
    file.write_bytes(file.read_bytes().rstrip().removesuffix(b"Cart Updated") + b"Trial Begun")
    report = compare(paths)
    assert [place.file for place in report.sources["segment"].incomplete] == ["tracks.csv"]
    assert "unlike others of this source" in report.sources["segment"].incomplete[0].reason
    other = file.with_name("identifies.csv")
    other.write_bytes(other.read_bytes().rstrip())
    report = compare(paths)
    assert not report.sources["segment"].incomplete
    assert not report.renamed.count
