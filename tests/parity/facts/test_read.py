"""What reading comes to: a line that no reader foresaw is rejected, and the result of a query may be cut."""

from __future__ import annotations

import pytest
from hostile import call

from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.kinds.warehouse import WarehouseTables
from pipelines_client.evidence.listing import list_files
from pipelines_client.parity.facts.packs import Store
from pipelines_client.parity.facts.read import read_sources, total_of


class Frail(SegmentArchive):
    """A reader with a defect: one line in it raises what no line should."""

    name = "frail"

    def read(self, data, file, line, offset):
        """Read, unless the line is a certain one."""
        if b'"bad"' in data:
            raise OverflowError(f"of this line: {data!r}")
        return super().read(data, file, line, offset)


def read(folder, tmp_path, kind=Frail, **options: str):
    kind, listing, store = (
        kind(bytes(32), "segment", options),
        list_files(kind, [str(folder)]),
        Store(tmp_path / "packs"),
    )
    try:
        return total_of(kind, listing, read_sources({"segment": (kind, listing)}, store)["segment"])
    finally:
        store.close()


def test_an_error_that_nobody_foresaw_costs_its_line(tmp_path, monkeypatch):
    """By file and line, without a word of the line; the lines around it count."""
    monkeypatch.setitem(KINDS, "frail", Frail)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.json").write_bytes(call(b'"a":1', 1) + call(b'"a":"bad"', 2) + call(b'"a":3', 3))
    total = read(folder, tmp_path)
    assert [(place.file, place.line, place.reason) for place in total.rejected] == [
        ("a.json", 2, "could not be read (OverflowError)")
    ]
    assert (total.rows, total.incomplete) == (2, [])


def _table(folder, name, rows, bad=0) -> None:
    folder.mkdir(exist_ok=True)
    lines = ["id,received_at,event,event_text", *(f"{name}{number},2026-11-02,a,A" for number in range(rows - bad))]
    (folder / name).write_text("\n".join([*lines, *["x,y"] * bad, ""]))


@pytest.mark.parametrize("bad", [0, 3])
@pytest.mark.parametrize(
    ("rows", "is_gap"),
    [(999, False), (1000, True), (1001, False), (500, False), (3000, False), (5000, True)],
)
def test_a_result_of_as_many_rows_as_tools_let_through_may_be_cut(tmp_path, rows, is_gap, bad):
    """Rows are lost in no order, so that no time shows it; a row that cannot be read is one."""
    _table(tmp_path / "tables", "tracks.csv", rows, bad)
    (tmp_path / "tables" / "pages.csv").write_text("id,received_at,name\np1,2026-11-02,A\n")
    for total in (
        read(tmp_path / "tables", tmp_path, WarehouseTables),
        read(tmp_path / "tables" / "tracks.csv", tmp_path, Table, event="event", time="received_at", message_id="id"),
    ):
        assert [place.file for place in total.incomplete] == (["tracks.csv"] if is_gap else [])
        assert f"exactly {rows:,} rows" in total.incomplete[0].reason if is_gap else True
        assert total.rejected_lines == bad


def test_a_spreadsheet_has_so_many_rows_below_its_header(tmp_path):
    """In its old format."""
    _table(tmp_path / "tables", "tracks.csv", 65_535)
    assert "exactly 65,535 rows" in read(tmp_path / "tables", tmp_path, WarehouseTables).incomplete[0].reason


def test_parts_of_a_table_may_have_as_many_rows_as_they_like(tmp_path):
    """Exports of a warehouse are cut into files of one size; so is what no query made."""
    for name in ("tracks-0.csv", "tracks-1.csv"):
        _table(tmp_path / "tables", name, 1000)
    assert read(tmp_path / "tables", tmp_path, WarehouseTables).incomplete == []
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.json").write_bytes(b"".join(call(b'"a":1', number) for number in range(1000)))
    assert read(tmp_path / "logs", tmp_path, SegmentArchive).incomplete == []
