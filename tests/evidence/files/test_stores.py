"""Google's and Azure's object stores, as their emulators on this machine play them; `make soak` runs these.

They need more than the suite installs: `pip install gcsfs adlfs gcp-storage-emulator` and `npm install -g azurite`.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import fsspec.config
import pytest
from evidence import Evidence

from pipelines_client.parity.model import Verdict

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # azurite's, for all
DEADLINE_S = 30

pytestmark = [
    pytest.mark.soak,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]  # the libraries leave their connections to the collector


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """An emulator, from when it answers until it is not needed."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_it_answers(process, port)
            yield
        finally:
            process.kill()


def until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait for a server, which tells by its port alone that it is ready."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        assert process.poll() is None, "the emulator ended"
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the emulator did not start")


@pytest.fixture
def port():
    """A free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def google(port, monkeypatch):
    """Google's store, which asks nobody for a token."""
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    if importlib.util.find_spec("gcsfs") is None or not program.exists():
        pytest.skip("pip install gcsfs gcp-storage-emulator")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it asks by a protocol that the emulator lacks
    with running([str(program), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"], port):
        yield "gs"


@pytest.fixture
def azure(port, monkeypatch):
    """Azure's blobs."""
    program = shutil.which("azurite-blob")
    if importlib.util.find_spec("adlfs") is None or program is None:
        pytest.skip("pip install adlfs; npm install -g azurite")
    parts = {
        "DefaultEndpointsProtocol": "http",
        "AccountName": ACCOUNT,
        "AccountKey": KEY,
        "BlobEndpoint": f"http://127.0.0.1:{port}/{ACCOUNT}",
    }
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", ";".join(f"{key}={value}" for key, value in parts.items()))
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", str(port)]
    with running([program, *options], port):
        yield "az"


@pytest.mark.parametrize("store", ["google", "azure"])
def test_an_archive_and_exports_in_a_store_are_read(store, request, tmp_path, compare):
    """A bucket, a glob, one file; the second run reads nothing, and what is changed is read anew."""
    scheme = request.getfixturevalue(store)
    system = fsspec.filesystem(scheme, skip_instance_cache=True)
    evidence = Evidence(tmp_path, count=200)
    evidence.messages[3].payload("customerio")["price"] = 1
    paths = evidence.paths()
    for bucket in ("archive", "exports"):
        system.mkdir(bucket)
        folder = paths["segment" if bucket == "archive" else "customerio"]
        for path in folder.rglob("*.*"):
            system.pipe(f"{bucket}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    given = {"ledger": paths["ledger"], "segment": f"{scheme}://archive", "customerio": f"{scheme}://exports/*.json"}
    cache = tmp_path / "kept"
    assert compare(given, cache=cache).totals.matched == 199
    before = sorted(cache.glob("*/*/pack.json"))
    report = compare(given, cache=cache)
    assert [row.path for row in report.drift_by_path] == ["properties.price"]
    assert sorted(cache.glob("*/*/pack.json")) == before
    one = f"{scheme}://exports/2184.13699.1.track.json"
    assert compare({**given, "customerio": one}).totals.customerio.messages == 100
    evidence.messages[4].lose("customerio")
    system.pipe("exports/2184.13699.1.track.json", (evidence.write_customerio() / Path(one).name).read_bytes())
    fsspec.filesystem(scheme).invalidate_cache()
    report = compare(given, cache=cache)
    assert report.totals.missing["customerio"] == 1
    assert report.verdict is Verdict.FAIL
