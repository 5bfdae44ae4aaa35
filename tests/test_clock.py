"""How instants are spelled."""

from __future__ import annotations

from datetime import datetime, timezone

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
