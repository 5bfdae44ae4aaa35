"""The replay list names the messages that a replay should send."""

from __future__ import annotations

import orjson
import pytest


@pytest.fixture
def lossy(evidence):
    """Losses with every cause."""
    m = evidence.messages
    m[1].lose("segment")
    m[2].not_sent("customerio", "rejected", "400")
    m[3].not_sent("customerio", "dropped", "spool_full")
    m[3].not_sent("segment", "dropped", "spool_full")
    m[4].not_sent("segment", "skipped", "stage")
    m[5].unsettled("segment")
    m[6].is_recorded = False
    m[6].lose("customerio")
    m[199].lose("segment")
    evidence.add({"type": "alias", "userId": "u1", "previousId": "a1"}).lose("customerio")
    return evidence


def test_the_replay_list_names_what_a_replay_should_send(lossy, compare, tmp_path):
    """Not what waits, was skipped, is expected or too young; with where the other copy lies, for its owner only."""
    path = tmp_path / "replay.jsonl"
    path.write_text("what was there before\n")
    path.chmod(0o644)
    compare(lossy.paths(), replay_list=path)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [(line["message_id"], line["side"], line["cause"]) for line in lines] == [
        ("m00002", "customerio", "rejected"),
        ("m00003", "customerio", "dropped"),
        ("m00001", "segment", "accepted_but_absent"),
        ("m00003", "segment", "dropped"),
        ("m00199", "segment", "accepted_but_absent"),
    ]
    assert lines[1]["copy"] is lines[3]["copy"] is None
    assert lines[0] == {
        "message_id": "m00002",
        "side": "customerio",
        "cause": "rejected",
        "type": "track",
        "event": "Feature Used",
        "occurred_at": "2026-11-02T09:30:02.000Z",
        "copy": lines[0]["copy"],
        "absent_until": lines[0]["absent_until"],
    }
    copy = lines[2]["copy"]
    data = (lossy.folder / "customerio" / copy["file"]).read_bytes()[copy["offset"] :][: copy["bytes"]]
    assert orjson.loads(data)["id"] == "m00001"
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_ledger_the_replay_list_has_what_the_other_side_has(lossy, compare, tmp_path):
    """The cause of each absence is unknown, and each line says so."""
    paths = lossy.paths()
    del paths["ledger"]
    compare(paths, replay_list=tmp_path / "replay.jsonl")
    lines = [orjson.loads(line) for line in (tmp_path / "replay.jsonl").read_bytes().splitlines()]
    assert {line["cause"] for line in lines} == {"unknown"}
    assert all(line["copy"]["source"] != line["side"] for line in lines)


@pytest.mark.parametrize("harm", ["cut", "not there", "unreadable lines"])
def test_what_may_lie_in_a_gap_of_unknown_time_is_left_out(lossy, compare, tmp_path, harm):
    """All of the call type of the harmed file, but for what the ledger itself says is lost; and it is counted."""
    lossy.add({"type": "page", "name": "Home", "userId": "u1"})
    lost = lossy.add({"type": "page", "name": "Home", "userId": "u1"})
    lost.lose("customerio")
    lossy.messages[7].lose("customerio")
    paths, path = lossy.paths(), tmp_path / "replay.jsonl"
    tracks = sorted((lossy.folder / "customerio").glob("*.track.*"))
    data = tracks[0].read_bytes()
    if harm == "cut":
        tracks[0].write_bytes(data[: len(data) * 2 // 3])
    elif harm == "not there":
        tracks[1].rename(tracks[1].with_name("2184.13699.3.track.json"))
    else:
        tracks[0].write_bytes(b"\n".join([*data.splitlines()[:100], *[b"?"] * 9, *data.splitlines()[100:]]))
    report = compare(paths, replay_list=path)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    listed = [(line["message_id"], line["cause"]) for line in lines if line["side"] == "customerio"]
    assert listed[:2] == [("m00002", "rejected"), ("m00003", "dropped")]
    assert {line["type"] for line in lines[2:] if line["side"] == "customerio"} <= {"page"}
    assert {line["side"] for line in lines} == {"customerio", "segment"}
    assert report.replay.left_out["customerio"] >= 1
    assert report.replay.messages == len(lines)
