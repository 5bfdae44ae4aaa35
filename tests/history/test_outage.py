"""A leg is down for three days, and loses what it may; a replay brings it back, and parity says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status
from pipelines_client.errors import SourceError
from pipelines_client.history import RunOptions, replay
from pipelines_client.parity import ParityOptions, ParityReport, run_parity

START = datetime(2026, 11, 2, tzinfo=timezone.utc)
HOURS, WAITING = 72, 30


@pytest.fixture
def compare(sandbox: Any, state_dir: Path, tmp_path: Path) -> Callable[[], ParityReport]:
    """Have both sides export what they have, and compare it with the ledger; writes a replay list, too."""

    def run() -> ParityReport:
        sandbox.export(tmp_path / "exports")
        paths = {"ledger": state_dir, **{side: tmp_path / "exports" / side for side in ("segment", "customerio")}}
        return run_parity(paths, ParityOptions(replay_list=tmp_path / "missing.jsonl"), now=utc_now())

    return run


def test_after_a_replay_of_three_days_of_outage_parity_passes(
    compare: Any, sandbox: Any, make_client: Any, state_dir: Path, tmp_path: Path
) -> None:
    """What was given up is missing before, and there after, once, as it was, in order for each person.

    The first half is sent by parity's list, the second by what the ledger knows.
    """
    with freeze_time(START) as clock:
        client: Client = make_client(max_queue_size=WAITING)
        sandbox.customerio.answer(503)
        for hour in range(HOURS):
            clock.move_to(START + timedelta(hours=hour))
            for person in range(5):
                assert client.track(f"user-{person}", "Feature Used", {"hour": hour, "feature": "export"})[0]
            client._pipeline.hurry()
            assert sandbox.segment.wait_for(5 * (hour + 1))
        clock.move_to(START + timedelta(hours=HOURS))
        sandbox.customerio.normal()
        assert client.flush(timeout=20)
        client._pipeline.close(0)
        missing = HOURS * 5 - sandbox.customerio.count
        assert missing > HOURS * 5 / 2

        before = compare()
        assert before.verdict.value == "fail"
        listed = [json.loads(line) for line in (tmp_path / "missing.jsonl").read_text("utf-8").splitlines()]
        assert len(listed) == missing

        clock.tick(60)
        listed_in, archive = tmp_path / "missing.jsonl", tmp_path / "exports" / "segment"
        half = RunOptions(until=START + timedelta(hours=HOURS / 2))
        first = replay("customerio", "replay-list", listed_in, archive=archive, settings=client.settings, options=half)
        rest = replay("customerio", "ledger+archive", archive=archive, settings=client.settings)
        assert (first.read, first.filtered + first.accepted, first.exit_code) == (missing, missing, 0)
        assert (rest.read, rest.accepted, rest.exit_code) == (first.filtered, first.filtered, 0)
        assert compare().verdict.value == "pass"
        with pytest.raises(SourceError, match="no row in it"):  # nothing is missing any more
            replay("customerio", "replay-list", listed_in, archive=archive, settings=client.settings)

        status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert sorted(sandbox.customerio.message_ids()) == sorted(sandbox.segment.message_ids())
    replayed = sandbox.customerio.accepted[-missing:]
    sent = {call["messageId"]: call for call in sandbox.segment.accepted}
    assert replayed == [sent[call["messageId"]] for call in replayed]
    for person in range(5):
        hours = [call["properties"]["hour"] for call in replayed if call["userId"] == f"user-{person}"]
        assert hours == sorted(hours)
