"""Replays against the sandbox: from each source, as it was, and once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status
from pipelines_client.errors import LedgerError, SourceError
from pipelines_client.history import RunOptions, Summary, replay
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.state.dead_letters import read_dead_letters
from pipelines_client.state.ledger import Outcome

Replay = Callable[..., Summary]
BEFORE = datetime(2026, 1, 1, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def again(client: Any) -> Replay:
    """Replay with the client's settings."""

    def run(to: Any, source: Any, *paths: Any, archive: Any = (), **options: Any) -> Summary:
        return replay(to, source, paths, archive=archive, settings=client.settings, options=RunOptions(**options))

    return run


@pytest.fixture
def lists(sandbox: Any, state_dir: Path, tmp_path: Path) -> Callable[[], Path]:
    """Have parity write what each side lacks, out of fresh exports."""

    def run() -> Path:
        sandbox.export(tmp_path / "out")
        paths = {"ledger": state_dir, **{side: tmp_path / "out" / side for side in ("segment", "customerio")}}
        run_parity(paths, ParityOptions(replay_list=tmp_path / "missing.jsonl"), now=utc_now())
        return tmp_path / "missing.jsonl"

    return run


@pytest.fixture
def refused(client: Any, sandbox: Any) -> None:
    """Three messages that Customer.io refused, though nothing is wrong with them, and one that it took."""
    sandbox.customerio.answer(400, body={"meta": {"errors": ["busy"]}})
    for n in range(3):
        client.track("u1", "Ordered", {"n": n, "ärger": "ja"}, timestamp=BEFORE + timedelta(days=n))
    assert client.flush(10)
    sandbox.customerio.normal()
    client.track("u1", "Shipped")
    assert client.flush(10)


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize("switch", ["off", "discard"])
def test_a_leg_that_is_switched_off_is_sent_nothing(client: Any, sandbox: Any, tmp_path: Path, switch: str) -> None:
    """A kill switch holds for whoever sends; what was not sent is still there for the next run."""
    file = tmp_path / "stage.toml"
    file.write_text(f'stage = "dual"\n[customerio]\nswitch = "{switch}"\n', "utf-8")
    settings = client.settings.model_copy(update={"stage_file": file})
    before = sandbox.customerio.count
    summary = replay("customerio", "dead-letters", settings=settings)
    assert (summary.accepted, summary.exit_code, sandbox.customerio.count) == (0, 1, before)
    assert summary.stopped_by == f"customerio is switched to {switch}"
    file.write_text('stage = "dual"\n', "utf-8")
    assert replay("customerio", "dead-letters", settings=settings).accepted == 3


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_what_the_stage_file_denies_a_leg_is_not_replayed_to_it(
    client: Any, sandbox: Any, tmp_path: Path, *, is_dry_run: bool
) -> None:
    """Whoever is on the deny list never gets to the leg, by event, page, id or tenant; an id that is a list is none."""
    file, calls = tmp_path / "stage.toml", tmp_path / "calls.jsonl"
    file.write_text(
        'stage = "dual"\n[customerio.deny]\nevents = ["Raw Click"]\nids = ["u9", "9"]\ntenants = ["acme"]\n', "utf-8"
    )
    common = {"userId": "u1", "timestamp": "2026-01-01T09:30:00.000Z"}
    lines: list[dict[str, Any]] = [
        {"type": "track", "event": " Raw Click"},
        {"type": "page", "name": "Raw Click"},
        {"type": "track", "event": "Ordered", "userId": "u9"},
        {"type": "track", "event": "Ordered", "userId": 9},
        {"type": "alias", "previousId": "u9"},
        {"type": "track", "event": "Ordered", "context": {"groupId": "acme"}},
        {"type": "track", "event": "Ordered", "anonymousId": ["u9"]},
    ]
    calls.write_text(
        "".join(json.dumps({**common, "messageId": f"m{n}", **line}) + "\n" for n, line in enumerate(lines)), "utf-8"
    )
    settings = client.settings.model_copy(update={"stage_file": file})
    summary = replay("customerio", "jsonl", calls, settings=settings, options=RunOptions(is_dry_run=is_dry_run))
    assert (summary.refused, summary.chosen) == ({"denied": 6}, 1)
    assert [call["messageId"] for call in sandbox.customerio.accepted] == ([] if is_dry_run else ["m6"])


@pytest.mark.usefixtures("refused")
def test_dead_letters_go_again_as_they_were_and_are_no_longer_listed(
    again: Replay, sandbox: Any, ledger: Any, state_dir: Path
) -> None:
    """The same bytes, ids and times; the ledger says that they were replayed."""
    before = read_status(state_dir, now=utc_now()).legs["customerio"]
    assert again("customerio", "dead-letters", where=["properties.n=2"]).accepted == 1
    summary = again("customerio", "dead-letters")
    assert (summary.read, summary.accepted, summary.exit_code) == (2, 2, 0)
    assert summary.under_72_h == 0
    assert again("customerio", "dead-letters").read == 0
    assert read_dead_letters(state_dir / "dead-letters") == []
    last = sandbox.customerio.accepted[-3:]
    assert sorted(last, key=lambda call: call["messageId"]) == sorted(
        sandbox.segment.accepted[:3], key=lambda call: call["messageId"]
    )
    for call in last:
        assert ledger.outcomes(call["messageId"]) == dict.fromkeys(("customerio", "segment"), Outcome.ACCEPTED)
    stages = {record.stage for record in ledger.records() if record.leg == "customerio"}
    assert stages == {"dual", "replay"}
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert status.legs["customerio"].accepted == before.accepted + 3


@pytest.mark.usefixtures("refused")
def test_a_letter_that_was_mended_by_hand_goes_as_a_call(
    again: Replay, sandbox: Any, state_dir: Path, tmp_path: Path
) -> None:
    """`dead-letters export` writes what `--from jsonl` reads."""
    letters = [letter.as_dict() for letter in read_dead_letters(state_dir / "dead-letters")]
    path = tmp_path / "letters.jsonl"
    mended = [{**letter, "body": {**json.loads(letter["body"]), "event": "Order Completed"}} for letter in letters]
    path.write_text("".join(json.dumps(letter) + "\n" for letter in mended), "utf-8")
    assert again("customerio", "jsonl", path).accepted == 3
    assert [call["event"] for call in sandbox.customerio.accepted[-3:]] == ["Order Completed"] * 3


def test_what_segment_lost_comes_back_out_of_customerios_export(
    client: Any, again: Replay, sandbox: Any, lists: Callable[[], Path], tmp_path: Path
) -> None:
    """When it happened, and a page's name, are the ledger's: the export has neither, nor a group's context (C19)."""
    sandbox.segment.answer(200, accept=False)
    client.track("u1", "Ordered", {"n": 1}, timestamp=BEFORE)
    client.identify("u1", {"plan": "pro"}, timestamp=BEFORE)
    client.page("u1", None, "Cart", {"n": 1}, timestamp=BEFORE)
    client.group("u1", "g1", {"n": 1}, timestamp=BEFORE)
    _, alias = client.alias("anonymous-1", "u1", timestamp=BEFORE)
    assert client.flush(10)
    sandbox.segment.normal()
    for _ in range(2):
        client.track("u2", "Later")
        assert client.flush(10)
    listed = lists()
    with listed.open("a") as file:  # no side keeps an alias for sure, so parity does not list it (FACTS T)
        row = {"side": "segment", "cause": "unknown", "event": None, "occurred_at": "2026-01-01T09:30:00.000Z"}
        file.write(json.dumps({**row, "message_id": alias["messageId"]}))
    summary = again("segment", "replay-list", listed, archive=tmp_path / "out" / "customerio")
    assert (summary.read, summary.accepted) == (5, 5), summary
    back = {call["type"]: call for call in sandbox.segment.accepted[-5:]}
    assert back.keys() == {"track", "identify", "page", "group", "alias"}
    for wanted in sandbox.customerio.accepted[:5]:
        there = {name: value for name, value in wanted.items() if value is not None}
        there["timestamp"] = "2026-01-01T09:30:00.000Z"
        if wanted["type"] in ("group", "alias"):
            there["context"] = {}
        assert back[wanted["type"]] == there


@pytest.mark.usefixtures("refused")
def test_what_is_asked_for_and_nowhere_to_be_found_is_told(again: Replay, state_dir: Path, tmp_path: Path) -> None:
    """It is asked for by the ledger; its letter is gone, and no archive was given."""
    for letter in (state_dir / "dead-letters").rglob("*.jsonl*"):
        letter.unlink()
    summary = again("customerio", "ledger+archive")
    assert (summary.read, dict(summary.refused), summary.exit_code) == (3, {"no_copy": 3}, 1)
    assert len({refusal.message_id for refusal in summary.refusals}) == 3
    (tmp_path / "list.jsonl").write_text('{"message_id":"m1","side":"customerio","cause":"dropped"}\n', "utf-8")
    assert dict(again("customerio", "replay-list", tmp_path / "list.jsonl").refused) == {"no_copy": 1}
    assert again("segment", "replay-list", tmp_path / "list.jsonl").filtered == 1


def test_what_a_stage_left_out_is_there_for_the_way_back(
    make_client: Any, sandbox: Any, again: Replay, tmp_path: Path
) -> None:
    """Of a stage that spared Segment, all of it; what was never meant for a side stays away."""
    complete = make_client(stage="complete", allow_commands={"User Suppressed"})
    for n in range(4):
        complete.track("u1", "Ordered", {"n": n}, timestamp=BEFORE)
    assert complete.flush(10)
    dual = make_client(stage="dual")
    dual.track("u1", "User Deleted")
    assert dual.flush(10)
    sandbox.export(tmp_path / "out")
    summary = again("segment", "ledger+archive", archive=tmp_path / "out" / "customerio")
    assert (summary.read, summary.accepted, summary.exit_code) == (4, 4, 0)
    assert [call["properties"]["n"] for call in sandbox.segment.accepted[-4:]] == [0, 1, 2, 3]
    assert again("customerio", "ledger+archive", archive=tmp_path / "out" / "segment").read == 0


def test_a_command_in_an_old_stream_reaches_customerio_only_if_it_is_allowed(
    make_client: Any, sandbox: Any, again: Replay, tmp_path: Path
) -> None:
    """FACTS C12: the same name would delete people."""
    client = make_client(stage="segment")
    client.track("u1", "User Deleted")
    assert client.flush(10)
    sandbox.export(tmp_path / "out")
    archive = tmp_path / "out" / "segment"
    assert dict(again("customerio", "segment-archive", archive).refused) == {"reserved_name": 1}
    assert sandbox.customerio.commands == []
    assert again("customerio", "segment-archive", archive, allow_commands={"User Deleted"}).accepted == 1
    assert len(sandbox.customerio.commands) == 1


def test_a_living_client_is_not_held_up_and_takes_nothing_over(
    client: Any, sandbox: Any, again: Replay, tmp_path: Path
) -> None:
    """While a replay crawls, a message is called and delivered; the replay's spool stays the replay's."""
    calls = [
        {"type": "track", "event": "E", "userId": "u", "messageId": f"m{n}", "timestamp": "2026-11-01T09:30:00Z"}
        for n in range(8)
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), "utf-8")
    met: list[int] = []

    def live(phase: str, done: int, total: int | None) -> None:
        if phase == "send" and total and not met and done:
            client.track("u1", "Live")
            assert client.flush(5)
            met.append(done)

    summary = again("customerio", "jsonl", path, rate=40, on_progress=live)
    events = [call["event"] for call in sandbox.customerio.accepted]
    assert (summary.accepted, sorted(events)) == (8, ["E"] * 8 + ["Live"])
    assert met[0] < 8
    assert events.index("Live") < 8


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("dead-letters", LedgerError, "is not a state directory"),
        ("replay-list", SourceError, "--replay-list FILE"),
        ("jsonl", SourceError, "pass its files"),
        ("elsewhere", SourceError, "unknown source; a replay comes from one of dead-letters"),
    ],
)
def test_what_cannot_be_replayed_is_an_error_that_says_what_to_give(
    source: Any, error: type[Exception], words: str, again: Replay
) -> None:
    """And nothing is made in a directory that is none."""
    with pytest.raises(error, match=words):
        again("customerio", source)


def test_a_file_that_is_no_replay_list_is_refused(again: Replay, tmp_path: Path) -> None:
    """With the command that writes one."""
    (tmp_path / "list.jsonl").write_text('{"message_id":"m1"}\n', "utf-8")
    with pytest.raises(SourceError, match=r"list.jsonl:1: not a replay list; write one with"):
        again("customerio", "replay-list", tmp_path / "list.jsonl")
