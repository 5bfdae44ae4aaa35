"""Both export layouts, read back as their vendors document them."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from pipelines_client.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

MIDNIGHT_MS = "1793577600000"  # 2026-11-02 00:00 UTC
SENT_AT = "2026-11-02T09:29:58.000Z"

COLUMNS = {
    "track": {"event", "event_text", "properties", "context"},
    "identify": {"traits", "context"},
    "page": {"properties", "context"},
    "screen": {"properties", "context"},
    "group": {"group_id", "objectTypeId", "traits"},
    "alias": {"previous_id"},
}
COMMON = {"id", "received_at", "sent_at", "anonymous_id", "user_id"}


def archive(out: Path, api: str = "segment") -> dict[str, list[dict]]:
    """Read Segment's archive: lines by path below the source's folder."""
    (source,) = (folder for folder in (out / api / "segment-logs").iterdir() if folder.is_dir())
    return {
        str(path.relative_to(source)): [json.loads(line) for line in gzip.open(path, "rt")]
        for path in sorted(source.rglob("*.gz"))
    }


def storage(out: Path, api: str = "customerio") -> dict[str, list[dict]]:
    """Read Customer.io's storage files: rows by file name."""
    return {
        path.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted((out / api).glob("*.json"))
    }


def test_the_archive_corrects_times_by_the_clients_skew(tmp_path, post, message, clock):
    """The timestamp is receivedAt - (sentAt - originalTimestamp), and what was sent stays beside it (FACTS S7, S9)."""
    with Sandbox(now=clock) as sandbox:
        body = {"batch": [message("m1", timestamp="2026-11-02T09:00:00.250+00:00")], "sentAt": SENT_AT}
        post(sandbox.segment, body=body)
        sandbox.export(tmp_path)
    ((path, (line,)),) = archive(tmp_path).items()
    assert path.startswith(f"{MIDNIGHT_MS}/")
    assert line["timestamp"] == "2026-11-02T09:00:02.250Z"
    assert line["originalTimestamp"] == "2026-11-02T09:00:00.250+00:00"
    assert line["sentAt"] == SENT_AT
    assert line["receivedAt"] == "2026-11-02T09:30:00.000Z"
    assert (line["type"], line["event"], line["messageId"]) == ("track", "Order Completed", "m1")
    assert (line["userId"], line["anonymousId"], line["properties"]) == ("u1", None, {"total": 42})
    assert line["channel"] == "server"
    assert "writeKey" not in line


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "corrected"),
    [
        (None, SENT_AT, "2026-11-02T09:30:00.000Z"),
        ("yesterday", SENT_AT, "2026-11-02T09:30:00.000Z"),
        ("2026-11-01T00:00:00Z", None, "2026-11-01T00:00:00.000Z"),
        ("2026-11-02T10:29:58+0100", SENT_AT, "2026-11-02T09:30:00.000Z"),
        ("2026-11-02T09:29:58.123456789Z", SENT_AT, "2026-11-02T09:30:00.123Z"),
        ("9999-12-31T23:59:59.999Z", SENT_AT, "9999-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "2026-11-02T09:31:00Z", "0001-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00+01:00", SENT_AT, "2026-11-02T09:30:00.000Z"),
        ("2026-11-02T09:00:00Z", "9999-12-31T23:59:59-01:00", "2026-11-02T09:00:00.000Z"),
    ],
)
def test_times_that_are_missing_or_unreadable_still_give_a_timestamp(
    tmp_path, post, message, clock, timestamp, sent_at, corrected
):
    """Whatever a client sends, the archive has an instant."""
    with Sandbox(now=clock) as sandbox:
        post(sandbox.segment, body={"batch": [message("m1", timestamp=timestamp)], "sentAt": sent_at})
        sandbox.export(tmp_path)
    ((line,),) = archive(tmp_path).values()
    assert line["timestamp"] == corrected


def test_the_archive_has_a_folder_for_each_day_of_receipt_and_a_file_for_each_hour(tmp_path, post, message, clock):
    """Folders are UTC midnights in milliseconds (FACTS S8)."""
    with Sandbox(now=clock) as sandbox:
        for number, hours in enumerate((0, 1, 14)):
            clock.at = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc) + timedelta(hours=hours)
            post(sandbox.segment, [message(f"m{number}", timestamp="2026-10-01T00:00:00Z")])
        sandbox.export(tmp_path)
    files = archive(tmp_path)
    assert [path.split("/")[0] for path in files] == [MIDNIGHT_MS, MIDNIGHT_MS, MIDNIGHT_MS]
    assert [path.split("/")[1].split(".")[0] for path in files] == ["1793610000000", "1793613600000", "1793660400000"]
    assert (tmp_path / "segment/segment-logs/dummy-object.txt").exists()


@pytest.mark.parametrize("call", sorted(COLUMNS))
def test_a_storage_file_has_just_the_columns_of_its_call_type(tmp_path, post, clock, call):
    """No event time anywhere, no name on pages and screens (FACTS C19)."""
    fields = {
        "track": {"event": "  Order Completed ", "properties": {"total": 42}},
        "page": {"name": "Pricing", "properties": {"url": "/"}},
        "group": {"groupId": "g1", "traits": {"object_type_id": "2"}},
        "alias": {"previousId": "a1"},
    }.get(call, {})
    times = {"timestamp": "2026-11-01T00:00:00Z", "sentAt": SENT_AT}
    body = {"messageId": "m1", "userId": "u1", "context": {}, **times, **fields}
    with Sandbox(now=clock) as sandbox:
        post(sandbox.customerio, call=call, body=body)
        sandbox.export(tmp_path)
    ((name, (row,)),) = storage(tmp_path).items()
    assert name.endswith(f".1.{call}.json")
    assert set(row) == COMMON | COLUMNS[call]
    assert (row["id"], row["user_id"], row["anonymous_id"]) == ("m1", "u1", None)
    assert (row["received_at"], row["sent_at"]) == ("2026-11-02T09:30:00.000Z", SENT_AT)
    assert row.get("event") == ("order_completed" if call == "track" else None)
    assert row.get("event_text") == ("Order Completed" if call == "track" else None)
    assert row.get("objectTypeId") == ("2" if call == "group" else None)


def test_positions_count_up_by_one_for_each_call_type(tmp_path, post, message, clock):
    """N syncs with a call type give N positions of it, in the order of receipt (FACTS C18)."""
    with Sandbox(now=clock) as sandbox:
        post(sandbox.customerio, [message("t1"), message("i1", type="identify")])
        clock.advance(minutes=10)
        post(sandbox.customerio, [message("t2")])
        sandbox.sync()
        post(sandbox.customerio, [message("t3"), message("i2", type="identify")])
        sandbox.export(tmp_path)
    ids = {name.split(".", 2)[2]: [row["id"] for row in rows] for name, rows in storage(tmp_path).items()}
    assert ids == {
        "1.track.json": ["t1"],
        "2.track.json": ["t2"],
        "3.track.json": ["t3"],
        "1.identify.json": ["i1"],
        "2.identify.json": ["i2"],
    }
    assert all(name.startswith("2184.13699.") for name in storage(tmp_path))


def test_storage_files_can_spell_times_as_unix_seconds(tmp_path, post, message, clock):
    """The other form of FACTS C19."""
    with Sandbox(now=clock, times="unix") as sandbox:
        post(sandbox.customerio, body={"batch": [message("m1")], "sentAt": SENT_AT})
        sandbox.export(tmp_path)
    ((row,),) = storage(tmp_path).values()
    assert (row["received_at"], row["sent_at"]) == (1793611800, 1793611798)


def test_exports_hold_what_was_accepted_and_nothing_that_was_lost(tmp_path, post, message):
    """A message that was dropped behind a 200 is in no export."""
    with Sandbox(out=tmp_path) as sandbox:
        for api in (sandbox.segment, sandbox.customerio):
            post(api, [message("good"), message("bad", userId=None)])
    assert [line["messageId"] for lines in archive(tmp_path).values() for line in lines] == ["good"]
    assert [row["id"] for rows in storage(tmp_path).values() for row in rows] == ["good"]


def test_the_other_region_is_exported_once_it_received_something(tmp_path, post, message):
    """EU folders are there only if they are needed."""
    with Sandbox() as sandbox:
        sandbox.export(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["customerio", "planted.json", "segment"]
        post(sandbox.segment_eu, [message("m1")])
        post(sandbox.customerio_eu, [message("m2")])
        sandbox.export(tmp_path)
    assert [line["messageId"] for lines in archive(tmp_path, "segment-eu").values() for line in lines] == ["m1"]
    assert [row["id"] for rows in storage(tmp_path, "customerio-eu").values() for row in rows] == ["m2"]


def test_exporting_again_brings_the_files_up_to_date(tmp_path, post, message, clock):
    """A second export has everything once, in the same files."""
    with Sandbox(now=clock) as sandbox:
        for name in ("m1", "m2"):
            post(sandbox.segment, [message(name)])
            post(sandbox.customerio, [message(name)])
            sandbox.export(tmp_path)
    (lines,) = archive(tmp_path).values()
    (rows,) = storage(tmp_path).values()
    assert [line["messageId"] for line in lines] == [row["id"] for row in rows] == ["m1", "m2"]


def test_a_second_run_into_the_same_folder_goes_on(tmp_path, post, message, clock):
    """Positions count on from the highest one, and no file of the first run is touched."""
    for name in ("m1", "m2"):
        with Sandbox(out=tmp_path, now=clock) as sandbox:
            post(sandbox.customerio, [message(name)])
            post(sandbox.segment, [message(name)])
    assert [name.split(".")[2] for name in storage(tmp_path)] == ["1", "2"]
    assert sorted(line["messageId"] for lines in archive(tmp_path).values() for line in lines) == ["m1", "m2"]


def test_nothing_half_written_is_left(tmp_path, post, message):
    """Files appear whole; no hidden leftovers."""
    with Sandbox(out=tmp_path) as sandbox:
        post(sandbox.segment, [message("m1")])
    assert list(tmp_path.rglob(".*")) == []
