"""Through every stage, forth and back, under load, with kills and a leg down: each side has what the stages promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fleet import UPLOAD_SIZE, WRITERS, Fleet
from proof import DRAIN, Evidence

from pipelines_client.routing.cohorts import in_cohort
from pipelines_client.routing.plan import Stage
from pipelines_client.state.ledger import DeliveryRecord, read_ledger

WAY = ("segment", "shadow", "dual", "live", "complete", "live", "dual", "shadow", "segment")
SHARE, SALT = 0.4, "moves"


def put(stage_file: Path, stage: str) -> None:
    fresh = stage_file.with_suffix(".new")
    shares = "".join(f"[{leg}]\nshare = {SHARE}\n" for leg in ("customerio", "segment"))
    fresh.write_text(f'stage = "{stage}"\nsalt = "{SALT}"\n{shares}')
    fresh.replace(stage_file)


def promised(record: DeliveryRecord) -> tuple[str, str | None]:
    """Return outcome and reason that the stage with which a message was stamped promises for this leg."""
    stage = Stage(record.stage)
    if record.leg == stage.left_out:
        return "skipped", "stage"
    if record.leg == stage.partial and not in_cohort(record.identity, share=SHARE, salt=SALT):
        return "skipped", "cohort"
    return "accepted", None


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.soak)])
def test_moving_through_all_stages_under_load_loses_nothing_and_sends_nothing_twice(
    start: Any, evidence: Evidence, sandbox: Any, tmp_path: Path, say: Callable[[str], None], rounds: int
) -> None:
    """Three processes; a kill at each stage; Customer.io down on the way there, Segment down on the way back."""
    stage_file = tmp_path / "stage.toml"
    put(stage_file, WAY[0])
    settings = {
        "PIPELINES_STAGE_FILE": str(stage_file),
        "PIPELINES_STAGE_POLL_S": "0.05",
        "PIPELINES_UPLOAD_SIZE": str(UPLOAD_SIZE),
        "PIPELINES_LEDGER_IDENTITY": "plain",
        "PIPELINES_UPLOAD_INTERVAL": "0.02",
        "PIPELINES_RETRY_CAP_S": "0.5",
    }
    fleet = Fleet(lambda script, **more: start(script, **settings, **more), tmp_path, seed=rounds)
    for number, stage in enumerate(WAY * rounds):
        place = number % len(WAY)
        (sandbox.customerio.answer(503) if place in (2, 3) else sandbox.customerio.normal())
        (sandbox.segment.answer("reset") if place in (5, 6) else sandbox.segment.normal())
        put(stage_file, stage)
        fleet.write(25)
        fleet.kill_one()
        fleet.write(5)
    fleet.kill_all()
    sandbox.segment.normal()
    start(DRAIN, **settings).finish()

    last = {(record.message_id, record.leg): record for record in read_ledger(evidence.state_dir / "ledger").records}
    wrong = [record for record in last.values() if (record.outcome.value, record.reason) != promised(record)]
    assert wrong == []
    for leg in ("customerio", "segment"):
        assert fleet.acknowledged - {id_ for id_, its_leg in last if its_leg == leg} == set()
        accepted = {id_ for (id_, its_leg), record in last.items() if its_leg == leg and record.outcome == "accepted"}
        assert evidence.delivered[leg].keys() == accepted
        assert evidence.duplicates[leg] <= UPLOAD_SIZE * (WRITERS + 1) * fleet.killed  # a batch of each spool it had
    stages = {id_: {last[id_, leg].stage for leg in ("customerio", "segment")} for id_ in fleet.acknowledged}
    assert all(len(each) == 1 for each in stages.values())
    counts = Counter(stage for each in stages.values() for stage in each)
    assert set(counts) == set(WAY)
    assert evidence.status().is_balanced
    say(f"moved {rounds} times through all stages and back; killed {fleet.killed}; messages by stage {dict(counts)}")
