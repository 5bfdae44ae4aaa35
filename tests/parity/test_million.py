"""The planted truth among a million messages: exact to the message, within the memory that is promised."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter

import pytest
from evidence import Evidence
from faults import FAULTS
from million import HOLE, write_crowd

COUNT, EACH = 1_000_000, 100
MOST_MEMORY_KB = 1_000_000


@pytest.mark.soak
def test_every_class_is_exact_among_a_million_messages(tmp_path, record_property):
    """A hundred of each fault, a day that Segment lacks, a file that Customer.io lacks, and a day of too many carts."""
    evidence = Evidence(tmp_path, count=10)
    truth: Counter[str] = Counter(holes=1, empty_days=1, volume_shifts=1)
    for number in range(EACH):
        for index, plant in enumerate(FAULTS):
            truth += plant(evidence, f"person {number}-{index}")
    paths = evidence.paths()
    written, lacking = write_crowd(tmp_path, COUNT)
    assert written > COUNT

    command = [sys.executable, "-c", "from pipelines_client.cli import main; main()", "parity", "--no-history"]
    options = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    replays = tmp_path / "replay.jsonl"
    began = time.monotonic()
    done = subprocess.run(
        [*command, *options, "--format", "json", "--replay-list", replays],
        capture_output=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    record_property("seconds", time.monotonic() - began)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    record_property("most_kb", memory)
    print(f"\n{time.monotonic() - began:.1f} s, {memory:,} kB")  # noqa: T201 - what a soak run is for

    assert done.returncode == 1, done.stderr.decode()[-2000:]
    report = json.loads(done.stdout)
    assert {item["name"]: item["count"] for item in report["classes"] if item["count"]} == dict(truth)
    assert report["sources"]["customerio"]["holes"] == [HOLE]
    assert report["missing_by_cause"]["segment"]["in_gap"] == lacking
    counted = ("accepted_but_absent", "rejected", "dropped")
    wanted = sum(counts[cause] for counts in report["missing_by_cause"].values() for cause in counted)
    with replays.open("rb") as lines:
        assert sum(1 for _ in lines) == wanted
    assert memory < MOST_MEMORY_KB
