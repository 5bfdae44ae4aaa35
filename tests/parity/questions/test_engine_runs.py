"""Whole runs: the same report whichever engine is asked, and evidence that Spark itself has read."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from evidence import Evidence

from pipelines_client.errors import SourceError
from pipelines_client.parity import ParityOptions, run_parity

NOW = datetime(2026, 11, 3, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Three sources with a miss, copies and a drift."""
    evidence = Evidence(tmp_path_factory.mktemp("evidence"), count=150)
    evidence.messages[3].lose("segment")
    evidence.messages[5].copies["segment"] = 3
    evidence.messages[9].payload("customerio")["price"] = "9.5"
    return evidence.paths()


@pytest.mark.parametrize("engine_name", ["duckdb", "postgresql"], indirect=True)
def test_each_engine_writes_the_same_report(engine_name, paths):
    """From files to JSON, byte for byte; Spark, which is slow to plan, does so in the next test."""
    report = run_parity(paths, ParityOptions(engine=engine_name), now=NOW)
    assert report.totals.drift == 1
    assert report.to_json() == run_parity(paths, ParityOptions(), now=NOW).to_json()


def test_spark_writes_the_same_report_and_reads_into_packs_that_the_next_run_finds(spark, paths, tmp_path):
    """Reading is a Spark job too, and the cache is one: DuckDB finds what Spark has read, so nothing is read again."""
    del spark
    told = []
    first = run_parity(paths, ParityOptions(engine="spark", cache=tmp_path / "cache", advance=told.append), now=NOW)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.parquet")}
    second = run_parity(paths, ParityOptions(cache=tmp_path / "cache"), now=NOW)
    assert first.totals.drift == 1
    assert first.to_json() == second.to_json() == run_parity(paths, ParityOptions(), now=NOW).to_json()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.parquet")} == before
    assert sum(told) == sum(source.bytes for source in first.sources.values())


def test_evidence_that_is_another_vendors_is_told_from_a_spark_worker(spark, paths):
    """The error is the reader's own, with file, line and cure, and no Java in it."""
    assert spark
    twice = {"segment": paths["customerio"], "customerio": paths["customerio"]}
    with pytest.raises(SourceError) as caught:
        run_parity(twice, ParityOptions(engine="spark"), now=NOW)
    assert "pass it as --customerio" in str(caught.value)
    assert not isinstance(caught.value.__cause__, Exception)


def test_the_command_takes_an_engine(postgresql_url, paths):
    """`--engine` reaches the run, and its refusal is exit code 2 and one line."""
    command = [str(Path(sys.executable).with_name("pipelines-client")), "parity", "--no-history"]
    given = [*command, *(f"--{name}={path}" for name, path in paths.items())]
    done = subprocess.run([*given, "--engine", postgresql_url], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    refused = subprocess.run([*given, "--engine", "oracle"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith("pipelines-client: unknown engine")
