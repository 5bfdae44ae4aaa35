"""A line that no reader foresaw is a rejected line."""

from __future__ import annotations

from hostile import call

from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
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


def read(folder, tmp_path):
    kind, listing, store = Frail(bytes(32)), list_files(Frail, [str(folder)]), Store(tmp_path / "packs")
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
