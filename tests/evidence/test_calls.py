"""The calls in evidence of every kind, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evidence import Evidence
from exports import as_csv, as_lines, rewrite, write_warehouse

from pipelines_client.errors import SourceError
from pipelines_client.evidence.calls import FoundCall, calls_in

CALLS = [
    {"type": "identify", "userId": "u1", "traits": {"plan": "pro", "created_at": "2026-11-02"}},
    {
        "type": "track",
        "userId": "u1",
        "event": "Order Completed",
        "properties": {"total": 42.5, "items": [{"sku": "a"}]},
    },
    {"type": "group", "userId": "u1", "groupId": "g1", "traits": {"name": "Acme"}},
    {"type": "alias", "userId": "u1", "previousId": "u0"},
    {"type": "track", "anonymousId": "a1", "event": "Feature Used", "properties": {}},
]


@pytest.fixture
def kept(tmp_path: Path) -> Evidence:
    evidence = Evidence(tmp_path)
    for call in CALLS:
        evidence.add(call)
    return evidence


def found(path: object, columns: dict[str, Any] | None = None) -> list[FoundCall]:
    return list(calls_in([str(path)], columns))


def of_the_call(lines: list[FoundCall]) -> list[dict[str, Any]]:
    """Return the calls, each with the keys that the planted one has, in its order."""
    calls = {line.call["messageId"]: line.call for line in lines if line.call is not None}
    return [
        {name: calls[f"m{index:05}"].get(name) for name in planted}
        for index, planted in enumerate(CALLS)
        if f"m{index:05}" in calls
    ]


def test_a_segment_archive_gives_whole_lines_with_their_places(kept: Evidence) -> None:
    """With Segment's own time and that of the client."""
    lines = found(kept.write_segment())
    assert of_the_call(lines) == CALLS
    assert all("originalTimestamp" in (line.call or {}) and line.place.rpartition(":")[2].isdigit() for line in lines)


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_storage_files_of_every_form_give_the_same_calls(kept: Evidence, form: str) -> None:
    """Also where nested values are text (FACTS C19)."""
    folder = kept.write_customerio()
    if form != "json":
        rewrite(folder, form)
    lines = found(folder)
    assert of_the_call(lines) == CALLS
    assert all((line.call or {}).get("timestamp") for line in lines)


def test_a_table_gives_calls_if_its_map_names_the_payload(tmp_path: Path) -> None:
    """As an object or as its JSON text; without a payload there is nothing to compare."""
    rows = [{"id": "m1", "what": "buy", "at": "2026-11-20T09:30:00Z", "who": "u1", "data": {"total": 4.5}}]
    path = tmp_path / "events.csv"
    path.write_bytes(as_csv(rows))
    columns: dict[str, Any] = {
        "event": "what",
        "time": "at",
        "message_id": "id",
        "user_id": "who",
        "properties": "data",
    }
    (line,) = found(f"table:{path}", {**columns, "names": {"buy": "Order Completed"}})
    assert line.call == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m1",
        "userId": "u1",
        "timestamp": "2026-11-20T09:30:00.000Z",
        "properties": {"total": 4.5},
    }
    del columns["properties"]
    with pytest.raises(SourceError, match="does not hold the calls' payloads"):
        found(f"table:{path}", columns)
    with pytest.raises(SourceError, match="needs a column map"):
        found(f"table:{path}")


def test_a_ledger_gives_ids_only(kept: Evidence) -> None:
    """It keeps no payload; each message has a line for each leg."""
    lines = found(kept.write_ledger())
    assert {line.message_id for line in lines} == {f"m{index:05}" for index in range(len(CALLS))}
    assert not any(line.call or line.fault for line in lines)


def test_what_cannot_be_read_is_said_with_its_place(tmp_path: Path) -> None:
    """Broken JSON, other types, text where a payload belongs, and nesting beyond what evidence may have."""
    path = tmp_path / "calls.json"
    deep = "[" * 900 + "]" * 900
    good = {"type": "track", "messageId": "m1", "event": "E", "userId": "u1"}
    lines = [
        json.dumps(good),
        "{",
        '{"messageId": "m2", "type": "delete"}',
        f'{{"messageId": "m3", "properties": {deep}}}',
    ]
    path.write_text("\n".join(lines) + "\n")
    call, *faults = found(path)
    assert call == FoundCall("calls.json:1", good)
    assert [(line.place, bool(line.fault), line.call) for line in faults] == [
        (f"calls.json:{number}", True, None) for number in (2, 3, 4)
    ]
    exported = tmp_path / "2184.13699.1.track.csv"
    exported.write_bytes(
        as_csv(
            [{"id": "m1", "user_id": "u1", "event_text": "E", "received_at": "2026-11-20T09:30:00Z", "properties": "{"}]
        )
    )
    (line,) = found(exported)
    assert line.fault == "its payload is not JSON"


def test_a_view_whose_file_was_renamed_may_be_of_a_page_or_a_screen(tmp_path: Path) -> None:
    """So its effect cannot be told."""
    path = tmp_path / "renamed.json"
    path.write_bytes(
        as_lines([{"id": "m1", "user_id": "u1", "received_at": "2026-11-20T09:30:00Z", "properties": {"a": 1}}])
    )
    assert found(path) == [FoundCall("renamed.json:1")]


def test_sources_without_payloads_are_refused_with_what_to_pass(kept: Evidence, tmp_path: Path) -> None:
    """A warehouse flattens payloads, an API counts."""
    with pytest.raises(SourceError, match="does not hold the calls' payloads; pass Segment's archive"):
        found(write_warehouse(kept, tmp_path / "warehouse", "csv"))
    with pytest.raises(SourceError, match="an API of counts holds no calls"):
        found("segment-volume:workspace")
