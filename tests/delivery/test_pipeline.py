"""A spool that is full, damaged or left by another process; a clock that jumps; a network share."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery import adoption
from pipelines_client.delivery import pipeline as pipeline_module
from pipelines_client.delivery.sending import sender as sender_module
from pipelines_client.delivery.spool.mounts import NETWORK_TYPES, type_of_mount
from pipelines_client.delivery.status import read_status
from pipelines_client.errors import ConfigError
from pipelines_client.state.ledger import DeliveryRecord, Outcome

MakeClient = Callable[..., Client]


class Settled:
    """Collects records of one leg and says when there are enough."""

    def __init__(self, leg: str, count: int) -> None:
        self.records: list[DeliveryRecord] = []
        self.enough = threading.Event()
        self._leg, self._count = leg, count

    def __call__(self, records: Any) -> None:
        """Be an `on_delivery`."""
        self.records += [record for record in records if record.leg == self._leg]
        if len(self.records) >= self._count:
            self.enough.set()


def test_a_spool_full_in_bytes_rejects_and_counts(make_client: MakeClient, sandbox: Any, ledger: Any) -> None:
    """The default: the call returns False, the ledger says why, what waits is delivered later."""
    sandbox.segment.answer(503)
    client = make_client(spool_max_bytes=2_000)
    answers = [client.track("u1", "E", {"text": "x" * 300})[0] for _ in range(10)]
    taken = answers.count(True)
    assert 0 < taken < 10
    assert client.not_taken == {"spool_full": 10 - taken}
    assert len([r for r in ledger.records() if r.reason == "spool_full" and r.leg == "segment"]) == 10 - taken
    sandbox.segment.normal()
    assert client.flush(timeout=5)
    assert sandbox.segment.count == taken


def test_refused_calls_are_all_counted_and_take_little_of_the_disk(
    make_client: MakeClient, sandbox: Any, state_dir: Path, ledger: Any
) -> None:
    """A long outage refuses a thousand calls a second: a few get a record, and the sum holds."""
    sandbox.segment.answer(503)
    client = make_client(max_queue_size=1, segment_switch="off", retry_base_s=60)
    assert client.track("u1", "E")[0]
    refused = [client.track("u1", "E")[0] for _ in range(2_000)].count(False)
    assert client.not_taken == {"queue_full": refused}
    assert refused > 1_900
    client._pipeline._lanes[0].publish(force=True)
    legs = read_status(state_dir, now=utc_now()).legs
    assert all(leg.is_balanced and leg.dropped["queue_full"] == refused for leg in legs.values())
    assert len([r for r in ledger.records() if r.reason == "queue_full"]) < 200
    assert sum(path.stat().st_size for path in (state_dir / "spool").iterdir()) < 100_000


def test_a_process_that_does_nothing_repeats_its_run_file_only_now_and_again(client: Client, state_dir: Path) -> None:
    """Once a second if something changed; every 20 seconds if not, so that `status` does not take it for silent."""

    def written(*, after_s: float) -> bool:
        path.unlink(missing_ok=True)
        lane._published_at -= after_s
        lane.publish()
        return path.exists()

    client.track("u1", "E")
    assert client.flush(timeout=5)
    client.join()
    lane = client._pipeline._lanes[0]
    (path,) = (state_dir / "run").glob("*.json")
    assert not written(after_s=5.0)
    assert written(after_s=20.0)
    lane.spool.append(b"", b"{}", {})
    assert not written(after_s=0.5)
    assert written(after_s=1.0)


def test_a_process_is_heard_while_its_messages_wait_for_others(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`upload_interval` may be longer than what `status` takes for silence."""
    monkeypatch.setattr(sender_module, "IDLE_TICK_S", 0.02)
    client, is_heard = make_client(upload_interval=300.0), threading.Event()
    client.track("u1", "A")
    monkeypatch.setattr(client._pipeline._lanes[0], "publish", lambda **_: is_heard.set())
    assert is_heard.wait(5)


def test_a_run_file_that_could_not_be_written_is_written_a_second_later(client: Client, state_dir: Path) -> None:
    """What it would have said is not taken for said: a full disk may have room again."""
    client.track("u1", "E")
    assert client.flush(timeout=5)
    client.join()
    lane = client._pipeline._lanes[0]
    (path,) = (state_dir / "run").glob("*.json")
    lane.spool.append(b"", b"{}", {})
    path.unlink()
    (path / "in the way").mkdir(parents=True)
    assert not lane.publish(force=True)
    (path / "in the way").rmdir()
    path.rmdir()
    lane._published_at -= 1.0
    assert lane.publish()
    assert path.is_file()


@pytest.mark.parametrize("is_express", [True, False])
def test_a_lock_that_was_lost_to_another_process_costs_no_call(
    client: Client, sandbox: Any, state_dir: Path, is_express: bool
) -> None:
    """The log has its own lock, so what the call has written is safe; the next one goes into a spool of our own."""
    client.track("u1", "A")
    assert client.flush(timeout=5)
    client.join()
    if not is_express:
        client._express = None
    lane = client._pipeline._lanes[0]
    with (state_dir / "spool" / f"{lane.spool.writer}.lock").open("r+b") as theirs:
        os.close(lane.spool._files.lock_file.descriptor)
        fcntl.flock(theirs, fcntl.LOCK_EX)
        assert [client.track("u1", event)[0] for event in ("B", "C")] == [True, True]
    client._pipeline._turn._looked_at_s = None  # the next look for what others left is in ten seconds
    assert client.flush(timeout=10)
    assert sorted(message["event"] for message in sandbox.customerio.accepted) == ["A", "B", "C"]


def test_an_end_without_time_begins_no_request(make_client: MakeClient, sandbox: Any, state_dir: Path) -> None:
    """What waits stays on disk for the next process."""
    client = make_client(upload_interval=60)
    assert client.track("u1", "E")[0]
    client._pipeline.close(0)
    assert (sandbox.customerio.count, sandbox.segment.count) == (0, 0)
    assert read_status(state_dir, now=utc_now()).legs["customerio"].pending == 1


def test_an_unreadable_identity_key_costs_only_the_identities(
    make_client: MakeClient, state_dir: Path, ledger: Any
) -> None:
    """The message is on disk, delivered and recorded."""
    state_dir.mkdir(parents=True, exist_ok=True)
    (state_dir / "identity.key").write_bytes(b"\xff" * 64)
    client = make_client()
    assert client.track("u1", "E")[0]
    assert client.flush(timeout=5)
    assert [record.identity for record in ledger.records()] == [None, None]


@pytest.mark.parametrize("folder", ["run", "dead-letters"])
def test_a_side_folder_that_cannot_be_used_costs_only_its_function(
    make_client: MakeClient, sandbox: Any, state_dir: Path, ledger: Any, folder: str
) -> None:
    """Here it is a link to nowhere; messages stay on disk, and refusals are recorded."""
    state_dir.mkdir(parents=True, exist_ok=True)
    (state_dir / folder).symlink_to("/nowhere/at-all")
    client = make_client(segment_write_key=None)
    sandbox.customerio.answer(400, times=1)
    assert client.track("u1", "Refused")[0]
    assert client.flush(timeout=5)
    assert client.track("u1", "E")[0]
    assert client.flush(timeout=5)
    assert [record.outcome for record in ledger.records()] == [Outcome.REJECTED, Outcome.ACCEPTED]


def test_a_state_directory_that_can_be_used_again_is_used_again(
    make_client: MakeClient, sandbox: Any, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then messages wait in memory, which is said as an error; no new client is needed."""
    monkeypatch.setattr(adoption, "ADOPT_AFTER_S", 0.0)
    monkeypatch.setattr(adoption, "ADOPT_EVERY_S", 0.0)
    state_dir.parent.mkdir(parents=True, exist_ok=True)
    state_dir.write_text("a file, not a folder")
    client = make_client(segment_write_key=None)
    assert client.track("u1", "In memory")[0]
    state_dir.unlink()
    assert client.flush(timeout=5)
    deadline = time.monotonic() + 10  # a sender's thread may be looking at the same moment
    while client._pipeline._lanes[0].spool.path is None and time.monotonic() < deadline:
        assert client.flush(timeout=0)
    assert client.track("u1", "On disk")[0]
    assert list((state_dir / "spool").glob("*.log"))
    assert client.flush(timeout=5)
    assert [message["event"] for message in sandbox.customerio.accepted] == ["In memory", "On disk"]


def test_drop_oldest_keeps_the_newest_and_never_refuses(make_client: MakeClient, sandbox: Any) -> None:
    """With `on_full="drop_oldest"` the call succeeds and the oldest that wait are given up, counted."""
    settled = Settled("customerio", 50)
    sandbox.customerio.answer(503)
    client = make_client(segment_write_key=None, on_full="drop_oldest", max_queue_size=10, on_delivery=settled)
    assert all(client.track("u1", "E", {"n": n})[0] for n in range(50))
    assert sandbox.customerio.wait_for_requests(3)
    sandbox.customerio.normal()
    client.flush(timeout=5)
    assert settled.enough.wait(10)
    kept = [m["properties"]["n"] for m in sandbox.customerio.accepted]
    assert kept == list(range(50 - len(kept), 50))
    assert 1 <= len(kept) <= 10
    assert sum(record.outcome is Outcome.DROPPED for record in settled.records) == 50 - len(kept)


def test_block_waits_for_room(make_client: MakeClient, sandbox: Any) -> None:
    """With `on_full="block"` a call waits until the leg has moved on; nothing is refused."""
    client = make_client(segment_write_key=None, on_full="block", max_queue_size=5, upload_interval=30)
    assert all(client.track("u1", "E", {"n": n})[0] for n in range(30))
    assert client.flush(timeout=5)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(30))


def test_block_gives_up_after_its_time(make_client: MakeClient, sandbox: Any) -> None:
    """After `block_timeout_s` the call is refused."""
    sandbox.customerio.answer(503)
    client = make_client(segment_write_key=None, on_full="block", max_queue_size=1, block_timeout_s=0.2)
    assert client.track("u1", "E")[0]
    started = time.monotonic()
    assert not client.track("u1", "E")[0]
    assert 0.15 < time.monotonic() - started < 5
    assert client.not_taken == {"queue_full": 1}


def test_an_unknown_way_of_being_full_is_refused() -> None:
    """At construction, with the choices."""
    with pytest.raises(ConfigError, match="drop_oldest"):
        Client("k", on_full="panic")


def test_a_living_sibling_adopts_what_a_dead_one_left(
    make_client: MakeClient, sandbox: Any, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new process is needed: an idle sender adopts it."""
    monkeypatch.setattr(adoption, "ADOPT_AFTER_S", 0.0)
    monkeypatch.setattr(adoption, "ADOPT_EVERY_S", 0.0)
    monkeypatch.setattr(sender_module, "TICK_S", 0.05)
    monkeypatch.setattr(sender_module, "IDLE_TICK_S", 0.05)
    living = make_client()
    living.track("u1", "Living")
    assert living.flush(timeout=5)
    sandbox.customerio.answer(503)
    dying = make_client(flush_timeout_s=0)
    dying.track("u1", "Left behind")
    dying._pipeline._close_lanes(0)
    sandbox.customerio.normal()
    assert sandbox.customerio.wait_for(2, timeout_s=10)
    assert [m["event"] for m in sandbox.customerio.accepted] == ["Living", "Left behind"]
    assert read_status(state_dir, now=utc_now()).is_balanced


def test_a_damaged_file_of_a_dead_process_is_set_aside(make_client: MakeClient, sandbox: Any, state_dir: Path) -> None:
    """It is kept as evidence and listed by `status`; delivery goes on."""
    (state_dir / "spool").mkdir(parents=True)
    (state_dir / "spool" / "dead.db").write_bytes(b"this was a database once" * 100)
    client = make_client()
    client.track("u1", "E")
    assert client.flush(timeout=5)
    assert sandbox.customerio.count == 1
    assert (state_dir / "spool" / "dead.db.damaged").exists()
    assert read_status(state_dir, now=utc_now()).unreadable == ["dead.db.damaged"]


def test_damaged_cursors_of_a_running_client_lose_no_message(
    make_client: MakeClient, sandbox: Any, state_dir: Path
) -> None:
    """It goes on from memory, and the next process from the last line that is whole: nothing that waited is lost."""
    sandbox.customerio.answer(503)
    sandbox.segment.answer(503)
    client = make_client(flush_timeout_s=0)
    for _ in range(200):
        client.track("u1", "E", {"text": "x" * 1_000})
    path = client._pipeline._lanes[0].spool.path
    assert path is not None
    path.write_bytes(b"\xff" * 200_000)
    assert all(client.track("u1", "After")[0] for _ in range(5))
    client._pipeline._close_lanes(0)
    sandbox.customerio.normal()
    sandbox.segment.normal()
    assert make_client().flush(timeout=5)
    events = Counter(m["event"] for m in {m["messageId"]: m for m in sandbox.customerio.accepted}.values())
    assert (events["E"], events["After"]) == (200, 5)
    assert read_status(state_dir, now=utc_now()).is_balanced


def test_a_clock_that_jumps_harms_nothing(make_client: MakeClient, sandbox: Any) -> None:
    """Ten years back or ahead: waits are measured with the monotonic clock."""
    sandbox.customerio.answer(503, times=2)
    client = make_client()
    for moment in ("2036-01-01", "2016-01-01", "2026-01-01"):
        with freeze_time(moment):
            assert client.track("u1", "E", {"n": moment})[0]
            assert client.flush(timeout=10)
    assert sandbox.customerio.count == sandbox.segment.count == 3


def test_a_network_share_is_recognised_by_the_mount_above() -> None:
    """The longest mount point counts; a space in it is spelled in octal."""
    mounts = (
        "overlay / overlay rw 0 0\n"
        "server:/export /mnt/team\\040share nfs4 rw 0 0\n"
        "tmpfs /mnt/team\\040share/local tmpfs rw 0 0\n"
    )
    assert type_of_mount(Path("/mnt/team share/state"), mounts) == "nfs4"
    assert type_of_mount(Path("/mnt/team share/local/state"), mounts) == "tmpfs"
    assert type_of_mount(Path("/var/lib/state"), mounts) == "overlay"
    assert {"nfs4", "cifs"} <= NETWORK_TYPES


@pytest.mark.parametrize("on_delivery", [None, lambda _: None])
def test_a_refusal_in_memory_leaves_the_rest_of_the_leg_delivered(
    make_client: MakeClient, sandbox: Any, on_delivery: Any
) -> None:
    """Without ledger and dead letters a refused message is counted and given to `on_error`, and the rest goes on."""
    told: list[Any] = []
    client = make_client(
        segment_write_key=None, spool="memory", on_error=lambda _, calls: told.extend(calls), on_delivery=on_delivery
    )
    sandbox.customerio.answer(400, times=1)
    assert client.track("u1", "Refused")[0]
    assert client.flush(timeout=5)
    assert all(client.track("u1", "E", {"n": n})[0] for n in range(10))
    assert [leg.pending for _, leg in client._pipeline.leg_reports()] != []
    assert client.flush(timeout=5)
    assert [m["properties"]["n"] for m in sandbox.customerio.accepted] == list(range(10))
    assert [call["event"] for call in told] == ["Refused"]


def test_a_busy_process_adopts_what_a_dead_one_left(
    make_client: MakeClient, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is never idle adopts between two batches."""
    monkeypatch.setattr(adoption, "ADOPT_AFTER_S", 0.0)
    monkeypatch.setattr(adoption, "ADOPT_EVERY_S", 0.0)
    busy = make_client()
    busy.track("u1", "Busy")
    assert busy.flush(timeout=5)
    sandbox.customerio.answer(503)
    dying = make_client(flush_timeout_s=0)
    dying.track("u1", "Left behind")
    dying._pipeline._close_lanes(0)
    sandbox.customerio.normal()
    for number in range(1_000):
        busy.track("u1", "Busy")
        assert sandbox.customerio.wait_for(number + 2)
        if "Left behind" in [m["event"] for m in sandbox.customerio.accepted]:
            return
    pytest.fail("the busy process adopted nothing")


def test_the_spools_of_many_dead_processes_are_adopted_a_few_at_a_time(make_client: MakeClient, sandbox: Any) -> None:
    """Sixty dead processes during an outage do not mean sixty times the threads; in the end all is delivered."""
    sandbox.customerio.answer(503)
    for number in range(60):
        dying = make_client(segment_write_key=None, flush_timeout_s=0, upload_interval=60)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline_module, "MAX_ADOPTED", 0)
            dying.track("u1", "E", {"n": number})
        dying._pipeline._close_lanes(0)
    before = threading.active_count()
    heir = make_client(segment_write_key=None)
    heir.track("u1", "E", {"n": 60})
    assert sandbox.customerio.wait_for_requests(3)
    assert threading.active_count() - before <= pipeline_module.MAX_ADOPTED + 2
    sandbox.customerio.normal()
    assert heir.flush(timeout=30)
    assert {m["properties"]["n"] for m in sandbox.customerio.accepted} == set(range(61))


def test_clients_that_are_released_in_an_outage_leave_no_threads(make_client: MakeClient, sandbox: Any) -> None:
    """What they could not send is on disk, and the next client delivers it."""
    sandbox.customerio.answer(503)
    before = set(threading.enumerate())
    for number in range(10):
        client = make_client(segment_write_key=None, flush_timeout_s=0.1)
        client.track("u1", "E", {"n": number})
        if number % 2:
            client.shutdown(0.05)
        client._pipeline.retire()
    deadline = time.monotonic() + 30
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        for thread in left:
            if thread.is_alive():  # one that is being started by another cannot be joined yet
                thread.join(0.1)
    assert not left
    sandbox.customerio.normal()
    assert make_client(segment_write_key=None).flush(timeout=20)
    assert {m["properties"]["n"] for m in sandbox.customerio.accepted} == set(range(10))


def test_a_state_directory_removed_under_a_living_client_costs_no_message(
    make_client: MakeClient, sandbox: Any, state_dir: Path
) -> None:
    """A cleaner of temporary files did it: what is in memory is delivered, and new files are created."""
    client = make_client(upload_interval=60)
    assert client.track("u1", "E", {"n": 0})[0]
    shutil.rmtree(state_dir)
    assert all(client.track("u1", "E", {"n": n, "text": "x" * 1_000})[0] for n in range(1, 200))
    assert (state_dir / "spool").is_dir()
    assert client.flush(timeout=20)
    for api in (sandbox.customerio, sandbox.segment):
        assert sorted(m["properties"]["n"] for m in api.accepted) == list(range(200))


def test_the_start_and_an_adoption_are_said_once(
    make_client: MakeClient, sandbox: Any, state_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Which stage, which hosts, which directory; and how many messages of an ended process go along. No key."""
    caplog.set_level(logging.INFO)
    sandbox.customerio.answer(503)
    first = make_client(stage="dual")
    first.track("u1", "E")
    first.flush(timeout=0.3)
    first._pipeline.close(0)
    sandbox.customerio.normal()
    second = make_client(stage="dual")
    for _ in range(3):
        second.track("u1", "E")
        assert second.flush(timeout=5)
    said = [record.getMessage() for record in caplog.records]
    started = [text for text in said if "delivery_started" in text]
    assert len(started) == 2
    for part in (
        "stage='dual'",
        str(state_dir),
        "version='0.1.0'",
        "'customerio': '127.0.0.1:",
        "'segment': '127.0.0.1:",
    ):
        assert part in started[0]
    assert not [text for text in said if "cio-key" in text or "segment-key" in text]
    assert len([text for text in said if "spools_adopted" in text and "spools=1" in text]) == 1
