"""A log that has lost its file of cursors, wholly or in part: the messages are there, so they are delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nursery import Child
from proof import DRAIN, Evidence

LEAVE = """
    import os, signal
    import pipelines_client as analytics
    client = analytics.Client(upload_interval=60)
    assert all(client.track("u1", "E", {}, message_id=f"m{n}")[0] for n in range(30))
    os.kill(os.getpid(), signal.SIGKILL)
"""
ALL = {f"m{n}" for n in range(30)}


@pytest.fixture
def left(start: Callable[..., Child], evidence: Evidence) -> Path:
    """The file of cursors that a killed process left, with thirty messages in the log beside it."""
    assert start(LEAVE).wait() == -9
    (path,) = (evidence.state_dir / "spool").glob("*.db")
    return path


@pytest.mark.parametrize("harm", ["removed", "emptied", "overwritten"])
def test_a_log_without_its_cursors_is_delivered_from_its_first_line(
    left: Path, start: Any, evidence: Evidence, harm: str
) -> None:
    """Whatever became of the file of cursors: an incomplete copy, a restore, a bad disk. `status` says so before."""
    if harm == "removed":
        left.unlink()
    elif harm == "emptied":
        left.write_bytes(b"")
    else:
        left.write_bytes(b"this was a file of cursors once" * 100)
    assert evidence.status().unreadable == [left.name]
    start(DRAIN).finish()
    evidence_of_damage = [path for path in left.parent.iterdir() if path.name.endswith(".damaged")]
    assert len(evidence_of_damage) == (harm == "overwritten")
    for path in evidence_of_damage:
        path.unlink()
    evidence.check_nothing_lost(ALL)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


def test_a_log_that_lost_its_cursors_goes_only_where_it_was_meant_to(
    left: Path, start: Any, evidence: Evidence
) -> None:
    """Its first line says where: a process with other keys leaves it to one with the right ones."""
    left.unlink()
    start(
        "import pipelines_client as analytics; analytics.track('u1', 'Other'); analytics.flush(5)",
        PIPELINES_WRITE_KEY="other",
        PIPELINES_SEGMENT_WRITE_KEY="another",
    ).finish()
    assert not ALL & evidence.delivered["customerio"].keys()
    start(DRAIN).finish()
    assert evidence.delivered["customerio"].keys() >= ALL


def test_a_torn_header_leaves_the_messages_as_evidence(left: Path, start: Any, evidence: Evidence) -> None:
    """Without cursors and without the line that names the owner, the destination is unknown."""
    (log,) = left.parent.glob("*.log")
    left.unlink()
    log.write_bytes(b"x" + log.read_bytes())
    start(DRAIN).finish()
    assert [path.name for path in left.parent.iterdir() if path.suffix == ".damaged"] == [f"{log.name}.damaged"]
    assert not ALL & evidence.delivered["customerio"].keys()
