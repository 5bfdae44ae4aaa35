"""Stages and switches that change while processes run, and the outcome of each message."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status
from pipelines_client.routing.aliases import ALIAS_FILE, AliasFile
from pipelines_client.routing.cohorts import hash_id, in_cohort
from pipelines_client.routing.plan import Plan, Stage
from pipelines_client.routing.stagefile import read_stage_bytes
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.ledger import Outcome

MakeClient = Callable[..., Client]


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    return tmp_path / "stage.toml"


@pytest.fixture
def watching(make_client: MakeClient, stage_file: Path) -> Callable[..., Client]:
    """Make clients that read the stage file at every call."""
    return lambda **more: make_client(**{"stage_file": stage_file, "stage_poll_s": 1e-9, **more})


def put(stage_file: Path, content: str | bytes) -> None:
    """Replace the file in one step, because a client may read it at any moment."""
    fresh = stage_file.with_suffix(".new")
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(stage_file)


def track(client: Client, message_id: str, user: str = "u1", event: str = "E", **more: Any) -> bool:
    return client.track(user, event, message_id=message_id, **more)[0]


def test_a_changed_file_applies_to_the_next_call_and_each_message_keeps_its_stage(
    watching: MakeClient, sandbox: Any, ledger: Any, stage_file: Path
) -> None:
    """Through all stages and back, both sides get the messages of each stage, once."""
    client = watching()
    stages = ["segment", "shadow", "dual", "live", "complete", "live", "dual", "shadow", "segment"]
    for number, stage in enumerate(stages):
        put(stage_file, f'stage = "{stage}"\n')
        assert track(client, f"m{number}-{stage}")
    assert client.flush(timeout=5)
    everything = [f"m{number}-{stage}" for number, stage in enumerate(stages)]
    assert sandbox.customerio.message_ids() == [id_ for id_ in everything if not id_.endswith("-segment")]
    assert sandbox.segment.message_ids() == [id_ for id_ in everything if not id_.endswith("-complete")]
    records = ledger.records()
    assert {record.message_id.partition("-")[2] == record.stage for record in records} == {True}
    assert {record.reason for record in records if record.outcome is Outcome.SKIPPED} == {"stage"}
    assert len(records) == 2 * len(stages)


def test_a_wrong_file_leaves_the_last_good_one_in_force_and_is_logged_once(
    stage_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half written, with a wrong word, in another encoding, without a stage, deleted; and then right again."""
    put(stage_file, 'stage = "complete"\n')
    watch = StageWatch(Plan(Stage.DUAL, ("customerio", "segment")), stage_file, poll_s=1e-9, memory=None)
    assert watch.plan().name == "complete"
    for number, content in enumerate((b'stage = "seg', b'stage = "sideways"\n', b"\xff\xfe", b"share = 1\n", None), 1):
        if content is None:
            stage_file.unlink()
        else:
            put(stage_file, content)
        assert [watch.plan().name for _ in range(3)] == ["complete"] * 3
        refusals = [record.message for record in caplog.records if "stage_file_refused" in record.message]
        assert len(refusals) == number
        assert "in_force='complete'" in refusals[-1]
        assert "sideways" not in refusals[-1]
    put(stage_file, 'stage = "complete"\n')
    assert watch.plan().name == "complete"
    assert watch.error is None


def test_a_process_that_starts_while_the_file_is_wrong_uses_the_last_good_one(
    watching: MakeClient, stage_file: Path, sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not use its settings, which say `dual`, and it logs the error."""
    put(stage_file, 'stage = "segment"\n')
    first = watching()
    assert track(first, "first")
    assert first.flush(timeout=5)
    put(stage_file, 'stage = "segm')
    second = watching()
    assert track(second, "second")
    assert second.flush(timeout=5)
    assert (sandbox.customerio.count, sandbox.segment.count) == (0, 2)
    assert "stage_file_refused" in caplog.text
    assert "in_force='segment'" in caplog.text
    assert second._stages.error is not None


def test_the_settings_apply_until_the_file_exists_and_for_keys_that_it_omits(
    watching: MakeClient, stage_file: Path, sandbox: Any
) -> None:
    """The environment's stage applies until the file exists; its salt and share apply afterwards too."""
    client = watching(stage="segment", share=0.0)
    assert track(client, "before")
    put(stage_file, 'stage = "shadow"\n')
    assert track(client, "share 0 of the settings")
    put(stage_file, 'stage = "shadow"\n[customerio]\nshare = 1\n')
    assert track(client, "share 1 of the file")
    assert client.flush(timeout=5)
    assert sandbox.customerio.message_ids() == ["share 1 of the file"]
    assert sandbox.segment.count == 3


def test_a_stage_that_needs_a_missing_key_is_refused(
    watching: MakeClient, stage_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A client with only the Customer.io key stays at `complete`."""
    put(stage_file, 'stage = "live"\n')
    client = watching(segment_write_key=None, segment_host=None)
    assert track(client, "m1")
    assert "segment_write_key" in caplog.text
    assert repr(client) == "<pipelines_client.Client stage=complete legs=customerio>"


def test_the_lists_of_a_file_win_over_the_share_and_deny_over_allow(
    watching: MakeClient, stage_file: Path, sandbox: Any, ledger: Any
) -> None:
    """By event, by tenant (of a group call or in the context) and by id; the share is empty."""
    put(
        stage_file,
        """
stage = "shadow"
[customerio]
share = 0
allow = { events = ["Order Completed"], tenants = ["acme"], ids = ["kim", "visitor"] }
deny = { events = ["Raw Click"], tenants = ["secret"], ids = ["lee"] }
""",
    )
    client = watching()
    assert track(client, "not listed")
    assert track(client, "event", event=" Order Completed ")
    assert track(client, "id", "kim")
    assert client.page(None, anonymous_id="visitor", message_id="anonymous id")[0]
    assert client.group("u2", "acme", message_id="group")[0]
    assert track(client, "context", context={"groupId": "acme"})
    assert track(client, "denied event", "kim", "Raw Click")
    assert track(client, "denied tenant", "kim", context={"groupId": "secret"})
    assert track(client, "denied id", "lee", "Order Completed")
    assert client.flush(timeout=5)
    assert sandbox.customerio.message_ids() == ["event", "id", "anonymous id", "group", "context"]
    assert sandbox.segment.count == 9
    assert ledger.reasons("denied id") == {"customerio": "denied", "segment": None}
    assert ledger.reasons("not listed") == {"customerio": "cohort", "segment": None}


def test_a_leg_that_is_off_keeps_its_messages_on_disk_and_continues_in_order(
    watching: MakeClient, stage_file: Path, sandbox: Any, state_dir: Path
) -> None:
    """The other leg is not affected, `flush` does not wait, and `status` shows it."""
    put(stage_file, 'stage = "dual"\n[customerio]\nswitch = "off"\n')
    client = watching()
    for number in range(5):
        assert track(client, f"m{number}")
    assert dict(client.flush(timeout=30).pending) == {"customerio": 5, "segment": 0}
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert (status.legs["customerio"].state, status.legs["segment"].state) == ("off", "ok")
    put(stage_file, 'stage = "dual"\n')
    assert client.flush(timeout=5)
    assert sandbox.customerio.message_ids() == [f"m{number}" for number in range(5)]


def test_a_switch_reaches_a_leg_that_waits_for_its_next_attempt(
    watching: MakeClient, stage_file: Path, sandbox: Any
) -> None:
    """An API asks for an hour: with off nothing is sent any more, with discard all messages are dropped."""
    put(stage_file, 'stage = "dual"\n')
    sandbox.segment.rate_limit(3600)
    client = watching()
    assert track(client, "m1")
    assert sandbox.segment.wait_for_requests(1)
    put(stage_file, 'stage = "dual"\n[segment]\nswitch = "discard"\n')
    assert client.flush(timeout=10)
    assert len(sandbox.segment.requests) == 1
    assert sandbox.customerio.count == 1


def test_a_leg_that_discards_counts_its_messages_by_reason(
    watching: MakeClient, stage_file: Path, sandbox: Any, ledger: Any, state_dir: Path
) -> None:
    """Old and new messages are dropped with the reason; a skipped message stays skipped."""
    put(stage_file, 'stage = "dual"\n[customerio]\nswitch = "off"\n')
    client = watching()
    assert track(client, "waited")
    assert track(client, "reserved", event="User Deleted")
    put(stage_file, 'stage = "dual"\n[customerio]\nswitch = "discard"\n')
    assert track(client, "came")
    assert client.flush(timeout=10)
    assert ledger.outcomes("waited") == {"segment": Outcome.ACCEPTED, "customerio": Outcome.DROPPED}
    assert ledger.reasons("came") == {"segment": None, "customerio": "discarded"}
    assert ledger.reasons("reserved") == {"segment": None, "customerio": "reserved_name"}
    assert sandbox.customerio.count == 0
    leg = read_status(state_dir, now=utc_now()).legs["customerio"]
    assert leg.is_balanced
    assert dict(leg.dropped) == {"discarded": 2}


def test_messages_of_a_dead_process_wait_for_a_leg_that_is_off(
    watching: MakeClient, make_client: MakeClient, stage_file: Path, sandbox: Any, state_dir: Path
) -> None:
    """The next process delivers the other leg at once, and this one when it is switched on."""
    sandbox.customerio.answer(503)
    sandbox.segment.answer(503)
    dead = make_client()
    assert track(dead, "left behind")
    (lane,) = dead._pipeline._lanes
    dead._pipeline.close(0)
    assert lane.stop()  # no request of it is under way when the API answers again
    sandbox.customerio.normal()
    sandbox.segment.normal()
    put(stage_file, 'stage = "dual"\n[customerio]\nswitch = "off"\n')
    heir = watching()
    assert heir.flush(timeout=5)
    assert (sandbox.customerio.count, sandbox.segment.count) == (0, 1)
    assert read_status(state_dir, now=utc_now()).legs["customerio"].pending == 1
    put(stage_file, 'stage = "dual"\n')
    assert watching().flush(timeout=5)
    assert (sandbox.customerio.count, sandbox.segment.count) == (1, 1)


def test_the_authoritative_leg_changes_with_the_stage(watching: MakeClient, stage_file: Path) -> None:
    """`on_error` follows the file: what Segment's leg gives up is reported at `dual` and not at `live`."""
    failed: list[str] = []
    off = '[segment]\nswitch = "discard"\n'
    put(stage_file, f'stage = "dual"\n{off}')
    client = watching(on_error=lambda _error, calls: failed.extend(call["messageId"] for call in calls))
    assert track(client, "at dual")
    client.flush(timeout=5)
    put(stage_file, f'stage = "live"\n{off}')
    assert track(client, "at live")
    client.flush(timeout=5)
    assert failed == ["at dual"]


def test_calls_are_refused_when_the_backlog_of_the_authoritative_leg_is_full(
    watching: MakeClient, stage_file: Path, sandbox: Any
) -> None:
    """Customer.io is off and full: at `dual` it drops its oldest messages, at `live` calls return False."""
    put(stage_file, 'stage = "dual"\n[customerio]\nswitch = "off"\n')
    client = watching(max_queue_size=3)
    for number in range(6):
        assert track(client, f"m{number}")
        assert client.flush(timeout=5).pending["segment"] == 0
    put(stage_file, 'stage = "live"\n[customerio]\nswitch = "off"\n')
    assert [track(client, f"n{number}") for number in range(6)][-1] is False
    assert client.not_taken["queue_full"] >= 3
    assert sandbox.segment.count >= 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_that_was_forked_before_the_change_follows_it(
    watching: MakeClient, stage_file: Path, sandbox: Any
) -> None:
    """A child needs no thread: its first call reads the file."""
    put(stage_file, 'stage = "segment"\n')
    client = watching()
    assert track(client, "parent")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.read(reading, 1)
        track(client, "child")
        client.flush(5)
        os._exit(0)
    put(stage_file, 'stage = "complete"\n')
    os.write(writing, b"!")
    assert os.waitpid(child, 0)[1] == 0
    assert client.flush(timeout=5)
    assert sandbox.customerio.message_ids() == ["child"]
    assert sandbox.segment.message_ids() == ["parent"]


def test_no_thread_that_wakes_after_an_hour_uses_the_old_stage(
    watching: MakeClient, stage_file: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread reads the file, the others do not continue with the old plan."""
    put(stage_file, 'stage = "dual"\n')
    client = watching(stage_poll_s=3600)
    assert track(client, "before")
    assert client.flush(timeout=5)
    put(stage_file, 'stage = "segment"\n')
    client._stages._due_s = 0.0
    reading, all_read = Semaphore(7), Event()

    def read_together(path: Path) -> bytes:
        if not reading.acquire(blocking=False):
            all_read.set()
        assert all_read.wait(10)
        return read_stage_bytes(path)

    monkeypatch.setattr("pipelines_client.routing.watch.read_stage_bytes", read_together)
    threads = [Thread(target=track, args=(client, f"m{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(timeout=5)
    assert sandbox.customerio.message_ids() == ["before"]
    assert sandbox.segment.count == 9


def test_the_log_of_a_change_names_no_person(
    watching: MakeClient, stage_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The lists of a file hold ids; the log does not."""
    caplog.set_level(logging.INFO, "pipelines_client")
    put(stage_file, 'stage = "shadow"\n[customerio]\ndeny = { ids = ["kim@example.com"] }\n')
    client = watching()
    assert track(client, "m1")
    put(stage_file, 'stage = "shadow"\n[customerio]\ndeny = { ids = "kim@example.com" }\n')
    assert track(client, "m2")
    assert "stage_file_read" in caplog.text
    assert "stage_file_refused" in caplog.text
    assert "kim@" not in caplog.text


def test_an_alias_keeps_a_person_together_in_every_process_of_the_state_directory(
    watching: MakeClient, stage_file: Path, sandbox: Any, state_dir: Path
) -> None:
    """A visitor in the share signs up with an id outside it: other clients and a restarted one send all messages."""
    put(stage_file, 'stage = "shadow"\n[customerio]\nshare = 0.5\n')
    cohorts = {name: in_cohort(f"user:{name}", share=0.5, salt="") for name in (f"p{n}" for n in range(50))}
    visitor, other_visitor = [name for name, is_in in cohorts.items() if is_in][:2]
    user, other_user = [name for name, is_in in cohorts.items() if not is_in][:2]
    one, other = watching(), watching()
    assert track(one, "before", user)
    assert one.alias(visitor, user, message_id="alias in")[0]
    assert one.alias(other_user, other_visitor, message_id="alias out")[0]
    for number, client in enumerate((one, other, watching())):
        assert track(client, f"in {number}", user)
        assert track(client, f"out {number}", other_visitor)
        assert client.flush(timeout=5)
    assert sorted(sandbox.customerio.message_ids()) == ["alias in", "in 0", "in 1", "in 2"]
    assert sandbox.segment.count == 9
    content = (state_dir / ALIAS_FILE).read_text("ascii")
    assert user not in content
    assert (state_dir / ALIAS_FILE).stat().st_mode & 0o777 == 0o600


def test_a_torn_or_strange_line_of_the_alias_file_damages_no_other(tmp_path: Path) -> None:
    """A line that a kill tore, and lines that are not pairs."""
    path = tmp_path / "aliases"
    path.write_bytes(b"\n00ff\nzzzzzzzzzzzzzzzz zzzzzzzzzzzzzzzz\n0123456789abcd")
    writer, reader = AliasFile(path), AliasFile(path)
    writer.join("visitor", "kim")
    reader.catch_up()
    assert len(reader) == 0
    assert reader.head(hash_id("user:kim")) == hash_id("user:visitor")
    assert len(reader) == 1
    path.unlink()
    path.mkdir()
    writer.join("visitor 2", "lee")  # what cannot be written is known here all the same
    assert writer.head(hash_id("user:lee")) == hash_id("user:visitor 2")


def test_a_pair_is_written_once_by_all_processes_and_known_to_those_that_ask_later(tmp_path: Path) -> None:
    """Whether or not they have read the file: a login says the same alias each time."""
    path = tmp_path / "aliases"
    for _ in range(3):
        AliasFile(path).join("visitor", "kim")
    asked = AliasFile(path)
    assert asked.head(hash_id("user:kim")) == hash_id("user:visitor")
    asked.join("visitor", "kim")
    asked.join("kim", "visitor")
    assert path.read_bytes().count(b"\n") == 2
    AliasFile(path).join("kim", "kim's second name")
    asked.catch_up()
    assert asked.head(hash_id("user:kim's second name")) == hash_id("user:visitor")


def test_a_call_reads_the_file_only_when_a_look_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand calls within half of `stage_poll_s` read it once; the next look is on time."""
    clock, looks = [1000.0], []
    monkeypatch.setattr("pipelines_client.routing.watch.monotonic_s", lambda: clock[0])
    path = tmp_path / "stage.toml"
    put(path, 'stage = "live"\n')
    watch = StageWatch(Plan(Stage.DUAL, ("customerio", "segment")), path, poll_s=5, memory=None)
    monkeypatch.setattr(watch, "_look", lambda look=watch._look: (looks.append(clock[0]), look()))
    names = {watch.plan().name for _ in range(1000)}
    put(path, 'stage = "complete"\n')
    clock[0] += 2.4
    assert watch.plan().name == "live"
    clock[0] += 0.2
    assert watch.plan().name == "complete"
    assert (names, len(looks)) == ({"live"}, 2)


def test_an_exception_of_a_signal_handler_passes_while_the_file_is_read(
    watching: MakeClient, stage_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job's time limit ends at that moment: its TimeoutError reaches the job and is not taken for a wrong file."""

    def over(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGUSR1, over)
    try:
        put(stage_file, 'stage = "dual"\n')
        client = watching(stage_poll_s=3600)
        with monkeypatch.context() as patch:
            patch.setattr(
                "pipelines_client.routing.watch.read_stage_bytes", lambda _: signal.raise_signal(signal.SIGUSR1)
            )
            with pytest.raises(TimeoutError):
                track(client, "interrupted")
        assert track(client, "next")
        assert client._stages.error is None
    finally:
        signal.signal(signal.SIGUSR1, before)
