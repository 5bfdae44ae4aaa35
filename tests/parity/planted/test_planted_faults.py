"""One fault of any kind, planted at random: the report names its class, its count, what it proves and the next step."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from planted_check import falls_short
from planted_faults import FAULTS
from planted_world import make_world

from pipelines_client.errors import SourceError
from pipelines_client.parity import ParityOptions, run_parity

DAILY, SOAK = 50, 1_000
HOLDS = [(number, FAULTS[number % len(FAULTS)]) for number in range(max(DAILY, len(FAULTS)))]


@pytest.mark.parametrize(("seed", "fault"), HOLDS, ids=lambda each: getattr(each, "name", None))
def test_one_fault_planted_at_random_is_what_the_report_says(tmp_path, seed, fault):
    """At any place, size, side and format; and with no fault the report passes."""
    assert not falls_short(fault, seed, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, SOAK, 50))
def test_a_thousand_faults_planted_at_random(start):
    """As above, with other seeds."""
    falls = []
    for seed in range(start, start + 50):
        with TemporaryDirectory() as folder:
            falls += falls_short(FAULTS[seed % len(FAULTS)], 1_000_000 + seed, Path(folder))
    assert not falls, "\n".join(falls)


def test_a_map_that_names_a_column_which_is_not_there_lists_the_columns(tmp_path):
    """An error before any report, not an answer about other columns."""
    world = make_world(Random(1), ("ledger", "customerio"), {"segment": "archive", "customerio": "csv"})
    paths = world.write(tmp_path)
    paths["customerio"] = f"table:{paths['customerio']}"
    columns = {"message_id": "id", "event": "event_text", "time": "sent_at", "properties": "propertys"}
    with pytest.raises(SourceError, match=r"propertys.*properties"):
        run_parity(paths, ParityOptions(column_map=columns, is_all=True, processes=1), now=datetime.now(timezone.utc))
