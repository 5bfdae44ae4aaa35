"""What is looked at when everything is over: both APIs, the ledger, the equation, the ids that were acknowledged."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import Status, read_status
from pipelines_client.state.ledger import Outcome, read_ledger

DRAIN = """
    import pipelines_client as analytics
    assert analytics.flush(25), analytics.flush(0).pending
"""


@dataclass
class Evidence:
    """What the two APIs, the ledger and `status` say of a state directory once everything is over."""

    sandbox: Any
    state_dir: Path

    @property
    def delivered(self) -> dict[str, Counter[str]]:
        """How often each message id came, by leg; Segment forgets repeats itself and only counts them."""
        return {name: Counter(getattr(self.sandbox, name).message_ids()) for name in ("customerio", "segment")}

    @property
    def duplicates(self) -> dict[str, int]:
        """Messages beyond the first of an id, by leg."""
        customerio = self.delivered["customerio"]
        return {
            "customerio": customerio.total() - len(customerio),
            "segment": self.sandbox.segment.lost["duplicate"],
        }

    def status(self) -> Status:
        """Return what `pipelines-client status` reads."""
        return read_status(self.state_dir, now=utc_now())

    def check_nothing_lost(self, accepted: set[str]) -> None:
        """Each message that was taken is at both APIs and in the ledger as accepted, and the equation holds."""
        for name, ids in self.delivered.items():
            lost = accepted - ids.keys()
            assert not lost, f"{name} lacks {len(lost)} messages that track() took, such as {sorted(lost)[:3]}"
        last = {
            (record.message_id, record.leg): record.outcome for record in read_ledger(self.state_dir / "ledger").records
        }
        for leg in ("customerio", "segment"):
            assert {id_ for id_ in accepted if last.get((id_, leg)) is not Outcome.ACCEPTED} == set()
        status = self.status()
        assert status.is_balanced, status.as_dict()
        assert status.unreadable == []
        for name, leg in status.legs.items():
            assert (leg.pending, leg.recorded) == (0, leg.accepted), (name, leg.as_dict())
            assert leg.accepted == len(self.delivered[name]), (name, leg.as_dict())


def read_acknowledged(path: Path) -> list[str]:
    """Return the ids that a child wrote down after `track()` returned True."""
    return path.read_text("ascii").split() if path.exists() else []


def finish(process: subprocess.Popen[str], timeout_s: float = 30.0) -> str:
    """Wait for an end without complaint and return what it printed."""
    out, _ = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, f"exit code {process.returncode}: {out}"
    assert "Traceback" not in out, out
    return out
