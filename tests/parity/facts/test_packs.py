"""Facts are kept by what a file is; a second run reads only what is new, and what is damaged is read anew."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from evidence import Evidence

from pipelines_client.parity.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def packs(cache: Path) -> list[Path]:
    return sorted(path.parent for path in cache.glob("*/*/pack.json"))


def scramble(path: Path) -> None:
    """Make a file unreadable in a way that its identity does not show: same size, time, first and last bytes."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[4200:-4200] = b"\n" * (len(content) - 8400)
    path.write_bytes(bytes(content))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_a_second_run_reads_only_what_is_new(tmp_path, cache, compare):
    """What is known is not opened again: its content is gone by then, and nobody notices."""
    evidence = Evidence(tmp_path, count=200)
    paths = evidence.paths()
    assert compare(paths, cache=cache).verdict is Verdict.PASS
    before = packs(cache)
    scramble(paths["customerio"] / "2184.13699.1.track.json")
    late = evidence.track("u1", "Late", {})
    late.is_recorded = False
    (paths["segment"] / "prefix/segment-logs/9sBxKq2mVd/1793577600000/3.c.gz").write_bytes(
        gzip.compress(json.dumps({**late.call, "receivedAt": late.at.isoformat()}).encode())
    )
    report = compare(paths, cache=cache)
    assert report.totals.customerio.messages == report.totals.matched == 200
    assert report.totals.segment.messages == 201
    assert len(packs(cache)) == len(before) + 1
    assert compare(paths).totals.customerio.messages < 200


def test_a_changed_file_is_read_anew(tmp_path, cache, compare):
    """And the pack that spoke of it goes."""
    evidence = Evidence(tmp_path, count=200)
    paths = evidence.paths()
    compare(paths, cache=cache)
    before = packs(cache)
    evidence.messages[7].lose("customerio")
    evidence.write_customerio()
    assert compare(paths, cache=cache).totals.missing["customerio"] == 1
    after = packs(cache)
    assert len(after) == len(before)
    assert len(set(after) - set(before)) == 1


@pytest.mark.parametrize("damage", ["bit", "cut", "gone", "about", "deep"])
def test_a_damaged_pack_is_read_anew(tmp_path, cache, compare, damage):
    """Whatever befell it."""
    evidence = Evidence(tmp_path, count=200)
    paths = evidence.paths()
    compare(paths, cache=cache)
    for pack in packs(cache):
        facts = pack / "facts.parquet"
        content = bytearray(facts.read_bytes())
        content[len(content) // 3] ^= 1
        if damage in ("about", "deep"):
            (pack / "pack.json").write_text("{" if damage == "about" else "[" * 100_000)
        elif damage == "gone":
            facts.unlink()
        else:
            facts.write_bytes(bytes(content) if damage == "bit" else bytes(content[: len(content) // 2]))
    report = compare(paths, cache=cache)
    assert report.verdict is Verdict.PASS
    assert report.totals.matched == 200


def test_nobody_else_may_read_what_is_kept(tmp_path, cache, compare):
    """Directories 0700, files 0600: facts name events, files and hashed people."""
    os.umask(0o022)
    compare(Evidence(tmp_path, count=10).paths(), cache=cache)
    found = [path for path in (cache, *cache.rglob("*")) if path.name != "identity.key"]
    assert len(found) > 10
    modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}


def test_facts_of_another_key_are_not_used(tmp_path, cache, compare, monkeypatch):
    """A new key of the identity hash makes new facts of the same files."""
    evidence = Evidence(tmp_path, count=200)
    paths = {"segment": evidence.write_segment(), "customerio": evidence.write_customerio()}
    compare(paths, cache=cache)
    before = len(packs(cache))
    monkeypatch.setenv("PIPELINES_LEDGER_KEY", bytes(range(32)).hex())
    report = compare({**paths, "ledger": evidence.write_ledger(key=None)}, cache=cache)
    assert report.identity.count == 0
    assert len(packs(cache)) == 2 * before + 1


def test_nothing_is_left_when_nothing_is_kept(tmp_path, cache, compare):
    """A run without a cache leaves no file, and one over an empty source no pack."""
    evidence = Evidence(tmp_path, count=10)
    (tmp_path / "empty").mkdir()
    compare({"segment": evidence.write_segment(), "customerio": tmp_path / "empty"}, cache=cache)
    assert len(packs(cache)) == 1
    assert not list(cache.glob("*/.*"))


def test_runs_at_one_time_share_a_cache(tmp_path):
    """Each has the whole report, whoever removes stale packs meanwhile, and nothing half is left."""
    evidence = Evidence(tmp_path, count=300)
    paths = [str(path) for path in evidence.paths().values()]
    cache = tmp_path / "kept"

    def run_all() -> list[tuple[int, Any]]:
        command = [
            sys.executable,
            "-c",
            "from pipelines_client.cli import main; main()",
            "parity",
            "--no-history",
            *paths,
        ]
        command += ["--cache", str(cache), "--format", "json"]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        return [(process.communicate(timeout=60), process.returncode)[::-1] for process in running]

    assert [(code, json.loads(out)["totals"]["matched"]) for code, (out, _) in run_all()] == [(0, 300)] * 4
    evidence.messages[3].lose("segment")
    shutil.rmtree(evidence.folder / "bucket")
    evidence.write_segment()
    assert [(code, json.loads(out)["totals"]["matched"]) for code, (out, _) in run_all()] == [(1, 299)] * 4
    assert not list(cache.glob("*/.*"))
