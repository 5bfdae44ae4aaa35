"""Whatever faults are planted together, the report counts just those."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence import START, Evidence
from faults import FAULTS, usual
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.parity import ParityOptions, run_parity


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(range(len(FAULTS))), min_size=2, max_size=16))
def test_random_faults_are_counted_and_nothing_else(chosen):
    """Every class at once, any number of each, at either side."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder), count=60)
        truth: Counter[str] = Counter()
        for number, index in enumerate(chosen):
            truth += FAULTS[index](evidence, f"person {number}")
        for _ in range(20):  # so that the exports reach further than what was lost
            usual(evidence, "last")
        report = run_parity(evidence.paths(), ParityOptions(), now=START)
        assert {item.name: item.count for item in report.classes if item.count} == dict(truth)
        for item in report.classes:
            assert sum(row.count for row in item.rows) == item.count
