"""Hostile and broken files: each a clear line with file and place, counted; memory bounded; the rest stands."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from commands import run_code
from evidence import START, Evidence
from hostile import CASES, HARMLESS, MEGABYTE, Case, bomb, call

from pipelines_client.errors import SourceError
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.listing import list_files
from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.parity.facts.packs import Store
from pipelines_client.parity.model import Verdict

USAGE = (Path(__file__).parents[3] / "docs" / "usage.md").read_text("utf-8")
DAY = "prefix/segment-logs/9sBxKq2mVd/1793577600000"
Several = tuple[ParityReport, list[Case]]
PLACES = 20  # so many are named for each source
AS_NOBODY = """
import os, sys
from datetime import datetime, timezone
from pipelines_client.parity import ParityOptions, run_parity
def run():
    paths = dict(zip(("ledger", "segment", "customerio"), sys.argv[2:]))
    return run_parity(paths, ParityOptions(), now=datetime.now(timezone.utc))
if os.getuid() == 0:
    run()  # so that every module is loaded, which the other user may not be able to do
    os.setgid(65534)
    os.setuid(65534)
print(run().to_json())
"""
PEAK = """
import resource, sys
from pathlib import Path
from pipelines_client.cli import main
try:
    main()
finally:
    own = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print((int(own) + largest) // 1024, file=sys.stderr)
"""
"""Of this process not `ru_maxrss`, which it has from the one that started it: a test's worker of gigabytes."""


@pytest.fixture(scope="module", params=range(0, len(CASES), PLACES), ids=lambda first: f"from {first}")
def several(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Several:
    """The report of a run over several of them, each in the folder of a day, beside evidence that is whole."""
    cases = CASES[request.param : request.param + PLACES]
    paths = Evidence(tmp_path_factory.mktemp("hostile"), count=200).paths()
    for number, case in enumerate(cases):
        folder = paths["segment"] / f"{DAY}-{number}"
        folder.mkdir()
        case.plant(folder)
    return run_parity(paths, ParityOptions(), now=START), cases


def test_what_cannot_be_read_is_one_clear_line(several):
    """Named with file and reason, counted, and a gap where more may be lost; everything else is compared."""
    report, cases = several
    source = report.sources["segment"]
    for number, case in enumerate(cases):
        places = [place for place in source.rejected if f"-{number}/odd" in place.file]
        assert len(places) == 1, case.title
        assert case.reason in places[0].reason, case.title
        assert any(f"-{number}/odd" in gap.file for gap in source.incomplete) is case.is_gap, case.title
        line = f"| {case.title} | `{places[0].reason}` |{' yes ' if case.is_gap else ' '}|"
        assert line in USAGE, "docs show what is printed"
    assert source.rejected_lines == len(source.rejected) == len(cases)
    assert report.totals.matched == 200


@pytest.mark.parametrize("is_gap", [False, True])
def test_one_line_that_cannot_be_read_is_never_a_pass_by_silence(evidence, compare, is_gap):
    """It alone is counted and decides the verdict; everything else is compared."""
    paths = evidence.paths()
    next(case for case in CASES if case.is_gap is is_gap).plant(paths["segment"] / DAY)
    report: ParityReport = compare(paths)
    source = report.sources["segment"]
    assert source.rejected_lines == len(source.rejected) == 1
    assert bool(source.incomplete) is is_gap
    assert report.totals.matched == 200
    assert report.verdict is not Verdict.PASS


@pytest.mark.parametrize(("title", "plant", "count"), HARMLESS, ids=[title for title, *_ in HARMLESS])
def test_what_is_only_odd_is_read(evidence, compare, title, plant, count):
    """No line is lost by it."""
    paths = evidence.paths()
    plant(paths["segment"] / DAY)
    report = compare(paths, is_all=True)
    assert report.sources["segment"].rejected_lines == 0, title
    assert report.totals.segment.messages == 200 + count
    assert report.totals.matched == 200
    if not count:
        assert report.sources["segment"].notes


def test_bad_rows_of_tables_are_placed(evidence, compare):
    """CSV with a cell too many, a quote that stays open; Parquet that was cut, and one that is none."""
    paths = evidence.paths()
    folder = paths["customerio"]
    (folder / "2184.13699.3.track.csv").write_text('id,event_text,received_at\nz1,E,1\nz2,E,1,4\nz3,"E,1\n')
    (folder / "2184.13699.4.track.parquet").write_bytes(b"PAR1 and no more")
    report = compare(paths)
    assert [(place.file[13:], place.line, place.reason[:40]) for place in report.sources["customerio"].rejected] == [
        ("track.csv", 3, "4 cells where the header has 3"),
        ("track.csv", 4, "a quote is open to the end of the file"),
        ("track.parquet", 0, "the Parquet file is damaged here (ArrowI"),
    ]
    assert report.totals.matched == 200


def test_a_file_that_goes_or_grows_between_listing_and_reading_is_named(tmp_path):
    """Nothing is silently short: gone is said, and so is a change under the reader's hands."""
    from pipelines_client.parity.facts.read import read_sources, total_of

    folder = tmp_path / "segment-logs"
    folder.mkdir()
    for number, name in enumerate(("gone", "grown", "whole")):  # other contents: copies are read once
        (folder / f"{name}.json").write_bytes(call(b'"a":1', number))
    listing = list_files(SegmentArchive, [str(folder)])
    (folder / "gone.json").unlink()
    (folder / "grown.json").write_bytes(call(b'"a":1', 1) + call(b'"a":2', 3))
    kind, store = SegmentArchive(bytes(32)), Store(tmp_path / "packs")
    total = total_of(kind, listing, read_sources({"segment": (kind, listing)}, store)["segment"])
    assert [(place.file, place.reason) for place in total.incomplete] == [
        ("gone.json", "it was deleted after the files were listed; run again"),
        ("grown.json", "it changed while it was read; run again"),
    ]
    assert total.rows == 3
    assert store.find(kind, listing.files)[0] == []
    store.close()


def test_without_the_right_to_read_it_is_said(open_folder):
    """A file and a folder that this user may not read, as another user would meet them."""
    paths = Evidence(open_folder, count=200).paths()
    (paths["segment"] / DAY / "closed.gz").write_bytes(gzip.compress(call(b'"a":1')))
    (paths["segment"] / DAY / "closed.gz").chmod(0)
    (paths["segment"] / DAY / "shut").mkdir(mode=0o000)
    done = run_code(AS_NOBODY, *map(str, paths.values()))
    assert done.returncode == 0, done.stderr
    source = json.loads(done.stdout)["sources"]["segment"]
    assert sorted((Path(place["file"]).name, place["reason"]) for place in source["incomplete"]) == [
        ("closed.gz", "permission denied; run as a user who may read it"),
        ("shut", "the folder cannot be listed: permission denied; run as a user who may read it"),
    ]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter, which pytest's own are not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_pipe_given_as_a_source_is_refused(evidence, compare, tmp_path):
    """It can be read once only, and parity reads twice."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="a pipe or a device cannot be read twice; write it to a file first"):
        compare({"ledger": evidence.write_ledger(), "segment": tmp_path / "pipe"})


def test_two_names_of_one_file_are_read_once(evidence, compare):
    """A link or a hard link makes no duplicates."""
    paths = evidence.paths()
    first = next(paths["segment"].rglob("1.a.gz"))
    (first.parent / "latest.gz").symlink_to(first)
    (first.parent / "again.gz").hardlink_to(first)
    report = compare(paths)
    assert report.verdict is Verdict.PASS
    assert report.duplicates.count == 0
    assert sum("is read once" in note for note in report.sources["segment"].notes) == 2


def test_memory_stays_bounded_whatever_is_read(evidence):
    """A bomb, a line of 100 MB, ids of megabytes and a quote that stays open for 18 MB, in a process of its own."""
    paths = evidence.paths()
    folder = paths["segment"] / DAY
    bomb(folder)
    (folder / "long.json").write_bytes(call(b'"a":"' + b"x" * 100 * MEGABYTE + b'"'))
    with (folder / "ids.json").open("wb") as file:
        for number in range(40):
            file.write(b'{"type":"track","messageId":"%s%d"}\n' % (b"i" * 4 * MEGABYTE, number))
    (paths["customerio"] / "2184.13699.3.track.csv").write_bytes(b'id,received_at\n"' + (b"a" * 999 + b"\n") * 18_000)
    arguments = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    done = run_code(PEAK, "--no-history", *arguments, "--format", "json")
    assert done.returncode in (1, 3), done.stderr
    assert json.loads(done.stdout)["totals"]["matched"] == 200
    assert int(done.stderr.split()[-1]) < 1100, "megabytes of this process and its largest child"


def test_lines_that_never_end_being_bad_end_the_file(evidence, compare, monkeypatch):
    """A file of another kind altogether is left after so many lines."""
    monkeypatch.setattr("pipelines_client.parity.facts.read_file._MAX_REJECTED_IN_A_ROW", 50)
    paths = evidence.paths()
    (paths["segment"] / DAY / "odd.json").write_bytes(b"x\n" * 1000)
    source = compare(paths).sources["segment"]
    assert source.rejected_lines == 51
    assert [place.reason for place in source.incomplete] == [
        "50 lines in a row could not be read; the rest is not read"
    ]


def test_control_characters_never_reach_a_terminal(evidence, tmp_path):
    """In an error, as in a report."""
    odd = tmp_path / "\x1b[31mred"
    odd.mkdir()
    (odd / "x.exe").write_bytes(b"")
    done = run_code(
        "from pipelines_client.cli import main; main()",
        "--no-history",
        "--ledger",
        str(evidence.write_ledger()),
        "--segment",
        str(odd),
    )
    assert done.returncode == 2
    assert "holds no file of a Segment archive" in done.stderr
    assert "\x1b" not in done.stderr
