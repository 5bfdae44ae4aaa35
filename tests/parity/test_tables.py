"""Tables that a column map explains: times at the edge of the calendar, counts in every spelling."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from exports import FORMS, as_csv, as_lines, mixpanel_lines

from pipelines_client.errors import SourceError
from pipelines_client.parity.instants import day_of
from pipelines_client.parity.sources.base import LineRejectedError
from pipelines_client.parity.sources.columns import instant
from pipelines_client.parity.sources.table import Table
from pipelines_client.parity.verdict import Limits

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

EDGES = ("0001-01-01T00:30:00", "9999-12-31T23:30:00", "0001-01-01", "9999-12-31T23:59:59.999")


def table(**columns: str) -> Table:
    return Table(bytes(32), "segment", {"event": "what", "time": "at", **columns})


def read(reader: Table, **row: Any) -> Any:
    return reader.read(json.dumps({"what": "A", "at": "2026-11-02", **row}).encode(), "t.json", 1, 0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("at", EDGES)
def test_a_local_time_at_the_edge_of_the_calendar_is_a_day_or_no_time(zone, at):
    """A row is read without a time; where only counts are asked for, it is a rejected line. Never a traceback."""
    fact, _ = read(table(time_zone=zone, message_id="id"), at=at, id="m1")
    assert fact.day == day_of(fact.occurred_at_ms)
    assert fact.day is None or fact.day[:4] in ("0001", "9999")
    if fact.day is None:
        with pytest.raises(LineRejectedError, match="without a time in 'at'"):
            read(table(time_zone=zone), at=at)


def test_a_local_time_keeps_its_milliseconds():
    """Whatever the year; a fraction that no float holds is no reason to lose one."""
    from zoneinfo import ZoneInfo

    berlin: ZoneInfo = ZoneInfo("Europe/Berlin")
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
    assert report.totals.segment.messages == 204
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
        LineRejectedError, match=r"column 'n' holds no whole number .* write it in digits alone, as 1234"
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
    line = 9 if form == "csv" else 8
    words = f"t.{form}:{line}: 5 messages from here on with a payload that is no JSON; it is not compared"
    assert words in report.sources["segment"].notes
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
    with pytest.raises(
        SourceError, match=r"--map tables=…: there is no source of that name here; .*, mixpanel, table$"
    ):
        compare(paths, column_maps={"tables": {}})
