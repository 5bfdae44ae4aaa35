"""A helper process that ends in the midst of its files costs these, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines_client import _scan
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.parity.facts.jobs import Job
from pipelines_client.parity.facts.processes import import_path, run_jobs


@pytest.fixture(autouse=True)
def _without_library(monkeypatch) -> None:
    """Threads read what the native reader knows; these tests are about what helper processes read."""
    monkeypatch.setattr(_scan, "load", lambda: None)


ROW = {"id": "m1", "sent_at": "2026-11-02T09:30:00Z", "event_text": "E", "user_id": "u1", "properties": {}}


def helpers():
    """Return the ids of the processes that this one has for reading."""
    ids = [int(word) for task in Path("/proc/self/task").iterdir() for word in (task / "children").read_text().split()]
    return [pid for pid in ids if b"parity.facts.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_helper_that_ends_costs_its_files_only(tmp_path):
    """Both helpers are killed at work: their files are gaps, and a new one reads what was waiting."""
    kind = CustomerioFiles(bytes(32), "customerio")
    files = [tmp_path / f"2184.13699.{number}.track.json" for number in range(1, 5)]
    stuck = [files[0], files[2]]  # a pipe is read until its writer lets go
    for path in stuck:
        os.mkfifo(path)
    for path in (files[1], files[3]):
        path.write_text(json.dumps(ROW) + "\n")
    jobs = []
    for number, paths in enumerate(([files[0]], [files[2], files[1]], [files[3]])):
        folder = tmp_path / "cache" / "shelf" / str(number)
        folder.mkdir(parents=True)
        named = [(path.name, str(path)) for path in paths]
        jobs.append(Job(kind.name, kind.source, kind.identity_key.hex(), kind.options, named, str(folder)))

    def kill() -> None:
        writers = [path.open("wb") for path in stuck]  # returns when each has its reader
        for pid in helpers():
            os.kill(pid, signal.SIGKILL)
        for writer in writers:
            writer.close()

    with ThreadPoolExecutor(1) as threads:
        killed = threads.submit(kill)
        readings = run_jobs(jobs, 2, lambda _: None)
        killed.result()
    assert [reading.rows for reading in readings] == [0, 0, 1]
    assert [[place.file for place in reading.incomplete] for reading in readings] == [
        [files[0].name],
        [files[2].name, files[1].name],
        [],
    ]
    why = "the process that read it ended (signal 9): memory ran out, or a file of those it read is damaged; run again"
    assert {place.reason for reading in readings for place in reading.incomplete} == {why}
    assert all((Path(job.folder) / "facts.parquet").is_file() for job in jobs)


def test_helpers_import_nothing_from_the_working_directory(tmp_path, monkeypatch):
    """A file there that is called like a library is not run, even if Python put the folder on this process's path."""
    for name in ("orjson", "pyarrow", "json", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(f'{__name__} was run')")
    path = tmp_path / "2184.13699.1.track.json"
    path.write_text(json.dumps(ROW) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), ".", *sys.path])
    jobs = []
    for number in range(2):
        folder = tmp_path / "cache" / "shelf" / str(number)
        folder.mkdir(parents=True)
        jobs.append(Job("customerio", "customerio", bytes(32).hex(), {}, [(path.name, str(path))], str(folder)))
    assert [reading.rows for reading in run_jobs(jobs, 2, lambda _: None)] == [1, 1]


def test_helpers_find_this_package_where_this_process_did(monkeypatch):
    """Even if it lies in the working directory, as in a checkout; then it comes last."""
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    assert import_path()[-1] == str(root)
