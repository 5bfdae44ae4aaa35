"""What waits in spools, read beside their owners."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipelines_client.delivery.spool import logfiles
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.delivery.spool.waiting import Waiting, waiting_for
from pipelines_client.state.ledger import Outcome

LEGS = {"customerio": "c#1", "segment": "s#1"}


def stamp(message_id: str) -> bytes:
    return MessageFacts(message_id, "track", "E", None, "", "", 1, "requeued", "").as_stamp()


def ids(folder: Path, leg: str = "customerio") -> list[str]:
    unreadable: list[Path] = []
    found = [message.message_id for message in waiting_for(folder, leg, unreadable=unreadable.append)]
    assert not unreadable
    return found


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    """A spool of a living process with four messages in two files, one of which is not for Customer.io."""
    monkeypatch.setattr(logfiles, "FILE_BYTES", 300)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    spool.append(stamp("a"), b"{}", {})
    spool.append(b'{"stage":"dual"', b'{"messageId":"b"}', {})
    spool.append(stamp("c"), b"{}", {"customerio": "stage"})
    spool.append(stamp("d"), b"{}", {})
    return spool


def test_what_a_leg_has_not_settled_waits_in_a_living_spool_as_in_a_dead_one(spool: Spool, tmp_path: Path) -> None:
    """Not what is not for the leg, nor what it has settled."""
    assert len(list(tmp_path.glob("*.log"))) > 1
    assert (ids(tmp_path), ids(tmp_path, "segment"), ids(tmp_path, "third")) == (["a", "b", "d"], list("abcd"), [])
    entries = spool.read("customerio", max_bytes=1_000, max_count=1)
    spool.settle("customerio", entries, Counter({(Outcome.ACCEPTED, ""): 1}))
    assert ids(tmp_path) == ["b", "d"]
    spool.close()
    found = list(waiting_for(tmp_path, "customerio", unreadable=lambda _: None))
    assert found == [Waiting("b", "c#1"), Waiting("d", "c#1")]


def test_a_spool_whose_cursors_are_gone_may_still_send_all_that_its_log_holds(spool: Spool, tmp_path: Path) -> None:
    """As the next process takes it over."""
    spool.close()
    (tmp_path / "w.db").unlink()
    assert ids(tmp_path) == ["a", "b", "d"]


def test_a_spool_that_cannot_be_read_is_named(spool: Spool, tmp_path: Path) -> None:
    """One of another version: what waits there is unknown."""
    spool.close()
    (tmp_path / "old.db").write_bytes(b"SQLite format 3\0")
    unreadable: list[Path] = []
    assert len(list(waiting_for(tmp_path, "customerio", unreadable=unreadable.append))) == 3
    assert unreadable == [tmp_path / "old.db"]
