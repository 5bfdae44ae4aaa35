"""Tables that a column map explains: times at the edge of the calendar, counts in every spelling."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from exports import FORMS, as_csv, as_lines, mixpanel_lines

from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import instant
from pipelines_client.evidence.instants import day_of
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.lines import LineRejectedError
from pipelines_client.parity.model import Limits

EDGES = ("0001-01-01T00:30:00", "9999-12-31T23:30:00", "0001-01-01", "9999-12-31T23:59:59.999")


def table(**columns: str) -> Table:
    return Table(bytes(32), "segment", {"event": "what", "time": "at", **columns})


def read(reader: Table, **row: Any) -> Any:
    return reader.read(json.dumps({"what": "A", "at": "2026-11-02", **row}).encode(), "t.json", 1, 0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("at", EDGES)
def test_a_local_time_at_the_edge_of_the_calendar_is_a_day_or_no_time(zone, at):
    """A row without a time is a rejected line, with ids as without. Never a traceback."""
    at_ms = instant(at, ZoneInfo(zone))
    for reader in (table(time_zone=zone, message_id="id"), table(time_zone=zone)):
        if at_ms is None:
            with pytest.raises(LineRejectedError, match="no time in 'at'"):
                read(reader, at=at, id="m1")
        else:
            fact, _ = read(reader, at=at, id="m1")
            assert (fact.occurred_at_ms, fact.day) == (at_ms, day_of(at_ms))
            assert fact.day[:4] in ("0001", "9999")


def test_a_local_time_keeps_its_milliseconds():
    """Whatever the year; a fraction that no float holds is no reason to lose one."""
    berlin = ZoneInfo("Europe/Berlin")
    for ms in range(1000):
        assert instant(f"2026-11-02T10:30:00.{ms:03}", berlin) == instant(f"2026-11-02T09:30:00.{ms:03}Z", berlin)


def test_rows_of_the_first_and_the_last_year_do_not_end_a_run(evidence, compare, tmp_path):
    """The other rows are compared."""
    rows = [{"mid": sent.id, "what": "Feature Used", "at": sent.at.isoformat()} for sent in evidence.messages]
    rows += [{"mid": f"edge{number}", "what": "Feature Used", "at": at} for number, at in enumerate(EDGES)]
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(rows))
    columns = {"message_id": "mid", "event": "what", "time": "at", "time_zone": "Europe/Berlin"}
    report = compare({"ledger": evidence.write_ledger(), "segment": f"table:{path}"}, column_map=columns, is_all=True)
    assert (report.totals.segment.messages, report.totals.segment.rejected_lines) == (202, 2)
    counted = compare(
        {"ledger": evidence.write_ledger(), "counts": f"table:{path}"}, column_map=columns | {"message_id": None}
    )
    assert counted.counts["table"].rejected_lines == 2


@pytest.mark.parametrize(
    ("value", "count"),
    [(12, 12), ("12", 12), (12.0, 12), ("12.0", 12), ("0", 0), (2**53, 2**53), (str(2**53), 2**53), ("007", 7)],
)
def test_a_count_is_a_whole_number_in_any_of_its_spellings(value, count):
    """Tables from spreadsheets and warehouses spell it as they like."""
    assert read(table(count="n"), n=value)[1] == count


@pytest.mark.parametrize(
    "value",
    [
        -5,
        "-5",
        1.5,
        "1.5",
        "1,234",
        "1 234",
        "1_234",
        "",
        None,
        True,
        2**53 + 1,
        2**64,
        1e300,
        "9" * 5000,
        "+5",
        "٣",
        [],
    ],
)
def test_what_is_no_count_is_a_rejected_line_that_says_how_to_write_it(value):
    """A minus or a thousands separator must not turn into another number."""
    with pytest.raises(
        LineRejectedError, match=r"column 'n' must hold a whole number .*, in digits only, such as 1234"
    ):
        read(table(count="n"), n=value)


def test_large_counts_add_up_beyond_64_bits(evidence, compare, tmp_path):
    """Of one file, of several, and of events and days together: in the tables, in SQL and in the report."""
    day = evidence.messages[0].at
    rows = [{"what": "Big", "at": (day + timedelta(days=number % 3)).isoformat(), "n": 2**53} for number in range(6000)]
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_bytes(as_lines(rows))
    columns = {"event": "what", "time": "at", "count": "n"}
    counts = f"table:{tmp_path}/[ab].json"
    report = compare({"ledger": evidence.write_ledger(), "counts": counts}, column_map=columns)
    assert report.counts["table"].theirs_total == 12_000 * 2**53 > 2**64
    assert json.loads(report.to_json())["counts"]["table"]["theirs_total"] == 12_000 * 2**53


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_a_payload_that_is_no_json_is_no_reason_to_miss_its_message(evidence, compare, tmp_path, form):
    """It arrived: it is counted, its payload is not compared, and the report says where and how many."""
    rows = [
        {"mid": sent.id, "who": sent.call["userId"], "what": "Feature Used", "at": sent.at.isoformat(), "data": data}
        for sent in evidence.messages
        for data in [json.dumps(sent.call["properties"])]
    ]
    rows[7]["data"] = rows[9]["data"] = "{'feature': 'export'}"
    rows[11]["data"] = '{"feature": NaN}'
    rows += [rows[7], rows[9] | {"data": "{'feature': 'other'}"}]
    path = tmp_path / f"t.{form}"
    path.write_bytes(FORMS[form](rows))
    columns = {"message_id": "mid", "user_id": "who", "event": "what", "time": "at", "properties": "data"}
    report = compare(
        {"customerio": evidence.write_customerio(), "segment": f"table:{path}"}, column_map=columns, limits=Limits()
    )
    assert report.totals.missing == {"segment": 0, "customerio": 0}
    assert report.sources["segment"].rejected_lines == report.totals.drift == 0
    assert (report.totals.segment.messages, report.totals.compared) == (200, 197)
    notes, first = report.sources["segment"].notes, 2 if form == "csv" else 1
    assert f"t.{form}:{7 + first}: 4 messages from here on whose payload is text as Python writes it" in " ".join(notes)
    assert f"t.{form}:{11 + first}: 1 message from here on whose payload is text that is not JSON" in " ".join(notes)
    assert [one.count for one in report.classes if one.name == "conflicting_duplicates"] == [1]


def test_each_table_may_have_a_map_of_its_own(evidence, compare, tmp_path):
    """By the name of its source; one without a name is for the rest, and a name that there is not is refused."""
    rows = [{"mid": sent.id, "what": "Feature Used", "at": sent.at.isoformat()} for sent in evidence.messages]
    (tmp_path / "t.csv").write_bytes(as_csv(rows))
    counted = [{"n": "Feature Used", "t": sent.at.isoformat()} for sent in evidence.messages]
    (tmp_path / "c.csv").write_bytes(as_csv(counted))
    (tmp_path / "m.json").write_bytes(mixpanel_lines(evidence.messages))
    paths = {
        "ledger": evidence.write_ledger(),
        "segment": f"table:{tmp_path}/t.csv",
        "counts": [f"mixpanel:{tmp_path}/m.json", f"table:{tmp_path}/c.csv"],
    }
    maps = {"segment": {"message_id": "mid", "event": "what", "time": "at"}, "mixpanel": {"time_zone": "Europe/Berlin"}}
    report = compare(paths, column_maps=maps, column_map={"event": "n", "time": "t"})
    assert report.totals.segment.messages == 200
    assert report.counts["table"].theirs_total == report.counts["mixpanel"].theirs_total == 200
    with pytest.raises(SourceError, match=r"--map tables=…: unknown source; .*, mixpanel, table$"):
        compare(paths, column_maps={"tables": {}})


def rows_of(messages: Any) -> Any:
    return [
        {
            "mid": sent.id,
            "who": sent.call.get("userId"),
            "nobody": sent.call.get("anonymousId"),
            "what": sent.call.get("event"),
            "kind": sent.call["type"],
            "at": sent.at.isoformat(),
            "data": sent.call.get("properties", sent.call.get("traits")),
        }
        for sent in messages
    ]


WHOLE = {"message_id": "mid", "event": "what", "time": "at", "type": "kind"} | {
    "user_id": "who", "anonymous_id": "nobody", "properties": "data",
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
@pytest.mark.parametrize("side", ["segment", "customerio"])
@pytest.mark.parametrize(
    ("changes", "unowned", "says"),
    [
        ({"user_id": None, "anonymous_id": None}, 201, "names no user: ids, counts, times, names and payloads were"),
        (
            {"user_id": None, "anonymous_id": None, "properties": None},
            201,
            "names no payload and no user: ids, counts,",
        ),
        ({"anonymous_id": None}, 1, "1 message from here on without an identity"),
        ({}, 0, ""),
    ],
)
def test_what_no_column_shows_is_not_compared_and_said(evidence, compare, tmp_path, form, side, changes, unowned, says):
    """A map may name fewer columns than a whole message has."""
    evidence.add({"type": "track", "anonymousId": "a1", "event": "Feature Used", "properties": {"feature": "x"}})
    path = tmp_path / f"t.{form}"
    path.write_bytes(FORMS[form](rows_of(evidence.messages)))
    columns = {name: column for name, column in (WHOLE | changes).items() if column is not None}
    report = compare({"ledger": evidence.write_ledger(), side: f"table:{path}"}, column_map=columns)
    assert report.totals.matched == 201
    assert report.identity.count == report.renamed.count == report.totals.drift == 0
    notes = " ".join(report.sources[side].notes)
    assert says in notes
    assert ("without an identity" in notes) == (unowned > 0)
    gate = next(gate for gate in report.gates if gate.name == "identity")
    assert gate.result == ("inconclusive" if unowned == 201 else "passed")


def test_a_shown_identity_that_is_lost_is_still_another(evidence, compare, tmp_path):
    """An empty cell in the columns of users and of anonymous ids says that there is none."""
    rows = rows_of(evidence.messages)
    rows[3]["who"], rows[4]["who"], rows[4]["nobody"] = None, None, "a1"
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(rows))
    report = compare({"ledger": evidence.write_ledger(), "segment": f"table:{path}"}, column_map=WHOLE)
    assert [row.message_id for row in report.identity.rows] == [rows[3]["mid"], rows[4]["mid"]]


@pytest.mark.parametrize(
    ("row", "is_message"),
    [
        ({"kind": "track", "what": None}, False),
        ({"kind": "track", "what": " "}, False),
        ({"kind": "identify", "what": None}, True),
        ({"kind": "track", "at": None}, False),
        ({"kind": "identify", "at": "soon"}, False),
    ],
)
def test_a_message_without_its_name_or_time_is_a_rejected_line_that_names_the_columns(row, is_message):
    """As a count is; an identify has no event."""
    reader = table(message_id="id", type="kind")
    if is_message:
        assert read(reader, id="m1", **row)[0].message_id == "m1"
    else:
        with pytest.raises(LineRejectedError, match="no value in 'what', or no time in 'at'"):
            read(reader, id="m1", **row)


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
@pytest.mark.parametrize("key", ["event", "time", "user_id", "properties", "received_at"])
def test_a_map_that_names_a_column_which_no_row_has_is_told_so(evidence, compare, tmp_path, form, key):
    """With the key, and the columns that there are: else nothing would be compared, and nothing differ."""
    path = tmp_path / f"t.{form}"
    path.write_bytes(FORMS[form](rows_of(evidence.messages)))
    says = f"no row has the column 'wat', which the map names for {key}; the columns are mid, who, nobody, what, kind"
    with pytest.raises(SourceError, match=says):
        compare({"ledger": evidence.write_ledger(), "segment": f"table:{path}"}, column_map=WHOLE | {key: "wat"})


def test_a_column_that_some_row_has_is_there(evidence, compare, tmp_path):
    """JSON leaves out what is empty, whole files of it too; and the next run knows what the facts were read from."""
    rows = rows_of(evidence.messages)
    rows[-1]["group"] = "g1"
    for number, some in enumerate((rows[:100], rows[100:])):
        (tmp_path / f"{number}.json").write_bytes(as_lines(some))
    paths = {"ledger": evidence.write_ledger(), "segment": f"table:{tmp_path}/[01].json"}
    cache = tmp_path / "cache"
    for _ in range(2):
        assert compare(paths, column_map=WHOLE | {"group_id": "group"}, cache=cache).totals.matched == 200
        with pytest.raises(SourceError, match="no row has the column 'groups'"):
            compare(paths, column_map=WHOLE | {"group_id": "groups"}, cache=cache)


def test_a_table_without_a_header_is_told_so_and_no_value_is_shown(evidence, compare, tmp_path):
    """Its first row would be taken for the names of the columns."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"".join(as_csv(rows_of(evidence.messages)).splitlines(keepends=True)[1:]))
    with pytest.raises(SourceError, match="its first row holds values; add a row with names") as error:
        compare({"ledger": evidence.write_ledger(), "segment": f"table:{path}"}, column_map=WHOLE)
    assert evidence.messages[0].id not in str(error.value)


def test_a_table_without_a_map_and_a_map_with_a_mistake_are_one_line(evidence, compare, tmp_path):
    """From Python too, where no file was read."""
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(rows_of(evidence.messages)))
    paths = {"ledger": evidence.write_ledger(), "segment": f"table:{path}"}
    with pytest.raises(
        SourceError, match=r"--segment: a table needs a column map, .*; pass it with --map segment=FILE"
    ):
        compare(paths)
    for columns, says in (
        ({"event": "what"}, "column map of segment: time: Field required; the keys of a column map are event,"),
        (
            WHOLE | {"time_zone": "Mars"},
            "column map of segment: time_zone: unknown time zone; write one such as Europe/Berlin",
        ),
    ):
        with pytest.raises(SourceError, match=says) as error:
            compare(paths, column_map=columns)
        assert "\n" not in str(error.value)


def test_a_table_that_shows_no_receipts_has_no_latency(evidence, compare, tmp_path):
    """When a message happened is not when it arrived: no lag of 0 ms is made up, and nothing is early."""
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(rows_of(evidence.messages)))
    report = compare({"ledger": evidence.write_ledger(), "segment": f"table:{path}"}, column_map=WHOLE)
    assert [row for row in report.latency if row.side == "segment"] == []
    assert report.totals.matched == 200
    assert report.sources["segment"].watermark is not None
    fact, _ = read(table(message_id="id"), id="m1")
    assert fact.received_at_ms is None


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"evnt": "secret"}, "column map of segment: evnt: Extra inputs"),
        ({"event": 7}, "column map of segment: event: Input"),
        ({"time_zone": "secret"}, "column map of segment: time_zone: unknown time zone"),
    ],
)
def test_a_wrong_column_map_is_an_error_with_the_keys_and_without_the_value(columns, fault):
    """The user reads which key is wrong and which keys there are; no value is shown."""
    with pytest.raises(SourceError) as raised:
        table(**columns)
    assert str(raised.value).startswith(fault)
    assert "the keys of a column map are event, time" in str(raised.value)
    assert "secret" not in str(raised.value)
