"""Slips of the people who run a replay or a backfill: an error before anything is sent, and the nearest right name."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.history import RunOptions, Summary, backfill, replay
from pipelines_client.history.rowmap import MappedRows, id_of_row, parse_row_map

AT = "2026-11-01T10:00:00.000Z"
MAP: dict[str, Any] = {
    "time": "at",
    "default_event": "Ordered",
    "user_id": "who",
    "idempotency": ["order"],
    "properties": {"total": {"column": "amount", "type": "number"}},
}
SECONDS = 1_793_527_200


def fill(client: Any, path: Path, text: str, **columns: Any) -> Summary:
    """Backfill a file of rows, tried only."""
    path.write_text(text, "utf-8")
    options = RunOptions(is_dry_run=True)
    return backfill(path, columns={**MAP, **columns}, settings=client.settings, options=options)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"properties": {"total": "ammount"}}, "'ammount', which the map names for properties.total; did you mean 'am"),
        ({"properties": "payload"}, "'payload', which the map names for properties;"),
        ({"user_id": "whom"}, "'whom', which the map names for user_id; did you mean 'who'?"),
        ({"idempotency": ["ordr"]}, "'ordr', which the map names for idempotency; did you mean 'order'?"),
        ({"time": "zeit"}, "'zeit', which the map names for time; the columns are order, who, at, amount"),
        ({"message_id": "id"}, "'id', which the map names for message_id"),
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_column_that_no_row_has_is_named_with_the_nearest(
    client: Any, tmp_path: Path, name: str, columns: dict[str, Any], words: str
) -> None:
    """What the map asks for would silently be in no message."""
    rows = [{"order": n, "who": "u", "at": AT, "amount": 1} for n in range(2)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    with pytest.raises(SourceError) as caught:
        fill(client, tmp_path / name, f"order,who,at,amount\n1,u,{AT},12\n" if name == "rows.csv" else text, **columns)
    assert words in str(caught.value)


def test_each_table_has_all_columns_and_lines_of_json_have_them_among_them(client: Any, tmp_path: Path) -> None:
    """A header says what a table has; in lines of JSON a rare column is in a few rows."""
    head = "order,who,at,amount\n"
    (tmp_path / "a.csv").write_text(f"{head}1,u,{AT},12\n", "utf-8")
    (tmp_path / "b.csv").write_text(f"order,who,at,total\n2,u,{AT},12\n", "utf-8")
    options = RunOptions(is_dry_run=True)
    with pytest.raises(SourceError, match=r"b\.csv: no row has the column 'amount'"):
        backfill(tmp_path / "*.csv", columns=MAP, settings=client.settings, options=options)
    rows = [{"order": 1, "who": "u", "at": AT}, {"order": 2, "who": "u", "at": AT, "amount": None}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    assert fill(client, tmp_path / "rows.jsonl", text).chosen == 2
    (tmp_path / "b.csv").write_text(head, "utf-8")
    done = backfill(tmp_path / "*.csv", columns=MAP, settings=client.settings, options=options)
    assert (done.read, [Path(name).name for name in done.empty]) == (1, ["b.csv"])


def test_cells_where_the_header_should_be_are_not_quoted(client: Any, tmp_path: Path) -> None:
    """They are somebody's data."""
    with pytest.raises(SourceError) as caught:
        fill(client, tmp_path / "rows.csv", f"1,ann@example.com,{AT},12\n2,bob@example.com,{AT},13\n")
    assert "ann@" not in str(caught.value)


@pytest.mark.parametrize(
    ("second", "chosen"),
    [
        (f"1,bob,{AT},12", None),
        (f"1,ann,{AT},99", None),
        ("1,ann,2026-11-01T11:00:00Z,12", None),
        (f"1,ann,{AT},12", 1),
        (f"1.0,ann,{AT},12.0", None),
        (f"2,ann,{AT},12", 2),
    ],
)
def test_a_key_that_names_two_different_rows_is_refused(
    client: Any, tmp_path: Path, second: str, chosen: int | None
) -> None:
    """The same row twice is a duplicate; other content under the same key would be lost, or counted twice."""
    text = f"order,who,at,amount\n1,ann,{AT},12\n{second}\n"
    if chosen is not None:
        assert fill(client, tmp_path / "rows.csv", text).chosen == chosen
        return
    with pytest.raises(SourceError, match=r"rows\.csv:3: this row has the key of rows\.csv:2 and other content"):
        fill(client, tmp_path / "rows.csv", text)


def test_the_same_messageid_with_other_content_is_refused_and_the_first_goes(client: Any, tmp_path: Path) -> None:
    """Calls bring their own messageIds: a file of them does not say which of two is right."""
    calls = [
        {"type": "track", "event": "Ordered", "userId": "u", "messageId": "m", "timestamp": AT, "properties": {"n": n}}
        for n in (1, 1, 2)
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), "utf-8")
    summary = replay("customerio", "jsonl", path, settings=client.settings, options=RunOptions(is_dry_run=True))
    assert (summary.chosen, summary.duplicates, summary.refused) == (1, 1, {"other_content": 1})
    assert [refusal.place for refusal in summary.refusals] == ["calls.jsonl:3"]


@pytest.mark.parametrize("value", [1042, 1042.0, "1042", "1042.0", "1042.00"])
def test_a_whole_number_is_the_same_key_with_and_without_decimals(value: Any) -> None:
    """As data frames write them once a column has a gap; so are the ids of people."""
    call, key = MappedRows(parse_row_map(MAP, "m")).call_of({"at": AT, "who": value, "order": value, "amount": 1}, 1)
    assert call["userId"] == "1042"
    assert key == id_of_row({"type": "track", "event": "Ordered"}, [1042], 0)[10:]


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", SECONDS + 0.125),
        ("ms", SECONDS * 1000 + 125),
        ("us", f"{SECONDS * 10**6 + 125_999}"),
        ("ns", SECONDS * 10**9 + 125_999_999),
    ],
)
def test_a_unit_in_the_map_is_read(unit: str, value: Any) -> None:
    """To the millisecond."""
    columns = parse_row_map({**MAP, "time_unit": unit}, "m")
    call, _ = MappedRows(columns).call_of({"at": value, "who": "u", "order": "o"}, 1)
    assert call["timestamp"] == "2026-11-01T10:00:00.125Z"


def test_a_unit_and_a_format_contradict_each_other() -> None:
    """One is for numbers, the other for texts."""
    with pytest.raises(SourceError, match="name one of them"):
        parse_row_map({**MAP, "time_unit": "s", "time_format": "%Y"}, "m")


@pytest.mark.parametrize("name", ["rows.csv", "calls.jsonl"])
def test_a_slip_of_the_time_ends_the_run_with_the_line(client: Any, sandbox: Any, tmp_path: Path, name: str) -> None:
    """Rows, and calls without a map."""
    path = tmp_path / name
    call = {"type": "track", "event": "Ordered", "userId": "u", "messageId": "m"}
    lines = [json.dumps({**call, "timestamp": at}) for at in (AT, SECONDS * 10**9)]
    rows = ["order,who,at,amount", f"1,u,{SECONDS},1", f"2,u,{SECONDS}000,1"]
    path.write_text("\n".join(lines if name == "calls.jsonl" else rows) + "\n", "utf-8")
    with pytest.raises(SourceError, match=rf"{name}:[23]: the time looks like (nano|milli)seconds"):
        backfill(path, columns=None if name == "calls.jsonl" else MAP, settings=client.settings)
    assert sandbox.customerio.count == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"side": "costumerio"}, "its side is not one of segment, customerio; did you mean customerio?"),
        ({"side": "Customer.io"}, "its side is not one of segment, customerio"),
        ({"side": None}, "its side is not one of"),
        ({"message_id": 7}, "its message_id is not a text"),
    ],
)
def test_a_list_with_an_unknown_side_is_refused(
    client: Any, tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    """It would count as the other side's, and be left out."""
    path = tmp_path / "missing.jsonl"
    line = {"message_id": "m", "side": "segment", "cause": "rejected"}
    path.write_text(json.dumps(line) + "\n" + json.dumps({**line, **changed}) + "\n", "utf-8")
    with pytest.raises(SourceError) as caught:
        replay("customerio", "replay-list", path, settings=client.settings)
    assert f"missing.jsonl:2: {words}" in str(caught.value)


def archive(folder: Path, source: str, *, project: str | None) -> None:
    """Write a file of a Segment archive, as one source's."""
    line = {"type": "track", "event": "Ordered", "userId": "u", "messageId": f"of-{source}", "originalTimestamp": AT}
    path = folder / source / "1793491200000" / f"{source}.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(json.dumps({**line, **({"projectId": project} if project else {})}).encode()))


@pytest.mark.parametrize("has_project", [True, False])
@pytest.mark.parametrize("way", ["root", "shell", "glob", "flat"])
def test_an_archive_of_several_sources_lists_them(client: Any, tmp_path: Path, way: str, *, has_project: bool) -> None:
    """Another product's messages would go along; one source a run, by its folder, or by what its lines say."""
    root = tmp_path / "segment-logs"
    for source in ("ours", "theirs"):
        archive(root, source, project=source if has_project else None)
    paths: Any = {"root": root, "shell": sorted(root.iterdir()), "glob": root / "*"}.get(way)
    if way == "flat":
        paths = tmp_path / "flat"
        paths.mkdir()
        for file in root.rglob("*.gz"):
            file.rename(paths / file.name)
    options = RunOptions(is_dry_run=True)
    if way == "flat" and not has_project:
        assert replay("customerio", "segment-archive", paths, settings=client.settings, options=options).chosen == 2
        return
    with pytest.raises(SourceError, match="2 sources: ours, theirs"):
        replay("customerio", "segment-archive", paths, settings=client.settings, options=options)
    if way != "flat":
        one = replay("customerio", "segment-archive", root / "ours", settings=client.settings, options=options)
        assert one.chosen == 1
