"""What an API refused: kept whole, listed, sent again."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from commands import Commands

from pipelines_client.state.daily import DailyFile
from pipelines_client.state.dead_letters import DeadLetter, letters_of, mark_requeued, read_dead_letters
from pipelines_client.state.ledger import DeliveryRecord, Outcome


@pytest.fixture
def command(sandbox: Any, state_dir: Path, commands: Commands) -> Any:
    """Run `pipelines-client …` with the variables of the application."""
    environment = {
        **os.environ,
        "PIPELINES_STATE_DIR": str(state_dir),
        "PIPELINES_WRITE_KEY": "cio-key",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "segment-key",
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
        "COLUMNS": "120",
    }

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return commands.run(*arguments, variables={**environment, **more})

    return run


@pytest.fixture
def refused(make_client: Any, sandbox: Any) -> Any:
    """Three messages that Customer.io refuses and Segment takes; the process then ends."""
    sandbox.customerio.answer(400, body={"meta": {"errors": ["plan: unknown \x1b[31m"]}})
    client = make_client()
    for number in range(3):
        client.track("ada@example.com", "Signed Up", {"n": number}, message_id=f"m{number}")
    client.identify("ada@example.com", {"plan": "x"}, message_id="m3")
    assert client.flush(timeout=5)
    client._pipeline.close(0)
    sandbox.customerio.normal()
    return client


def test_refusals_are_counted_by_leg_event_and_reason(refused: Any, command: Any, state_dir: Path) -> None:
    """`list`, for people and as JSON; control characters of the outside do not reach the terminal."""
    assert refused
    done = command("dead-letters", "list")
    assert done.returncode == 0
    assert "Signed Up" in done.stdout
    assert "plan: unknown" in done.stdout
    assert "\x1b" not in done.stdout
    rows = json.loads(command("dead-letters", "list", "--json").stdout)
    assert [(row["leg"], row["event"], row["count"]) for row in rows] == [
        ("customerio", "Signed Up", 3),
        ("customerio", "identify", 1),
    ]
    for path in (state_dir / "dead-letters").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_one_is_shown_whole_and_all_are_exported(refused: Any, command: Any, tmp_path: Path) -> None:
    """With the call that was sent, in a file that is its owner's only, also if others could read it before."""
    assert refused
    shown = json.loads(command("dead-letters", "show", "m1").stdout)
    assert shown["body"]["properties"] == {"n": 1}
    assert shown["http_status"] == 400
    assert command("dead-letters", "show", "unknown").returncode == 2
    file = tmp_path / "letters.jsonl"
    file.touch(0o644)
    file.chmod(0o644)
    assert command("dead-letters", "export", str(file), "--event", "Signed Up").returncode == 0
    assert [json.loads(line)["message_id"] for line in file.read_text().splitlines()] == ["m0", "m1", "m2"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_requeued_messages_arrive_with_the_same_id_and_only_where_they_were_refused(
    refused: Any, command: Any, sandbox: Any, state_dir: Path, ledger: Any
) -> None:
    """Then nothing is left in the list, and the ledger's last word is `accepted`."""
    assert refused
    assert command("dead-letters", "requeue").returncode == 2
    done = command("dead-letters", "requeue", "--event", "Signed Up", "--id", "m1", "--id", "m2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 put back")
    assert command("drain").stdout == "customerio: 2 settled, 0 left\n"
    assert sandbox.customerio.message_ids() == ["m1", "m2"]
    assert sandbox.segment.count == 4
    assert ledger.outcomes("m1") == {"customerio": Outcome.ACCEPTED, "segment": Outcome.ACCEPTED}
    assert [letter.message_id for letter in read_dead_letters(state_dir / "dead-letters")] == ["m0", "m3"]
    assert "holds" in command("status").stdout
    assert "NOT" not in command("status").stdout


def test_an_id_that_is_not_listed_and_a_leg_that_there_is_not_are_said(refused: Any, command: Any) -> None:
    """A mistyped one must not read as done; what is listed goes."""
    assert refused
    done = command("dead-letters", "requeue", "--id", "m1", "--id", "m1x")
    assert (done.returncode, done.stdout[:10]) == (1, "1 put back")
    assert "1 of the ids" in done.stderr
    for words in (["list"], ["requeue", "--all"]):
        refusal = command("dead-letters", *words, "--leg", "segmnt")
        assert (refusal.returncode, "customerio or segment" in refusal.stderr) == (2, True)


def test_conditions_that_no_letter_meets_are_no_success(refused: Any, command: Any) -> None:
    """A mistyped event must not read as done; where there is no letter at all, there is nothing to do."""
    assert refused
    done = command("dead-letters", "requeue", "--event", "Signed up")
    assert (done.returncode, "no dead letter meets these conditions" in done.stderr) == (1, True)
    assert command("dead-letters", "requeue", "--all").returncode == 0
    done = command("dead-letters", "requeue", "--event", "Signed up")
    assert (done.returncode, done.stdout) == (0, "0 put back\n")


def test_a_message_that_is_refused_again_is_listed_again(
    refused: Any, command: Any, sandbox: Any, state_dir: Path
) -> None:
    """A requeue hides only the refusals before it."""
    assert refused
    sandbox.customerio.answer(400)
    assert command("dead-letters", "requeue", "--all").returncode == 0
    assert read_dead_letters(state_dir / "dead-letters") == []
    assert command("drain").returncode == 0
    assert len(read_dead_letters(state_dir / "dead-letters")) == 4


def test_letters_of_a_leg_without_a_key_are_left(refused: Any, command: Any, state_dir: Path) -> None:
    """And it says which variable is missing."""
    assert refused
    for path in (state_dir / "dead-letters").rglob("*.gz"):
        path.unlink()
    folder = state_dir / "dead-letters" / "2026-11-02"
    folder.mkdir()
    letter = {
        "message_id": "s1", "leg": "segment", "type": "track", "event": "E", "identity": None, "occurred_at": "t",
        "rejected_at": "2026-11-02T00:00:00.000Z", "reason": "r", "http_status": 400, "payload_hash": "h", "body": "{}",
        "letter": "l1",
    }  # fmt: skip
    (folder / "w.jsonl").write_text(json.dumps(letter) + "\n")
    done = command("dead-letters", "requeue", "--all", PIPELINES_SEGMENT_WRITE_KEY="", PIPELINES_STAGE="complete")
    assert done.returncode == 2
    assert "PIPELINES_SEGMENT_WRITE_KEY" in done.stderr
    assert len(read_dead_letters(state_dir / "dead-letters")) == 1


def test_letters_of_another_key_are_left_unless_they_are_moved(
    refused: Any, command: Any, sandbox: Any, state_dir: Path
) -> None:
    """Both keys are named by the beginning of a hash, never shown."""
    assert refused
    before = read_dead_letters(state_dir / "dead-letters")
    done = command("dead-letters", "requeue", "--all", PIPELINES_WRITE_KEY="another-key")
    assert done.returncode == 1
    assert done.stdout.startswith("0 put back")
    assert "customerio: 4 were taken for 127.0.0.1:" in done.stderr
    assert "add --to-current" in done.stderr
    assert read_dead_letters(state_dir / "dead-letters") == before
    done = command("dead-letters", "requeue", "--all", "--to-current", PIPELINES_WRITE_KEY="another-key")
    assert done.returncode == 0
    assert "customerio: 4 taken for 127.0.0.1:" in done.stdout
    assert "-key" not in done.stdout
    assert command("drain").returncode == 1  # they are another key's now
    assert sandbox.customerio.count == 0
    assert command("drain", PIPELINES_WRITE_KEY="another-key").stdout == "customerio: 4 settled, 0 left\n"
    assert sandbox.customerio.count == 4


def test_drain_says_what_is_left_and_needs_a_key(command: Any, sandbox: Any, make_client: Any) -> None:
    """Exit code 1 while something is left, 2 without a key, 0 when all is delivered."""
    sandbox.customerio.answer(503)
    client = make_client(flush_timeout_s=0.1)
    client.track("u1", "E")
    client._pipeline.close(0)
    assert command("drain", PIPELINES_WRITE_KEY="").returncode == 2
    done = command("drain", "--timeout", "0.5")
    assert done.returncode == 1
    assert "customerio: 0 settled, 1 left" in done.stdout
    sandbox.customerio.normal()
    done = command("drain", PIPELINES_WRITE_KEY="another-key-altogether")
    assert done.returncode == 1
    assert "pipelines-client drain --to-current" in done.stdout
    done = command("drain", "--to-current", PIPELINES_WRITE_KEY="another-key-altogether")
    assert done.returncode == 0
    assert "customerio: 1 settled, 0 left" in done.stdout
    assert command("drain").stdout == "nothing was left to deliver\n"
    assert sandbox.customerio.count == sandbox.segment.count == 1


NOON = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)


def refuse(directory: Path, at: str) -> None:
    """Write that m1 was refused, at a time that some clock tells."""
    record = DeliveryRecord(
        "m1", "track", "E", None, at, at, at, "segment", Outcome.REJECTED, "r", 400, 1, 2, "h", "dual", "w"
    )
    file = DailyFile(directory, "w")
    file.append_rows(letters_of([(record, b"{}")], destination=""), now=NOON)
    file.close()


def requeue_all(directory: Path, at: str) -> None:
    mark_requeued(directory, read_dead_letters(directory), writer="requeued", now=NOON, at=at)


def test_which_letters_wait_does_not_depend_on_a_clock(tmp_path: Path) -> None:
    """Refused while the clock was ahead, requeued when it was right, and refused again when it was behind."""
    refuse(tmp_path, "2026-11-02T13:00:00.000Z")
    requeue_all(tmp_path, "2026-11-02T12:00:00.000Z")
    assert read_dead_letters(tmp_path) == []
    refuse(tmp_path, "2026-11-02T11:00:00.000Z")
    (letter,) = read_dead_letters(tmp_path)
    assert letter.rejected_at == "2026-11-02T11:00:00.000Z"
    requeue_all(tmp_path, "2026-11-02T10:00:00.000Z")
    assert read_dead_letters(tmp_path) == []


def test_a_message_that_a_crash_had_refused_twice_is_one_letter(tmp_path: Path) -> None:
    """Requeueing it once answers both refusals."""
    for minute in (1, 0):
        refuse(tmp_path, f"2026-11-02T12:0{minute}:00.000Z")
    assert [letter.rejected_at for letter in read_dead_letters(tmp_path)] == ["2026-11-02T12:01:00.000Z"]
    requeue_all(tmp_path, "2026-11-02T12:02:00.000Z")
    assert read_dead_letters(tmp_path) == []


@pytest.mark.parametrize("left", ["half", "junk"])
def test_a_cut_or_damaged_file_of_letters_is_named_and_the_others_are_read(
    refused: Any, command: Any, state_dir: Path, left: str
) -> None:
    """On standard error, with what to do; the command goes on."""
    assert refused
    (sealed,) = (state_dir / "dead-letters").rglob("*.gz")
    refuse(state_dir / "dead-letters", "2026-11-02T12:00:00.000Z")
    data = sealed.read_bytes()
    sealed.write_bytes(data[: len(data) // 2] if left == "half" else b"junk")
    done = command("dead-letters", "list", "--json")
    assert done.returncode == 0
    assert {"leg": "segment", "event": "E", "reason": "r", "count": 1} in json.loads(done.stdout)
    assert str(sealed) in done.stderr
    assert "Restore the file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_letter_whose_body_is_damaged_is_shown_as_text(refused: Any, command: Any, state_dir: Path) -> None:
    """`show` and `export` fail for no letter."""
    assert refused
    letter = DeadLetter("b1", "segment", "track", "E", None, "t", "t", "r", 400, "h", '{"cut', "l1")
    file = DailyFile(state_dir / "dead-letters", "w")
    file.append_rows([letter], now=NOON)
    file.close()
    assert json.loads(command("dead-letters", "show", "b1").stdout)["body"] == '{"cut'


def test_requeue_and_drain_name_the_path_that_cannot_be_written_and_the_cure(
    refused: Any, command: Any, state_dir: Path
) -> None:
    """Path and cure on one line, exit code 2, and every letter is still there."""
    assert refused
    (state_dir / "spool").rmdir()
    (state_dir / "spool").write_text("a file, not a folder")
    for arguments in (("dead-letters", "requeue", "--all"), ("drain",)):
        done = command(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(f"pipelines-client: {state_dir} cannot be written (")
        assert "run it again" in done.stderr
    assert len(read_dead_letters(state_dir / "dead-letters")) == 4


def test_drain_does_not_create_a_state_directory(command: Any, tmp_path: Path) -> None:
    """A mistyped path is an error that names it, as for `status`."""
    slip = tmp_path / "stat"
    done = command("drain", "--state-dir", str(slip))
    assert done.returncode == 2
    assert f"{slip} is not a state directory; pass the one that the client uses" in done.stderr
    assert not slip.exists()
