"""Evidence in an object store, read through fsspec: S3, as moto's server on this machine plays it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from evidence import Evidence
from fsspec.implementations.memory import MemoryFileSystem

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.open import CutError, read_chunks
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.listing import list_files
from pipelines_client.parity.model import Verdict

SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def endpoint() -> Any:
    """The address of an S3 server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file system of that server; helper processes find it by the environment as well."""
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    yield system
    s3fs.S3FileSystem.clear_instance_cache()


def upload(system: Any, folder: Path, bucket: str) -> str:
    system.mkdir(bucket)
    for path in folder.rglob("*"):
        if path.is_file():
            system.pipe(f"{bucket}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return f"s3://{bucket}"


def test_an_archive_and_exports_in_buckets_are_read(s3, tmp_path, compare):
    """A bucket with its prefix, a glob, one key; what else is in a bucket is no evidence; facts are kept by ETag."""
    evidence = Evidence(tmp_path, count=200)
    evidence.messages[3].payload("customerio")["price"] = 1
    paths = evidence.paths()
    archive = upload(s3, paths["segment"], "archive")
    s3.pipe("archive/other/thing.json", b"{}")
    exports = upload(s3, paths["customerio"], "exports")
    given = {"ledger": paths["ledger"], "segment": archive, "customerio": f"{exports}/*.json"}
    cache = tmp_path / "kept"
    report = compare(given, cache=cache)
    assert report.totals.matched == 199
    assert [row.path for row in report.drift_by_path] == ["properties.price"]
    assert report.sources["segment"].files == 2
    before = sorted(cache.glob("*/*/pack.json"))
    assert compare(given, cache=cache).totals.matched == 199
    assert sorted(cache.glob("*/*/pack.json")) == before
    key = f"{exports}/2184.13699.1.track.json"
    assert compare({**given, "customerio": key}).totals.customerio.messages == 100
    evidence.messages[4].lose("customerio")
    upload_again = evidence.write_customerio() / "2184.13699.1.track.json"
    s3.pipe("exports/2184.13699.1.track.json", upload_again.read_bytes())
    s3.invalidate_cache()
    report = compare(given, cache=cache)
    assert report.totals.missing["customerio"] == 1
    assert report.verdict is Verdict.FAIL


def test_what_is_wrong_with_an_address_is_said(s3):
    """No such bucket, nothing below, a scheme that nobody knows."""
    s3.mkdir("empty")
    for address, says in (
        ("s3://no-such-bucket/x", "no such"),
        ("s3://empty", "no such file or folder, or it is empty"),
        ("gopher://x/y", r"addresses of gopher:// cannot be read; use s3://, gs:// or az://"),
    ):
        with pytest.raises(SourceError, match=says):
            list_files(SegmentArchive, [address])


def test_a_store_that_is_away_is_said(monkeypatch):
    """With the kind of its error and no stack."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(SourceError, match=r"s3://archive: the store did not answer .* credentials \(AWS_ACCESS_KEY_ID"):
        list_files(SegmentArchive, ["s3://archive"])
    s3fs.S3FileSystem.clear_instance_cache()


class NamesAlone(MemoryFileSystem):
    """A store that tells of a file's own address its name and no details, as Azure's library does."""

    protocol = "names"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("names://"))

    def find(self, path: str, **more: Any) -> Any:
        found = super().find(path, **more)
        return list(found) if self.isfile(path) else found


class Closed(MemoryFileSystem):
    """A store that is not told how to get in."""

    protocol = "closed"

    def __init__(self) -> None:
        raise ValueError("secret of the store")


@pytest.fixture
def stores() -> None:
    """Both of them, known to fsspec."""
    import fsspec

    for store in (NamesAlone, Closed):
        fsspec.register_implementation(store.protocol, store, clobber=True)


@pytest.mark.usefixtures("stores")
def test_an_address_of_one_file_is_read_from_any_store():
    """Whether it answers with details or with the name alone; hidden files and marks of folders are no evidence."""
    system = NamesAlone()
    for name in ("day/1.gz", "day/.hidden.gz", ".trash/2.gz"):
        system.pipe(f"/bucket/segment-logs/{name}", b"x")
    for address in ("names://bucket", "names://bucket/segment-logs/day/1.gz", "names://bucket/*/*/*.gz"):
        (file,) = list_files(SegmentArchive, [address]).files
        assert (file.location, file.bytes) == ("names:///bucket/segment-logs/day/1.gz", 1)


@pytest.mark.usefixtures("stores")
def test_a_store_that_nobody_may_enter_is_said():
    """In words of our own: those of a library may quote what it was given."""
    with pytest.raises(SourceError) as caught:
        list_files(SegmentArchive, ["closed://bucket"])
    assert str(caught.value) == "closed://bucket: the store did not answer (ValueError); check the address"


@pytest.mark.parametrize(("scheme", "module", "extra"), [("gs", "gcsfs", "gcs"), ("az", "adlfs", "azure")])
def test_the_extra_that_reads_an_address_is_named(monkeypatch, scheme, module, extra):
    """Where it is not installed, pip's line is the cure."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SourceError) as caught:
        list_files(SegmentArchive, [f"{scheme}://bucket/x"])
    assert str(caught.value).endswith(
        f"addresses of {scheme}:// cannot be read; pip install 'pipelines-client[{extra}]'"
    )


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("inner", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_a_file_is_unpacked_as_often_as_it_was_packed(tmp_path, pack, inner):
    """An upload and a download may each have packed it; two members of one file are one content."""
    lines = b'{"id":"%d"}\n' * 50_000 % tuple(range(50_000))
    path = tmp_path / "x"
    path.write_bytes(pack(inner(lines[:400_000])) + (pack(lines[400_000:]) if inner is bytes else b""))
    assert b"".join(read_chunks(str(path))) == (lines if inner is bytes else lines[:400_000])


@pytest.mark.parametrize(("pack", "name"), [(bz2.compress, "bz2"), (lzma.compress, "xz")])
def test_a_cut_of_any_packer_is_told_after_the_last_good_byte(tmp_path, pack, name):
    """What can be unpacked is read."""
    path = tmp_path / "x"
    path.write_bytes(pack(b"".join(b'{"id":"%d"}\n' % (number * 7919) for number in range(500_000)))[:-400])
    chunks: list[bytes] = []
    with pytest.raises(CutError, match=f"the {name} stream is cut off here"):
        chunks.extend(read_chunks(str(path)))
    assert sum(map(len, chunks)) > 1_000_000


def test_no_file_is_unpacked_for_ever(tmp_path):
    """A file that holds itself, as a quine does, ends."""
    path, content = tmp_path / "x", b"x"
    for _ in range(5):
        content = gzip.compress(content)
    path.write_bytes(content)
    with pytest.raises(CutError, match="packed more than 3 times"):
        list(read_chunks(str(path)))
