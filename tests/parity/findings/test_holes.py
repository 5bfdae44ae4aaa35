"""A hole in the numbers of the files of an export."""

from __future__ import annotations

from finding_rows import counts, rows


def test_a_hole_in_an_export_is_a_class(evidence, compare):
    """Named by the file that is not there."""
    paths = evidence.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    report = compare(paths)
    assert counts(report) == {"holes": 1}
    assert rows(report, "holes") == [("customerio", "", "", 1, "2184.13699.2.track.json")]


def test_days_in_the_names_of_files_are_no_sequence(evidence, compare):
    """A position counts up by one; a day does not, at the end of a month at the latest."""
    paths = evidence.paths()
    for path, day in zip(
        sorted(paths["customerio"].glob("*.json")), ("20261130", "20261201", "202612020930"), strict=False
    ):
        path.rename(path.with_name(f"acme_tracks_{day}.json"))
    report = compare(paths)
    assert not report.sources["customerio"].holes
    assert counts(report) == {}
