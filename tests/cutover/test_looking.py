"""What an answer rests on: directories, hosts and hours, and what makes it unknown."""

from __future__ import annotations

import gzip
import os
import socket
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from stage_files import NOW, change, make_state

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.looking import Looked, find_gaps, look_at, losses_of, summary, waiting_apart
from pipelines_client.cutover.rollback import count_ledgers
from pipelines_client.delivery.status import read_status
from pipelines_client.errors import LedgerError
from pipelines_client.state.runfile import LegReport, RunFile

DUAL = Journal((change("start", None, "dual", "2026-12-01T08:00:00.000Z"),))
HERE = socket.gethostname().split(".")[0]


def gaps_of(*states: Path, journal: Journal = DUAL, now: datetime = NOW) -> list[str]:
    looks = look_at(states, now=now)
    return list(find_gaps(looks, count_ledgers([look.ledger for look in looks], "segment"), journal))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory of a process that has ended."""
    return make_state(tmp_path / "state")


def test_what_is_whole_has_no_gap(state: Path) -> None:
    """A directory that is given twice, also by another path, is looked at once."""
    (state.parent / "link").symlink_to(state)
    assert gaps_of(state) == []
    assert gaps_of(state, state, state.parent / "link") == []
    assert len(look_at([state, state.parent / "link"], now=NOW)) == 1


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def cut_short(file: Path) -> None:
    file.with_suffix(".jsonl.gz").write_bytes(gzip.compress(file.read_bytes())[:12])
    file.unlink()


def of_another_host(file: Path) -> None:
    file.write_text(file.read_text().replace('"w"}', '"x"}'))


@pytest.mark.parametrize("damage", [Path.unlink, cut, cut_short, of_another_host, lambda file: file.write_bytes(b"")])
def test_a_ledger_that_lacks_what_its_processes_report_is_named(state: Path, damage: Any) -> None:
    """Deleted, cut, sealed and cut, replaced by that of another host, emptied."""
    damage(state / "ledger" / "2026-12-01" / "v.jsonl")
    assert any(f"{state / 'ledger'} lacks" in gap and "--state-dir" in gap for gap in gaps_of(state))


def test_a_line_or_a_file_that_is_unreadable_is_a_gap(state: Path) -> None:
    """Although all that was reported is there: what stood in the line is not known."""
    with (state / "ledger" / "2026-12-01" / "v.jsonl").open("a") as file:
        file.write('{"torn\n')
    (state / "run" / "broken.json").write_text("{")
    unreadable, lines = gaps_of(state)
    assert "broken.json is unreadable" in unreadable
    assert lines.startswith("1 line of the ledger is unreadable; restore")


def host_record(state: Path, host: str) -> None:
    """Let a host have written into a ledger."""
    (state / "ledger" / "2026-12-01" / f"{host}-7-0a.jsonl").touch()


LIVE_OF_TWO = change("advance", "dual", "live", "2026-12-09T08:00:00.000Z").model_copy(update={"hosts": ("a", "b")})


def test_a_host_that_the_last_step_looked_at_and_is_left_out_is_named(tmp_path: Path) -> None:
    """What its processes took since is not known; before live, and after a step without it, it is not asked for."""
    first, second = make_state(tmp_path / "first"), make_state(tmp_path / "second")
    host_record(first, "a")
    host_record(second, "b")
    live = DUAL.with_line(LIVE_OF_TWO)
    (gap,) = gaps_of(first, journal=live)
    assert "records of b too, which are not here; give the directories of all hosts with --state-dir" in gap
    assert gaps_of(first, second, journal=live) == []
    host_record(first, "b")
    assert gaps_of(first, journal=live) == []
    (first / "ledger" / "2026-12-01" / "b-7-0a.jsonl").unlink()
    back = change("rollback", "live", "dual", "2026-12-09T09:00:00.000Z")
    assert gaps_of(first, journal=live.with_line(back.model_copy(update={"hosts": ("a",)}))) == []
    assert len(gaps_of(first, journal=live.with_line(back))) == 1
    shadow = change("advance", "shadow", "dual", "2026-12-02T08:00:00.000Z").model_copy(update={"hosts": ("a", "b")})
    assert gaps_of(first, journal=DUAL.with_line(shadow)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("web-1-7-0a.5.log.damaged", "some may have gone nowhere; replay what the ledger lacks of it"),
        ("web-1-7-0a.db.damaged", "no message is lost, some may have been sent twice"),
    ],
)
def test_a_damaged_file_that_was_kept_is_a_gap_until_it_is_moved_away(state: Path, name: str, words: str) -> None:
    """It says what it is, and how to settle it."""
    (state / "spool").mkdir()
    (state / "spool" / name).write_text("?")
    (gap,) = gaps_of(state)
    assert gap.startswith(f"{state}: {name} is a damaged file of")
    assert words in gap
    assert gap.endswith("to another folder")
    (state / "spool" / name).rename(state.parent / name)
    assert gaps_of(state) == []


def test_a_journal_that_does_not_reach_back_asks_for_all_evidence_of_a_directory(state: Path) -> None:
    """A stage that was found in the file may have begun long before; a directory knows when it was first used."""
    key = state / "identity.key"
    key.write_text("")
    found = Journal((change("by hand", None, "complete", "2026-12-09T00:00:00.000Z"),))
    for born, count in ((1, 0), (15, 1)):
        day = datetime(2026, 12, 1, tzinfo=timezone.utc) - timedelta(days=born)
        os.utime(key, (day.timestamp(), day.timestamp()))
        assert ["is older than its ledger" in gap for gap in gaps_of(state, journal=found)] == [True] * count
    assert gaps_of(state, journal=DUAL) == []


def test_a_process_whose_clock_is_ahead_is_not_taken_for_one_that_was_heard(state: Path) -> None:
    """Dead or not, it would seem to run until that time has come."""
    RunFile({}, updated_at="2026-12-10T13:00:00.000Z", pid=7).write(state / "run" / "web-9-7-0a.json")
    (gap,) = gaps_of(state)
    assert gap.startswith("web-9-7-0a (pid 7), last heard 3,600 s in the future (set the clocks of the hosts): ")
    RunFile({}, updated_at="2026-12-10T12:00:20.000Z").write(state / "run" / "web-9-7-0a.json")
    assert gaps_of(state) == []


def test_calls_without_a_record_are_lost_messages_of_their_writer(state: Path) -> None:
    """Refused in numbers: those of a writer that ended before Segment stopped to count block nothing."""
    full = LegReport(9, 0, 0, {}, {"queue_full": 9}, {})
    legs = {"customerio": full, "segment": full}
    RunFile(legs, updated_at="2026-12-02T00:00:00.000Z", state="closed").write(state / "run" / "web-1-7-0a.json")
    RunFile(legs, updated_at="2026-12-08T00:00:00.000Z", state="closed").write(state / "run" / "web-1-8-0a.json")
    journal = Journal((*DUAL.changes, change("advance", "dual", "live", "2026-12-05T00:00:00.000Z")))
    looks = look_at([state], now=NOW)
    found = losses_of(looks, count_ledgers([state / "ledger"], "segment"), journal)
    assert (found.late, found.before, found.counts) == (9, 9, (("web-1-7-0a", 9), ("web-1-8-0a", 9)))


def test_a_directory_without_any_record_is_a_gap(tmp_path: Path) -> None:
    """It may be the wrong one."""
    (tmp_path / "empty" / "run").mkdir(parents=True)
    (gap,) = gaps_of(tmp_path / "empty")
    assert "has no record of any process" in gap
    assert str(summary(look_at([tmp_path / "empty"], now=NOW), now=NOW)).endswith("without any record")
    with pytest.raises(LedgerError, match="not a state directory"):
        look_at([tmp_path / "nowhere"], now=NOW)


@pytest.mark.parametrize(
    ("stage", "began", "is_late"),
    [
        ("complete", "2026-12-01T08:00:00.000Z", False),
        ("complete", "2026-11-30T00:00:00.000Z", False),
        ("complete", "2026-11-29T23:00:00.000Z", True),
        ("live", "2026-11-20T00:00:00.000Z", True),
        ("dual", "2026-11-20T00:00:00.000Z", False),
    ],
)
def test_evidence_that_begins_later_than_segment_lacks_messages_is_a_gap(
    state: Path, stage: str, began: str, is_late: bool
) -> None:
    """By a day: what was sent before is in no count. At `dual` Segment gets everything; a step back cures nothing."""
    journal = Journal((change("advance", "dual", stage, began),))
    if stage == "complete":
        journal = Journal((*journal.changes, change("rollback", "complete", "live", "2026-12-05T00:00:00.000Z")))
    assert ["the evidence begins on 2026-12-01" in gap for gap in gaps_of(state, journal=journal)] == [True] * is_late


def test_a_directory_that_is_older_than_its_ledger_has_lost_some_of_it(state: Path) -> None:
    """Its key was written when it was first used; one that was used first after the stage began needs no more."""
    other = make_state(state.parent / "other")
    (other / "ledger" / "2026-12-01").rename(other / "ledger" / "2026-12-08")
    run = RunFile({}, started_at="2026-12-08T09:00:00.000Z", state="closed")
    run.write(other / "run" / "w.json")
    key, journal = other / "identity.key", Journal((change("start", None, "complete", "2026-12-01T08:00:00.000Z"),))
    key.write_text("")
    for born, count in ((2, 1), (8, 0)):
        at = datetime(2026, 12, born, tzinfo=timezone.utc).timestamp()
        os.utime(key, (at, at))
        assert ["is older than its ledger" in gap for gap in gaps_of(state, other, journal=journal)] == [True] * count


def test_a_process_of_another_host_that_was_not_heard_is_a_gap_and_a_dead_one_of_this_host_is_none(state: Path) -> None:
    """No lock says whether it lives. One that was heard just now, or has said that it stopped, is none either."""
    old = {"updated_at": "2026-12-10T11:00:00.000Z", "stage": "dual"}
    RunFile({}, **old, pid=7).write(state / "run" / "web-9-7-0a.json")
    RunFile({}, **old).write(state / "run" / f"{HERE}-7-0a.json")
    RunFile({}, **old, state="stopped").write(state / "run" / "web-9-8-0a.json")
    RunFile({}, updated_at="2026-12-10T11:59:50.000Z").write(state / "run" / "web-9-9-0a.json")
    (gap,) = gaps_of(state)
    assert gap.startswith("web-9-7-0a (pid 7), silent for 3,600 s: it ran on web-9; look there")
    assert [process.path.stem for process in read_status(state, now=NOW).processes] == ["web-9-7-0a", "web-9-9-0a"]


@pytest.mark.parametrize("updated_at", ["", "yesterday", "2026-12-10T11:59:50"])
def test_a_run_file_that_does_not_say_when_is_not_heard(state: Path, updated_at: str) -> None:
    """As by another version or a person."""
    RunFile({}, updated_at=updated_at).write(state / "run" / "web-9-7-0a.json")
    assert ["never heard" in gap for gap in gaps_of(state)] == [True]


def test_a_process_that_holds_its_spool_and_is_silent_is_a_gap(make_client: Any, state_dir: Path) -> None:
    """It is suspended, or hangs, and what it has done is in no count. One that was shut down is not silent."""
    client = make_client()
    client.track("u", "E")
    client.flush(timeout=5)
    later = datetime.now(timezone.utc) + timedelta(minutes=2)
    assert [gap.partition(": ")[2] for gap in gaps_of(state_dir, now=later)] == [
        "it is suspended, or hangs; let it go on, or end it"
    ]
    client.shutdown(5)
    assert gaps_of(state_dir, now=later) == []
    assert read_status(state_dir, now=later).living == 1


def test_what_was_looked_at_is_said(state: Path) -> None:
    """Directories, hosts and hours, for people and as JSON."""
    RunFile({}, state="closed").write(state / "run" / "web-1-7-0a.json")
    (state / "ledger" / "2026-12-02").mkdir()
    (state / "ledger" / "2026-12-02" / "web-2-8-0b.jsonl").write_text("")
    found = summary(look_at([state], now=NOW), now=NOW)
    assert str(found) == (f"1 state directory ({state}) of 2 hosts (web-1, web-2), 228.0 hours since 2026-12-01T00:00Z")
    assert found.as_dict() == {
        "state_directories": [str(state)],
        "hosts": ["web-1", "web-2"],
        "since": "2026-12-01T00:00:00.000Z",
        "hours": 228.0,
        "last_heard": {},
    }
    assert str(Looked(("a", "b"), ("h",))) == "2 state directories (a, b) of 1 host (h), without any record"


def test_what_waits_in_clients_that_have_no_other_leg_is_counted_apart(state: Path) -> None:
    """A replay has one leg too, and is none."""
    waits, both = LegReport(3, 3, 0, {}, {}, {}), LegReport(0, 0, 0, {}, {}, {})
    now = iso_utc(NOW)
    RunFile({"customerio": waits}, updated_at=now).write(state / "run" / "web-1-7-0a.json")
    RunFile({"customerio": waits, "segment": both}, updated_at=now).write(state / "run" / "web-1-8-0a.json")
    RunFile({"customerio": waits}, updated_at=now).write(state / "run" / "replay-customerio-0a.json")
    status = read_status(state, now=NOW)
    assert (waiting_apart(status, "customerio"), waiting_apart(status, "segment")) == (3, 0)
