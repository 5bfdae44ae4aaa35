"""Bad input names the file, the line and the cure; one bad line never takes the rest of the report with it."""

from __future__ import annotations

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.parity.model import Verdict


def test_a_path_that_is_not_there_is_named(evidence, compare, tmp_path):
    """With the option to look at."""
    with pytest.raises(SourceError, match=r"nowhere: no such file or folder; check the path given as --segment"):
        compare(evidence.paths() | {"segment": tmp_path / "nowhere"})


@pytest.mark.parametrize(
    ("given", "real", "says"),
    [
        ("customerio", "segment", r"a\.gz:1: this is a Segment archive, given as --customerio; pass it as --segment"),
        (
            "segment",
            "customerio",
            r"1\.track\.json:1: this is a Customer\.io storage export, .*pass it as --customerio",
        ),
        ("segment", "ledger", r"w1\.jsonl:1: this is a ledger, given as --segment; pass it as --ledger"),
        ("ledger", "segment", r"x\.jsonl:1: this is a Segment archive, given as --ledger; pass it as --segment"),
    ],
)
def test_a_file_of_the_wrong_vendor_is_named_with_its_line(evidence, compare, tmp_path, given, real, says):
    """And with the option it belongs to."""
    paths = evidence.paths()
    file = {
        "segment": next(paths["segment"].rglob("1.a.gz")),
        "customerio": paths["customerio"] / "2184.13699.1.track.json",
        "ledger": next(paths["ledger"].rglob("w1.jsonl")),
    }[real]
    if given == "ledger":
        file = file.rename(tmp_path / "x.jsonl")
    with pytest.raises(SourceError, match=says):
        compare(paths | {given: file})


def test_a_folder_of_the_wrong_vendor_says_what_was_looked_for(evidence, compare):
    """Named .gz files are no storage exports."""
    paths = evidence.paths()
    with pytest.raises(
        SourceError, match=r"holds no file of a Customer\.io storage export, only others such as .*; pass"
    ):
        compare(paths | {"customerio": paths["segment"]})


def test_lines_that_are_no_json_are_counted_and_placed(evidence, compare):
    """The rest of the report stands."""
    evidence.raw["segment"] += [b"{cut", b"[1, 2]", b'{"type": "track"}', b'{"messageId": "x", "type": "dance"}']
    report = compare(evidence.paths())
    source = report.sources["segment"]
    assert report.totals.segment.rejected_lines == source.rejected_lines == 4
    assert [(place.line, place.reason) for place in source.rejected] == [
        (99, "not JSON: the line is cut off"),
        (100, "JSON, but not an object"),
        (101, "a call without messageId"),
        (102, "a call of unknown type"),
    ]
    assert all(place.file.endswith("2.b.gz") for place in source.rejected)
    assert report.totals.matched == 200
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_bad_line_may_be_the_missing_message(evidence, compare):
    """One miss and one unreadable line on that side are no proof of a loss."""
    evidence.messages[3].lose("segment")
    evidence.raw["segment"].append(b"{cut")
    report = compare(evidence.paths())
    assert report.totals.missing["segment"] == 1
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_torn_last_line_of_the_ledger_is_counted_and_breaks_nothing(evidence, compare):
    """A killed process leaves one."""
    evidence.raw["ledger"].append(b'{"message_id": "m000')
    report = compare(evidence.paths())
    assert report.totals.ledger.rejected_lines == 1
    assert "partial last line" in report.sources["ledger"].rejected[0].reason
    assert report.verdict is Verdict.PASS


def test_a_file_that_is_not_gzip_is_named(evidence, compare):
    """Its name says gzip, its bytes do not, and they are no JSON either."""
    paths = evidence.paths()
    for file in paths["segment"].rglob("*.gz"):
        file.write_bytes(b"this is not gzip\n")
    with pytest.raises(SourceError, match=r"1\.a\.gz:1: not JSON, and not gzip either; nothing could be read; pass"):
        compare(paths)


def test_a_broken_array_keeps_what_came_before(evidence, compare):
    """One JSON array with a bad item is read up to it."""
    paths = evidence.paths() | {"customerio": evidence.write_customerio(as_array=True)}
    file = paths["customerio"] / "2184.13699.2.track.json"
    lines = file.read_bytes().splitlines(keepends=True)
    lines[50] = b"{broken},\n"
    file.write_bytes(b"".join(lines))
    report = compare(paths)
    assert [(place.line, place.reason) for place in report.sources["customerio"].incomplete] == [
        (51, "the JSON array is broken from here on")
    ]
    assert report.totals.customerio.messages == 149
    assert report.verdict is Verdict.INCONCLUSIVE


def test_odd_but_whole_files_are_read(evidence, compare):
    """A byte order mark, CRLF, blank lines and a missing last newline are no faults."""
    paths = evidence.paths()
    file = paths["customerio"] / "2184.13699.1.track.json"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().rstrip().replace(b"\n", b"\r\n\r\n"))
    evidence.messages[3].payload("segment")["price"] = 1
    evidence.write_segment()
    report = compare(paths)
    assert not report.totals.customerio.rejected_lines
    assert [row.path for row in report.drift_by_path] == ["properties.price"]


def test_deep_nesting_is_a_rejected_line(evidence, compare):
    """It can be no fact, and it takes nothing with it."""
    deep = b"[" * 600 + b"]" * 600
    evidence.raw["segment"].append(b'{"type":"track","messageId":"deep","properties":{"a":' + deep + b"}}")
    report = compare(evidence.paths())
    assert report.totals.matched == 200
    assert report.totals.segment.rejected_lines == 1


def test_an_overlong_line_is_skipped(evidence, compare, monkeypatch):
    """Memory stays bounded, and the lines after it keep their numbers."""
    monkeypatch.setattr("pipelines_client.evidence.files.json_lines._MAX_LINE_BYTES", 5000)
    monkeypatch.setattr("pipelines_client.evidence.files.open._CHUNK_BYTES", 1000)
    evidence.raw["segment"] += [b'{"a":"' + b"x" * 20_000 + b'"}', b"{bad"]
    report = compare(evidence.paths())
    assert [(place.line, place.reason) for place in report.sources["segment"].rejected] == [
        (100, "the line is longer than 5,000 bytes"),
        (101, "not JSON: the line is cut off"),
    ]
    assert report.totals.matched == 200
