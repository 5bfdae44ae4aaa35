"""Every form that evidence comes in gives the same report, and what a form cannot prove is not claimed."""

from __future__ import annotations

import gzip
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from evidence import KEY, Evidence
from exports import FORMS, as_csv, as_lines, as_parquet, mixpanel_lines, rewrite, spread, warehouse_row, write_warehouse

from pipelines_client.errors import SourceError
from pipelines_client.evidence.recognise import sort_paths
from pipelines_client.parity.model import Limits, Verdict

if TYPE_CHECKING:
    from pathlib import Path


def gate(report: Any, name: str) -> Any:
    return next(gate for gate in report.gates if gate.name == name)


@pytest.fixture
def mixed(tmp_path: Path) -> Evidence:
    """Messages of every type, with one planted difference, one loss at each side and one surplus row."""
    evidence = Evidence(tmp_path, count=150)
    evidence.add({"type": "identify", "userId": "u1", "traits": {"plan": "pro", "created_at": "2026-11-02"}})
    evidence.add({"type": "page", "userId": "u1", "name": "Home", "properties": {"path": "/"}})
    evidence.add({"type": "group", "userId": "u1", "groupId": "g1", "traits": {"name": "Acme"}})
    evidence.track("u1", 'Say "Hi", twice\nor thrice; or | so', {"a,b": 'c;"d"', "deep": {"list": [1, {"x": None}]}})
    evidence.messages[3].payload("customerio")["price"] = "9.5"
    evidence.messages[4].lose("customerio")
    evidence.messages[5].lose("segment")
    evidence.messages[6].copies["customerio"] = 2
    return evidence


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("unix", [False, True])
@pytest.mark.parametrize("form", ["json", "array", "csv", "parquet"])
def test_storage_files_of_every_form_say_the_same(mixed, compare, form, unix, is_old):
    """Lines, an array, CSV and Parquet; both spellings of time; names of both ages."""
    folder = mixed.write_customerio(is_old=is_old, as_array=form == "array", unix=unix)
    if form in ("csv", "parquet"):
        rewrite(folder, form)
    report = compare({"ledger": mixed.write_ledger(), "segment": mixed.write_segment(), "customerio": folder})
    assert [(row.path, row.kind, row.count) for row in report.drift_by_path] == [("properties.price", "type", 1)]
    assert report.totals.missing == {"segment": 1, "customerio": 1}
    assert report.duplicates.count == 1
    assert report.totals.messages == 154
    assert report.totals.matched == 151
    assert not report.sources["customerio"].rejected_lines
    assert report.identity.count == 0


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_warehouse_tables_prove_ids_and_people_and_no_payload(mixed, compare, tmp_path, form):
    """They flatten and cut: nothing of that is drift, and the report says that payloads were not compared."""
    mixed.messages[7].sides["segment"]["userId"] = "somebody else"
    folder = write_warehouse(mixed, tmp_path / "tables", form)
    paths = {"ledger": mixed.write_ledger(), "customerio": mixed.write_customerio()}
    report = compare({**paths, "segment": f"warehouse:{folder}"})
    assert report.totals.missing == {"segment": 1, "customerio": 1}
    assert [(row.message_id, row.side) for row in report.identity.rows] == [("m00007", "segment")]
    assert [(row.path, row.sides) for row in report.drift_by_path] == [("(whole payload)", {"customerio": 1})]
    assert report.totals.segment.duplicates == 0, "a table of one event repeats rows of tracks"
    assert report.renamed.count == 0
    assert any("no payloads" in note for note in report.sources["segment"].notes)
    without = compare({"segment": f"warehouse:{folder}", "customerio": paths["customerio"]})
    assert without.totals.compared == without.totals.drift == 0


def test_tables_of_single_events_are_read_where_there_is_no_table_of_all(evidence, compare, tmp_path):
    """Some teams export only those; columns may be in capitals, as Snowflake has them."""
    folder = write_warehouse(evidence, tmp_path / "tables", "csv")
    (folder / "tracks.csv").unlink()
    table = folder / "feature_used.csv"
    header, _, rest = table.read_text().partition("\n")
    table.write_text(f"{header.upper()}\n{rest}")
    report = compare({"ledger": evidence.write_ledger(), "segment": f"warehouse:{folder}"})
    assert not_passed(report) == {"drift": "inconclusive"}, "payloads are not compared"
    assert report.totals.segment.messages == 200


def not_passed(report):
    return {gate.name: gate.result for gate in report.gates if gate.result != "passed"}


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_a_warehouse_without_the_names_of_events_proves_ids_and_renames_nothing(mixed, compare, tmp_path, form):
    """Some select a few columns only; `event` alone holds `feature_used` for `Feature Used` (FACTS S10)."""
    chosen = ("id", "event", "received_at", "user_id")
    rows = [row for row in map(warehouse_row, mixed.messages) if row is not None and "event" in row]
    table = tmp_path / f"tracks.{form}"
    table.write_bytes(FORMS[form]([{name: row[name] for name in chosen} for row in rows]))
    paths = {"segment": f"warehouse:{table}", "customerio": mixed.write_customerio()}
    report = compare({"ledger": mixed.write_ledger(), **paths})
    assert report.totals.segment.messages == 150
    assert report.renamed.count == 0
    assert {row.event for row in report.events if row.type == "track"} == {
        "Feature Used",
        'Say "Hi", twice\nor thrice; or | so',
    }
    without = compare(paths)
    assert without.renamed.count == 0
    assert {row.event for row in without.events if row.segment and row.customerio} >= {"Feature Used"}
    assert not [one.rows for one in report.classes + without.classes if one.name == "name_variants" and one.count]
    with pytest.raises(SourceError, match=r"this is a Customer\.io storage export, given as --segment"):
        compare({**paths, "segment": table})


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
@pytest.mark.parametrize(
    "chosen", [("id", "received_at"), ("id", "event", "received_at"), ("id", "received_at", "user_id")]
)
def test_columns_that_a_warehouse_lacks_are_no_faults(mixed, compare, tmp_path, form, chosen):
    """No message is another's or renamed for want of a column; a note says that identities were not compared."""
    mixed.track(None, "Feature Used", {"feature": "x"}, anonymousId="a1")
    rows = [row for row in map(warehouse_row, mixed.messages) if row is not None and "event" in row]
    table = tmp_path / f"tracks.{form}"
    table.write_bytes(FORMS[form]([{name: row[name] for name in chosen} for row in rows]))
    paths = {"segment": f"warehouse:{table}", "customerio": mixed.write_customerio()}
    for given in (paths, {"ledger": mixed.write_ledger(), **paths}):
        report = compare(given)
        assert report.totals.segment.messages == 151
        assert report.renamed.count == report.identity.count == 0
        assert not [one.rows for one in report.classes if one.name == "name_variants" and one.count]
        number = "1 message" if "user_id" in chosen else "151 messages"
        assert any(f"{number} from here on without an identity" in note for note in report.sources["segment"].notes)


def test_counts_go_by_slug_where_a_warehouse_has_no_names(compare, tmp_path):
    """Alone and beside an export that names some; without any name nothing is judged, and a note says why."""
    evidence = Evidence(tmp_path, count=0)
    for number in range(400):
        evidence.track(f"u{number % 9}", ("Order Completed", "pageOpened", "login", "Beta: Used")[number % 4], {})
    spread(evidence, days=8)
    for sent in evidence.messages[100:200]:
        sent.lose("customerio")
    mixpanel = tmp_path / "raw.jsonl"
    mixpanel.write_bytes(mixpanel_lines(evidence.messages))
    rows = [row for row in map(warehouse_row, evidence.messages) if row is not None]
    for row in rows:
        row["event"] = {"pageopened": "page_opened"}.get(row["event"], row["event"])
    for chosen in (("id", "event", "received_at", "user_id"), ("id", "received_at", "user_id")):
        table = tmp_path / f"{len(chosen)}" / "tracks.csv"
        table.parent.mkdir()
        table.write_bytes(as_csv([{name: row[name] for name in chosen} for row in rows]))
        paths = {"segment": f"warehouse:{table}", "counts": f"mixpanel:{mixpanel}"}
        limits = Limits(min_events=5, max_missing_pct=100)
        for given in (paths, {**paths, "customerio": evidence.write_customerio()}):
            counts = compare(given, limits=limits).counts["mixpanel"]
            assert counts.beyond == 0
            assert (counts.judged > 0) == ("event" in chosen)
            assert any("without event" in note for note in counts.notes)
            if "event" in chosen:
                assert {row.event for row in counts.rows} == {"Order Completed", "pageOpened", "login", "Beta: Used"}
                assert counts.unknown_events == 0


def test_a_warehouse_is_told_from_storage_files_by_unmistakable_columns(evidence, compare, tmp_path):
    """A kind that is named is believed, unless the rows have what it never writes; names of its own are compared."""
    paths = {"ledger": evidence.write_ledger(), "customerio": evidence.write_customerio()}
    with pytest.raises(SourceError, match=r"this is a Customer\.io storage export"):
        compare({"ledger": paths["ledger"], "segment": f"warehouse:{paths['customerio']}"})
    row = {"id": evidence.messages[0].id, "received_at": "2026-11-02T09:30:01Z", "event": "Feature Opened"}
    (tmp_path / "tracks.json").write_bytes(as_lines([row]))
    report = compare({**paths, "segment": f"warehouse:{tmp_path}/tracks.json"})
    assert report.renamed.count == 1


def test_a_segment_archive_of_several_sources_unpacked_beside_litter(evidence, compare):
    """The prefix, the dummy object, two source ids, and files that a client has unpacked already."""
    bucket = evidence.write_segment()
    logs = bucket / "prefix" / "segment-logs"
    (bucket / "prefix" / "other.gz").write_bytes(b"not of the archive")
    (logs / "other-source" / "1793577600000").mkdir(parents=True)
    first = next(logs.rglob("1.a.gz"))
    unpacked = logs / "other-source" / "1793577600000" / first.name
    unpacked.write_bytes(gzip.decompress(first.read_bytes()))
    first.unlink()
    report = compare({"ledger": evidence.write_ledger(), "segment": bucket})
    assert report.verdict is Verdict.PASS
    assert report.sources["segment"].files == 2
    assert report.sources["segment"].ignored_files == 1


def test_plain_files_of_calls_speak_for_either_side(evidence, compare, tmp_path):
    """A proxy's log of calls in Segment's format, given as what it is."""
    calls = [{**sent.call, "receivedAt": sent.at.isoformat()} for sent in evidence.messages]
    path = tmp_path / "calls.jsonl"
    path.write_bytes(as_lines(calls))
    ledger = evidence.write_ledger()
    for side in ("segment", "customerio"):
        assert compare({"ledger": ledger, side: f"jsonl:{path}"}).verdict is Verdict.PASS
    with pytest.raises(SourceError, match="a file of calls is not accepted here"):
        compare({"ledger": f"jsonl:{path}", "segment": path})


def test_ledgers_of_many_hosts_are_one(evidence, compare, tmp_path):
    """Several state directories, a glob over them, or the folder above them; each message was recorded by one."""
    half = len(evidence.messages) // 2
    for host, part in (("a", evidence.messages[:half]), ("b", evidence.messages[half:])):
        one = Evidence(tmp_path / "hosts" / host)
        one.messages = part
        state = one.write_ledger()
        (state / "dead-letters" / "2026-11-02").mkdir(parents=True)
        (state / "dead-letters" / "2026-11-02" / "w.jsonl").write_text('{"dead": "letter"}\n')
    hosts, segment = tmp_path / "hosts", evidence.write_segment()
    for given in ([hosts / "a" / "state", hosts / "b" / "state"], [f"{hosts}/*/state"], [f"{hosts}/a", f"{hosts}/b"]):
        report = compare({"ledger": given, "segment": segment})
        assert report.verdict is Verdict.PASS
        assert report.totals.matched == 200
        assert report.identity.is_ledger_compared
        assert report.sources["ledger"].files == 2
    (hosts / "b" / "state" / "identity.key").write_text(bytes(reversed(KEY)).hex())
    report = compare({"ledger": f"{hosts}/*/state", "segment": segment})
    assert not report.identity.is_ledger_compared
    assert any("different identity keys" in note for note in report.sources["ledger"].notes)


def test_a_table_with_ids_is_a_side(evidence, compare, tmp_path):
    """A column map says where a row has what; with a column of payloads those are compared too."""
    rows = [
        {"mid": sent.id, "who": sent.call["userId"], "what": "feature used", "at": sent.at.isoformat(), "data": data}
        for sent in evidence.messages
        for data in [{**sent.call["properties"]}]
    ]
    rows[9]["data"]["price"] = 1
    path = tmp_path / "events.csv"
    path.write_bytes(as_csv(rows, delimiter=";"))
    columns = {"message_id": "mid", "user_id": "who", "event": "what", "time": "at"}
    columns["names"] = {"feature used": "Feature Used"}
    paths = {"ledger": evidence.write_ledger(), "segment": f"table:{path}"}
    report = compare(paths, column_map=columns)
    assert not_passed(report) == {"drift": "inconclusive"}, "payloads are not compared"
    assert any("names no payload" in note for note in report.sources["segment"].notes)
    report = compare({**paths, "customerio": evidence.write_customerio()}, column_map={**columns, "properties": "data"})
    assert [(row.path, row.sides) for row in report.drift_by_path] == [("properties.price", {"segment": 1})]
    with pytest.raises(SourceError, match="only counts; pass it as --counts"):
        compare(paths, column_map={"event": "what", "time": "at"})


@pytest.mark.parametrize("kind", ["mixpanel", "amplitude", "table"])
def test_product_analytics_are_compared_by_event_and_day(tmp_path, compare, kind):
    """No ids there: ours beside theirs; whole days of an event are judged, the days at the edges are not."""
    evidence = Evidence(tmp_path, count=1200)
    spread(evidence, days=6)
    evidence.track("u1", "Rare", {})
    lost = [sent for sent in evidence.messages if sent.at.day == 5][:40]
    kept = [sent for sent in evidence.messages if sent not in lost]
    path = tmp_path / "export.json"
    columns: dict[str, Any] = {}
    if kind == "mixpanel":
        path.write_bytes(mixpanel_lines(kept))
    elif kind == "amplitude":
        path.write_bytes(
            as_lines(
                [{"event_type": s.call["event"], "event_time": s.at.strftime("%Y-%m-%d %H:%M:%S.%f")} for s in kept]
            )
        )
    else:
        path = path.with_suffix(".parquet")
        path.write_bytes(as_parquet([{"n": s.call["event"], "t": s.at, "of": 1} for s in kept]))
        columns = {"event": "n", "time": "t", "count": "of"}
    report = compare({"ledger": evidence.write_ledger(), "counts": [f"{kind}:{path}"]}, column_map=columns)
    counted = report.counts[kind]
    assert counted.ours == "sent"
    assert counted.whole_days == 5
    found = gate(report, f"counts_{kind}")
    assert found.result == "failed"
    assert found.actual == 20
    worst = counted.rows[0]
    assert (worst.event, worst.day, worst.ours, worst.theirs) == ("Feature Used", "2026-11-05", 200, 160)
    assert counted.beyond == 1
    assert report.verdict is Verdict.FAIL
    assert not [row for row in counted.rows if row.event == "Rare" and row.is_judged]


def test_counts_that_agree_pass_and_counts_of_too_little_prove_nothing(tmp_path, compare):
    """Five per cent are borne; a project's own time zone is a line of the map."""
    evidence = Evidence(tmp_path, count=1200)
    spread(evidence, days=6)
    path = tmp_path / "export.json"
    berlin = [
        {"event": sent.call["event"], "properties": {"time": int(sent.at.timestamp()) + 3600, "distinct_id": "u"}}
        for sent in evidence.messages
    ]
    path.write_bytes(as_lines(berlin))
    paths = {"ledger": evidence.write_ledger(), "counts": f"mixpanel:{path}"}
    report = compare(paths, column_map={"time_zone": "Europe/Berlin"})
    assert gate(report, "counts_mixpanel").result == "passed"
    assert gate(report, "counts_mixpanel").actual == 0
    path.write_bytes(as_lines(berlin[:10]))
    assert gate(compare(paths), "counts_mixpanel").result == "inconclusive"


def test_a_path_alone_tells_its_kind(evidence, tmp_path):
    """By its folders and names, else by its first line."""
    paths = evidence.paths()
    calls = tmp_path / "calls.ndjson"
    calls.write_bytes(as_lines([sent.call for sent in evidence.messages]))
    tables = write_warehouse(evidence, tmp_path / "tables", "csv")
    mixpanel = tmp_path / "raw"
    mixpanel.write_bytes(mixpanel_lines(evidence.messages))
    parquet = tmp_path / "copy"
    shutil.copytree(paths["customerio"], parquet)
    rewrite(parquet, "parquet")
    for path in list(parquet.iterdir()):
        path.rename(parquet / f"renamed-{path.stem[-9]}.parquet")
    file = next(paths["ledger"].rglob("*.jsonl")).rename(tmp_path / "w1.jsonl")
    given = [paths["segment"], paths["customerio"], parquet, file, calls, tables, mixpanel]
    expected = ["segment", "customerio", "customerio", "ledger", "segment", "warehouse", "mixpanel"]
    for kind, path in zip(expected, given, strict=True):
        source = {"warehouse": "segment", "mixpanel": "counts"}.get(kind, kind)
        assert sort_paths([str(path)]) == {source: [f"{kind}:{path}"]}
    assert sort_paths([str(paths["ledger"])]) == {"ledger": [f"ledger:{paths['ledger']}"]}
    assert sort_paths([f"jsonl:{calls}", "segment-volume:"]) == {
        "segment": [f"jsonl:{calls}"],
        "counts": ["segment-volume:"],
    }
    (tmp_path / "odd.txt").write_text("hello\n")
    with pytest.raises(
        SourceError, match="the kind of this evidence cannot be recognised; write it before the path: ledg"
    ):
        sort_paths([str(tmp_path / "odd.txt")])


def test_a_kind_that_contradicts_its_source_is_refused(evidence, compare):
    """With the option where it belongs."""
    paths = evidence.paths()
    for given, says in (
        ({"segment": f"customerio:{paths['customerio']}"}, "is not accepted here; pass it as --customerio"),
        ({"segment": [f"segment:{paths['segment']}", f"warehouse:{paths['segment']}"]}, "paths of two kinds"),
        ({"counts": str(paths["segment"])}, "write its kind before the path"),
        ({"counts": f"segment:{paths['segment']}"}, "write its kind before the path"),
        ({"segment": paths["customerio"]}, "pass it as --customerio"),
    ):
        with pytest.raises(SourceError, match=says):
            compare({**paths, **given})
    with pytest.raises(SourceError, match=r"Segment warehouse tables, .* --segment warehouse:PATH"):
        compare({**paths, "customerio": write_warehouse(evidence, evidence.folder / "t", "json", events_too=False)})


def test_two_files_are_never_shown_under_one_name(compare, tmp_path):
    """One with a byte that is no UTF-8, one that is called like the escape of that byte; each is opened as itself."""
    evidence = Evidence(tmp_path, count=200)
    for sent in evidence.messages:
        sent.payload("customerio")["price"] = "9.5"
    segment, customerio = evidence.write_segment(), evidence.write_customerio()
    for path, name in zip(sorted(customerio.glob("*.json")), (b"a\xff.json", b"a\\xff.json"), strict=False):
        path.rename(customerio / os.fsdecode(name))
    report = compare({"segment": segment, "customerio": customerio})
    assert [(row.path, row.kind, row.count) for row in report.drift_by_path] == [("properties.price", "type", 200)]


def test_a_ledger_line_that_is_made_of_two_is_a_gap(evidence, compare):
    """A lost block that begins and ends within texts leaves a line of JSON, which proves no difference."""
    paths = evidence.paths()
    (file,) = (paths["ledger"] / "ledger").rglob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    for cut, end in ((b'"payload_hash', b'"type'), (b'"type', b'"leg')):
        joined = lines[20][: lines[20].index(cut)] + lines[60][lines[60].index(end) :]
        file.write_bytes(b"".join([*lines[:20], joined, *lines[61:]]))
        report = compare(paths)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert report.totals.drift == report.identity.count == 0
        assert any("ends as another" in place.reason for place in report.sources["ledger"].incomplete)
