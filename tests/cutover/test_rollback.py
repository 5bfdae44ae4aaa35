"""What a rollback would lack on the Segment side, and the three answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stage_files import write_ledger

from pipelines_client.cutover.losses import Losses
from pipelines_client.cutover.rollback import WayBack, count_ledgers, way_back
from pipelines_client.state.runfile import LegReport


def found_in(ledger: Path, leg: str = "segment", **more: Any) -> WayBack:
    return way_back(count_ledgers([ledger], leg), leg, **{"waiting": 0, **more})


def test_the_way_back_counts_what_segment_lacks_and_can_be_had(tmp_path: Path) -> None:
    """Planted: one of each reason; each is counted once, whatever was recorded of it how often."""
    ledger = write_ledger(
        tmp_path,
        ("both", "segment", "accepted", None),
        ("both", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("cohort", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("stage", "customerio", "accepted", None),
        ("stage", "segment", "skipped", "stage"),
        ("refused", "segment", "rejected", "too large"),
        ("refused", "customerio", "skipped", "reserved_name"),
        ("refused too", "segment", "rejected", "too large"),
        ("replayed", "segment", "skipped", "stage"),
        ("replayed", "customerio", "accepted", None),
        ("replayed", "segment", "accepted", None),
        ("discarded", "segment", "dropped", "discarded"),
        ("discarded", "customerio", "rejected", "no"),
        ("gone", "segment", "dropped", "spool_full"),
        ("gone", "customerio", "dropped", "spool_full"),
        ("meant", "segment", "skipped", "denied"),
        ("meant", "customerio", "accepted", None),
        ("not there", "customerio", "dropped", "discarded"),
        ("not there", "segment", "accepted", None),
        ("waits", "segment", "skipped", "stage"),
        end='{"torn',
    )
    found = found_in(ledger, waiting=3)
    counts = found.to_replay, found.waiting, found.waiting_elsewhere, found.lost, found.unread_lines
    assert counts == (5, 3, 1, 1, 1)
    assert found.answer == "not safe"
    assert found_in(ledger, "customerio").to_replay == 2


@pytest.mark.parametrize("missing", ["leg", "outcome", "reason", "message_id"])
def test_a_line_that_lacks_what_is_counted_is_unreadable(tmp_path: Path, missing: str) -> None:
    """As is the torn one at the end, and a line whose field is not a text."""
    ledger = write_ledger(tmp_path, ("m", "segment", "accepted", None), end='{"torn')
    record = {"leg": "segment", "outcome": "dropped", "reason": "spool_full", "message_id": "n"}
    lines = [{name: value for name, value in record.items() if name != missing}, {**record, missing: ["n"]}, 7]
    (ledger / "2026-12-01" / "v.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = found_in(ledger)
    assert (found.lost, found.unread_lines) == (0, 4)


@pytest.mark.parametrize("reason", ["reserved_name", "empty_event", "before_send", "denied", "no_person"])
def test_what_a_leg_never_gets_is_not_lacking(tmp_path: Path, reason: str) -> None:
    """At no stage would it have had the message, so a rollback changes nothing about it."""
    ledger = write_ledger(tmp_path, ("m", "segment", "skipped", reason), ("m", "customerio", "accepted", None))
    found = found_in(ledger)
    assert (found.to_replay, found.lost, found.answer) == (0, 0, "safe")


@pytest.mark.parametrize("reason", ["too_large", "invalid_message_id", "before_send"])
def test_a_call_that_is_refused_for_what_it_is_does_not_hold_the_way_back(tmp_path: Path, reason: str) -> None:
    """Its caller was told, no side would have had it at any stage, and it cannot be sent later.

    That goes for a client without a key for Segment too, and for refusals that were too many to be recorded.
    """
    rows = [("m", "segment", "dropped", reason), ("m", "customerio", "dropped", reason)]
    assert found_in(write_ledger(tmp_path / "both", *rows)).answer == "safe"
    assert found_in(write_ledger(tmp_path / "alone", *rows[1:])).answer == "safe"
    count = count_ledgers([], "segment")
    legs = {leg: LegReport(9, 0, 0, {}, {reason: 9}, {}) for leg in ("segment", "customerio")}
    assert count.unrecorded_drops(tmp_path, {"w": legs}) == {}
    legs = {leg: LegReport(9, 0, 0, {}, {reason: 9, "spool_full": 4}, {}) for leg in ("segment", "customerio")}
    assert count.unrecorded_drops(tmp_path, {"w": legs}) == {"w": 4}


@pytest.mark.parametrize("words", ["denied", "no_person", "too_large"])
def test_what_an_api_rejects_is_lacking_whatever_words_it_uses(tmp_path: Path, words: str) -> None:
    """They may be the ones by which a message is left out here."""
    ledger = write_ledger(tmp_path, ("m", "segment", "rejected", words), ("m", "customerio", "accepted", None))
    assert found_in(ledger).to_replay == 1


def test_a_client_without_a_key_for_the_leg_has_recorded_nothing_of_it_so_all_its_messages_are_lacking(
    tmp_path: Path,
) -> None:
    """Except those that were replayed; what a replay sent to the other side alone is not the leg's business."""
    folder = tmp_path / "ledger" / "2026-12-01"
    folder.mkdir(parents=True)
    rows = [
        *({"message_id": f"m{n}", "leg": "customerio", "stage": "complete", "writer": "alone"} for n in range(5)),
        {"message_id": "m4", "leg": "segment", "stage": "replay", "writer": "replay-segment-0a"},
        {"message_id": "old", "leg": "customerio", "stage": "backfill", "writer": "backfill-customerio-0a"},
    ]
    text = "".join(json.dumps({**row, "outcome": "accepted", "reason": None}) + "\n" for row in rows)
    (folder / "w.jsonl").write_text(text)
    assert found_in(tmp_path / "ledger").to_replay == 4


@pytest.mark.parametrize(("destination", "left"), [("live", 0), ("", 0), ("rehearsal", 1)])
def test_what_was_replayed_counts_if_it_went_where_the_clients_send(
    tmp_path: Path, destination: str, left: int
) -> None:
    """A rehearsal against another host mends nothing; lines of before destinations were recorded are believed."""
    folder = tmp_path / "ledger" / "2026-12-01"
    folder.mkdir(parents=True)
    rows = [
        {"leg": "segment", "outcome": "skipped", "reason": "stage", "stage": "complete", "destination": "live"},
        {"leg": "customerio", "outcome": "accepted", "reason": None, "stage": "complete", "destination": "other"},
        {"leg": "segment", "outcome": "accepted", "reason": None, "stage": "replay", "destination": destination},
    ]
    (folder / "w.jsonl").write_text("".join(json.dumps({**row, "message_id": "m"}) + "\n" for row in rows))
    assert found_in(tmp_path / "ledger").to_replay == left


@pytest.mark.parametrize(
    ("replayed", "last", "left"),
    [
        ("staging", "live", 2),  # a rehearsal: only what a client had taken for staging is there for good
        ("live", "live", 0),
        ("staging", "staging", 0),  # the key was changed for good
        ("live", "staging", 2),  # so it was, and what was taken for the old key has reached that
        ("elsewhere", "live", 3),
    ],
)
def test_a_key_that_a_client_had_for_a_while_is_not_where_the_clients_send_now(
    tmp_path: Path, replayed: str, last: str, left: int
) -> None:
    """Which is the last one goes by the records' times: their order in a ledger of several writers says nothing."""
    skipped = {"leg": "segment", "outcome": "skipped", "reason": "stage", "stage": "complete"}
    taken = [("z", last, "12:00"), ("a", "live", "10:00"), ("b", "staging", "11:00")]
    replays = [{"leg": "segment", "outcome": "accepted", "reason": None, "stage": "replay", "destination": replayed}]
    rows = [
        {**row, "message_id": message_id, "finished_at": f"2026-12-01T{time}:00.000Z"}
        for message_id, destination, time in taken
        for row in [
            {**skipped, "destination": destination},
            {"leg": "customerio", "outcome": "accepted", "reason": None, "stage": "complete", "destination": "other"},
            *replays,
        ]
    ]
    folder = tmp_path / "ledger" / "2026-12-01"
    folder.mkdir(parents=True)
    (folder / "w.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert found_in(tmp_path / "ledger").to_replay == left


@pytest.mark.parametrize(
    ("stages", "lost", "lost_before"),
    [
        (["live", "live"], 1, 0),
        (["complete", "complete"], 1, 0),
        (["dual", "dual"], 0, 1),
        (["segment", "segment"], 0, 1),
        (["dual", "dual", "replay"], 0, 1),
        (["replay"], 1, 0),
        ([None, None], 1, 0),
    ],
)
def test_what_was_lost_while_segment_counted_does_not_block_and_is_no_safe_way(
    tmp_path: Path, stages: list[str | None], lost: int, lost_before: int
) -> None:
    """The stage is that of the call; a step back leaves such a message as it is."""
    folder = tmp_path / "ledger" / "2026-12-01"
    folder.mkdir(parents=True)
    rows = [
        {"message_id": "m", "leg": leg, "outcome": "dropped", "reason": "queue_full", "stage": stage}
        for leg, stage in zip(("segment", "customerio", "segment"), [*stages, *stages[:1]], strict=False)
    ]
    (folder / "w.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = found_in(tmp_path / "ledger", is_flowing=True)
    assert (found.lost, found.lost_before, found.answer) == (lost, lost_before, "not safe")
    assert [obstacle.kind for obstacle in found.obstacles] == ["lost"] * lost


def test_what_was_accepted_as_lost_is_shown_and_holds_nothing(tmp_path: Path) -> None:
    """A replay that brings it all the same takes it out."""
    rows = [("m", leg, "dropped", "spool_full") for leg in ("segment", "customerio")]
    ledger = write_ledger(tmp_path, *rows)
    count = count_ledgers([ledger], "segment")
    found = way_back(count, "segment", losses=Losses(accepted=1), waiting=0)
    assert (found.answer, found.accepted, found.obstacles) == ("safe", 1, ())
    write_ledger(tmp_path, *rows, ("m", "segment", "accepted", None))
    assert count_ledgers([ledger], "segment").lost == {}


LACKING = {
    "to_replay": "never reached Segment; first: pipelines-client replay",
    "waiting": "are held up",
    "waiting_elsewhere": "wait for Customer.io",
    "lost": "replay them from a file that has them, or: pipelines-client cutover accept",
}


@pytest.mark.parametrize(("lacking", "words"), LACKING.items())
@pytest.mark.parametrize("is_flowing", [False, True])
@pytest.mark.parametrize("is_held_up", [False, True])
def test_while_a_process_runs_only_what_a_replay_cannot_mend_blocks(
    lacking: str, words: str, is_flowing: bool, is_held_up: bool
) -> None:
    """With any lack it is not safe; without a process, what can be mended first blocks too."""
    fields = {"leg": "segment", "to_replay": 0, "waiting": 0, lacking: 1}
    found = WayBack(**fields, is_flowing=is_flowing, is_held_up=is_held_up)  # type: ignore[arg-type]  # counts by name
    is_mended_later = lacking in ("to_replay", "waiting_elsewhere") or (lacking == "waiting" and not is_held_up)
    assert found.answer == "not safe"
    assert [words in obstacle.text for obstacle in found.obstacles] == [True] * (not is_flowing or not is_mended_later)


def test_with_a_gap_the_answer_is_unknown_whatever_the_counts_are() -> None:
    """And it blocks, with what to give."""
    whole = WayBack("segment", 0, 0)
    gap = WayBack("segment", 0, 0, unknown=("the ledger is gone; restore it",), is_flowing=True)
    assert (whole.answer, whole.is_safe, whole.obstacles) == ("safe", True, ())
    assert (gap.answer, gap.is_safe) == ("unknown", False)
    assert [str(obstacle) for obstacle in gap.obstacles] == ["unknown: the ledger is gone; restore it"]
    assert WayBack("segment", 9, 9, unknown=("why",)).answer == "unknown"


def report(accepted: int = 0, rejected: int = 0, dropped: int = 0, skipped: int = 0) -> LegReport:
    return LegReport(9, 0, accepted, {"r": rejected}, {"d": dropped}, {"s": skipped})


@pytest.mark.parametrize(
    ("legs", "expected", "lacking", "drops"),
    [
        ({"segment": report(1), "customerio": report(1, skipped=1)}, 3, 0, 0),
        ({"segment": report(2), "customerio": report(1, skipped=1)}, 4, 1, 0),
        ({"segment": report(1, rejected=2)}, 3, 2, 0),
        ({"segment": report(1, skipped=4)}, 5, 4, 0),
        ({"segment": report(1, skipped=4), "customerio": report(1, dropped=3, skipped=1)}, 7, 1, 3),
        ({"segment": report(1, dropped=7), "customerio": report(1, dropped=7, skipped=1)}, 3, 0, 7),
    ],
)
def test_a_ledger_lacks_what_its_writers_report_and_it_does_not_have(
    tmp_path: Path, legs: dict[str, LegReport], expected: int, lacking: int, drops: int
) -> None:
    """Calls that were refused in numbers are counted and not all recorded: on one leg dropped, on the other skipped."""
    folder = tmp_path / "ledger"
    (folder / "2026-12-01").mkdir(parents=True)
    rows = [("a", "segment", "accepted"), ("a", "customerio", "accepted"), ("b", "customerio", "skipped")]
    lines = (
        json.dumps({"message_id": id_, "leg": leg, "outcome": outcome, "reason": "denied", "writer": "w"})
        for id_, leg, outcome in rows
    )
    (folder / "2026-12-01" / "w.jsonl").write_text("\n".join(lines) + "\n")
    count = count_ledgers([folder], "segment")
    assert count.gaps(folder, {"w": legs}) == (expected, lacking)
    assert count.unrecorded_drops(folder, {"w": legs}) == ({"w": drops} if drops else {})
