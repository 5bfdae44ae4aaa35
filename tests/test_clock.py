"""How instants are spelled."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from freezegun import freeze_time

from pipelines_client.clock import iso_utc, unix_ms, utc_now_ms


@pytest.mark.parametrize("year", [1, 1969, 2004, 2026, 2038, 9999])
def test_every_millisecond_is_spelled_exactly(year: int) -> None:
    """In any year, also where a float would be inexact; also with a frozen clock."""
    for ms in range(0, 1_000, 7):
        at = datetime(year, 2, 3, 4, 5, 6, ms * 1_000 + 999, tzinfo=timezone.utc)
        assert iso_utc(at) == f"{year:04d}-02-03T04:05:06.{ms:03d}Z"
        if year in {2004, 2026, 2038} and ms % 70 == 0:
            with freeze_time(at):
                assert utc_now_ms() == unix_ms(at)


FIRST_USE = """
import sys
from pathlib import Path
import pydantic
from freezegun import freeze_time
import pipelines_client
folder = Path(sys.argv[1])
pydantic.TypeAdapter(int)
with freeze_time("2026-11-02"):
    client = pipelines_client.Client("k", spool="memory", exit_timeout_s=0, stage_file=folder / "stage.toml")
    assert client._stages.error is None
    from pipelines_client.parity.rules import read_rules
    rules = read_rules(folder / "parity.toml")
    print(rules.expected[0].expiry, rules.complete[0].since)
"""


def test_the_first_use_may_be_in_a_test_that_has_frozen_the_time(tmp_path: Path) -> None:
    """Pydantic knows nothing of the classes that freezegun puts in place of those of `datetime`."""
    (tmp_path / "stage.toml").write_text('stage = "dual"\n[plan.live]\nbegins = 2026-12-01\n')
    (tmp_path / "parity.toml").write_text(
        '[[expected]]\npath = "properties.a"\nreason = "r"\nowner = "o"\nexpiry = 2026-12-01\n'
        '[[complete]]\nside = "segment"\nfrom = 2026-11-01\nuntil = 2026-11-02\nowner = "o"\nreason = "r"\n'
    )
    command = [sys.executable, "-c", FIRST_USE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "2026-12-01 2026-11-01 00:00:00+00:00\n"
