"""Every file in a folder is read, or named with its reason; one that may be evidence and is not read is a gap."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from typing import TYPE_CHECKING

import pytest
from exports import as_csv, as_parquet

from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.ledger import LedgerFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.warehouse import WarehouseTables
from pipelines_client.evidence.listing import list_files

if TYPE_CHECKING:
    from pathlib import Path

CALL = json.dumps({"type": "track", "messageId": "m1", "event": "E", "properties": {}}).encode() + b"\n"
ROWS = [{"id": "m1", "received_at": "2026-11-02T09:30:00Z", "event_text": "E", "user_id": "u"}]


def zipped(*names: str) -> bytes:
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return text.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return the folder of an hour in an archive that has one file."""
    hour = tmp_path / "segment-logs" / "source" / "1772409600000"
    hour.mkdir(parents=True)
    (hour / "1.a.gz").write_bytes(gzip.compress(CALL.replace(b"m1", b"m0")))
    return hour


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("1772409600000.b285ba30", CALL),
        ("x.txt", CALL),
        ("x.gz.1", gzip.compress(CALL + b"\n")),
        ("x.json.bz2", bz2.compress(CALL)),
        ("x.xz", lzma.compress(CALL)),
        ("x.dat", gzip.compress(bz2.compress(CALL))),
        ("x.array", b"[" + CALL + b"]"),
    ],
)
def test_rows_are_read_whatever_the_file_is_called(tmp_path, archive, name, content):
    """Their first bytes say what they are."""
    (archive / name).write_bytes(content)
    listing = list_files(SegmentArchive, [str(tmp_path)])
    assert [file.name.rpartition("/")[2] for file in listing.files] == sorted(["1.a.gz", name])
    assert not listing.problems


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.gz.part", gzip.compress(CALL)[:20], "a copy that was not finished; copy it again"),
        ("x.zip", zipped("2.b.gz"), "a ZIP archive; unpack it, and move it out of the folder"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"),
        ("x.json.zst", b"\x28\xb5\x2f\xfd\x04", "compressed with Zstandard; unpack it"),
        ("x.tar", bytes(257) + b"ustar", "a tar archive; unpack it"),
        ("x.json.gpg", b"\x85\x02\x0c", "named as rows, but none can be read"),
        ("x.dat", as_parquet([{"messageId": "m1", "type": "track"}]), "a Parquet file under another name"),
        ("x.dat", as_csv([{"messageId": "m1", "type": "track"}]), "CSV under another name; name it .csv"),
        ("../../../x.txt", CALL, "outside of segment-logs; move it there"),
    ],
)
def test_what_may_be_evidence_and_is_not_read_is_a_gap_with_its_cure(tmp_path, archive, name, content, why):
    """Else what lies in it would be called missing."""
    (archive / name).write_bytes(content)
    (problem,) = list_files(SegmentArchive, [str(tmp_path)]).problems
    assert problem.file.endswith(name.rpartition("/")[2])
    assert problem.reason.startswith(why)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("README.md", b"# How these were exported\n", "no rows of this kind"),
        ("1.a.gz.part", b"x", "an unfinished copy of a file that is here"),
        ("x.zip", zipped("1.a.gz"), "a ZIP archive of files that are here"),
        ("x.xlsx", zipped("[Content_Types].xml"), "a ZIP archive without rows in it"),
        ("x.txt", b"", "empty"),
        ("x.dat", json.dumps(ROWS[0]).encode(), "no rows of this kind"),
    ],
)
def test_what_is_no_evidence_is_named_with_its_reason(tmp_path, archive, name, content, why):
    """And is no gap."""
    (archive / name).write_bytes(content)
    listing = list_files(SegmentArchive, [str(tmp_path)])
    assert (len(listing.files), listing.problems) == (1, ())
    assert any(f"{name} ({why})" in note for note in listing.notes)


def test_what_a_kind_leaves_out_on_purpose_is_no_gap(tmp_path):
    """Dead letters beside a ledger, and tables that repeat rows of `tracks`."""
    state = tmp_path / "hosts" / "web"
    for folder in ("ledger/2026-11-02", "dead-letters/2026-11-02"):
        (state / folder).mkdir(parents=True)
        (state / folder / "w.jsonl").write_bytes(b'{"message_id":"m","leg":"segment"}\n')
    listing = list_files(LedgerFiles, [str(tmp_path / "hosts")])
    assert (len(listing.files), listing.problems) == (1, ())
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in ("tracks.csv", "order_completed.csv", "users.csv"):
        (tables / name).write_bytes(as_csv(ROWS))
    listing = list_files(WarehouseTables, [str(tables)])
    assert ([file.name for file in listing.files], listing.problems) == (["tracks.csv"], ())


def test_a_marked_copy_of_a_storage_file_keeps_its_type():
    """A browser wrote `(1)` into the name that says what the rows are."""
    data = json.dumps({"id": "m1", "sent_at": "2026-11-02T09:30:00Z", "properties": {}}).encode()
    fact, _ = CustomerioFiles(bytes(32)).read(data, "2184.13699.1.screen (1).json", 1, 0)
    assert fact.type == "screen"
