"""Pairs that are opened again: what cannot be had any more is named, still drift, and takes nothing with it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import run_code

from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.parity import ParityReport, Verdict
from pipelines_client.parity.differences import reopen as pairs
from pipelines_client.parity.differences.expected import WHOLE_PAYLOAD
from pipelines_client.parity.differences.reopen import DriftResult, Opener, open_pairs
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.questions.rows import DriftPairsRow

PEAK = """
import re, sys
from pathlib import Path
from pipelines_client.cli import main
try:
    main()
finally:
    print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024, file=sys.stderr)
"""
"""Not `ru_maxrss`, which a process has from the one that started it."""

EARLY, LATE = 3, 150
"""Messages in the first and in the second file of each side."""


def cut(file):
    file.write_bytes(file.read_bytes()[:200])


def shorter(file):
    file.write_bytes(gzip.compress(b"".join(gzip.decompress(file.read_bytes()).splitlines(keepends=True)[:2])))


def other_lines(file):
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b'"m0', b'"x0')))


def no_json(file):
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b"{", b"<")))


def same_on_both(file):
    text = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(text.replace(b'"price": 1.5', b'"price": 9.5')))


def folder(file):
    file.unlink()
    file.mkdir()


HARMS = [
    (Path.unlink, "it was deleted after the files were listed"),
    (cut, "the gzip stream is cut off here"),
    (shorter, "the file is shorter than before"),
    (other_lines, "it has changed since it was read"),
    (no_json, "not JSON"),
    (same_on_both, "it has changed since it was read"),
    (folder, "it cannot be opened (Is a directory)"),
]


@pytest.fixture
def again(compare, tmp_path):
    """Compare once, then once more from the facts that were kept, and do harm after the files were listed."""

    def run(paths: dict[str, Path], harm: Callable[[], object]) -> ParityReport:
        compare(paths, cache=tmp_path / "cache")
        harms = [harm]
        return compare(paths, cache=tmp_path / "cache", advance=lambda _: harms and harms.pop()())

    return run


@pytest.mark.parametrize(("harm", "says"), HARMS, ids=[harm.__name__ for harm, _ in HARMS])
def test_what_cannot_be_opened_again_is_drift_all_the_same(evidence, again, harm, says):
    """The file is named as a gap, pairs of other files are opened, and every count stands."""
    for number in (EARLY, LATE):
        evidence.messages[number].payload("segment")["price"] = 1.5
    paths = evidence.paths()
    report = again(paths, lambda: harm(next(paths["segment"].rglob("1.a.gz"))))
    assert {row.path: row.count for row in report.drift_by_path} == {WHOLE_PAYLOAD: 1, "properties.price": 1}
    assert report.totals.drift == report.totals.drift_examined == 2
    assert (report.totals.compared, report.totals.matched) == (200, 198)
    (place,) = report.sources["segment"].incomplete
    assert place.file.endswith("1.a.gz")
    assert place.reason.startswith(f"could not be opened again ({says}")
    assert place.reason.count("run again") == 1
    assert report.verdict is not Verdict.PASS
    evidence_gate = next(gate for gate in report.gates if gate.name == "evidence_segment")
    assert evidence_gate.result == "inconclusive"
    assert "1.a.gz: could not be opened again (" in evidence_gate.evidence
    assert "line could not be read" not in evidence_gate.evidence, "a file is no line"


def test_a_damaged_row_group_costs_its_own_pairs(evidence, again):
    """Of a Parquet file the other rows are compared."""
    for number in (EARLY, LATE):
        evidence.messages[number].payload("segment")["price"] = 1.5
    paths = evidence.paths()
    rows = [
        json.loads(line) for file in sorted(paths["customerio"].iterdir()) for line in file.read_bytes().splitlines()
    ]
    shutil.rmtree(paths["customerio"])
    paths["customerio"].mkdir()
    file = paths["customerio"] / "2184.13699.1.track.parquet"
    table = pa.Table.from_pylist([{**row, "properties": json.dumps(row["properties"])} for row in rows])
    pq.write_table(table, file, row_group_size=100, compression="zstd")
    groups = pq.ParquetFile(file).metadata

    def harm() -> None:
        column = groups.row_group(0).column(table.column_names.index("properties"))
        with file.open("r+b") as raw:
            raw.seek(column.dictionary_page_offset + 40)
            raw.write(b"\xff" * 20)

    report = again(paths, harm)
    assert {row.path: row.count for row in report.drift_by_path} == {WHOLE_PAYLOAD: 1, "properties.price": 1}
    assert [place.reason for place in report.sources["customerio"].incomplete] == [
        "could not be opened again (a row is damaged); run again"
    ]


def test_a_payload_too_deep_to_be_compared_here_is_drift(tmp_path):
    """How deep is too deep depends on how deep the caller is: no depth loses the report, or the other pair."""
    deep, other = 1, 2
    for _ in range(240):
        deep, other = {"k": deep}, {"k": other}
    openers, rows = opened(tmp_path, [(deep, other), (1, 2)])

    def below(depth: int) -> DriftResult:
        return below(depth - 1) if depth else open_pairs(rows, openers, samples_each=1)

    kinds = set()
    for depth in range(0, 900, 10):
        found = below(depth)
        assert found.examined == 2
        paths = {spot.path for signature in found.signatures for spot in signature.spots}
        assert "properties.a" in paths
        kinds.add(WHOLE_PAYLOAD in paths)
        if WHOLE_PAYLOAD in paths:
            break
    assert kinds == {False, True}
    told = [*openers["segment"].reading.notes, *(place.reason for place in openers["segment"].reading.incomplete)]
    assert told
    assert "too deep" in told[0] or "RecursionError" in told[0]
    assert found.samples[0].signature.spots != found.samples[1].signature.spots


def test_batches_find_what_one_batch_finds(tmp_path, monkeypatch):
    """However little is held at a time: the same counts and the same first samples."""
    openers, rows = opened(tmp_path, [({"n": number}, {"n": -number - 1}) for number in range(40)])
    whole = open_pairs(rows, openers, samples_each=3)
    monkeypatch.setattr(pairs, "_OPENED_BYTES", 1000)
    parts = open_pairs(list(rows), openers, samples_each=3)
    assert parts == whole
    assert [pair.row.message_id for pair in parts.samples] == ["m000", "m001", "m002"]


def test_memory_stays_bounded_however_large_the_pairs_are(evidence):
    """Two thousand pairs of 28 kB on each side, each with hundreds of texts of its own."""
    for number in range(2_000):
        texts = {f"key{index}": f"value {number} {index} of this message" for index in range(700)}
        evidence.track("u", "Large", texts).payload("customerio")["key7"] = "x" * 3_000
    paths = evidence.paths()
    arguments = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    done = run_code(PEAK, "--no-history", "--no-cache", "--show-values", *arguments, "--format", "json")
    report = json.loads(done.stdout)
    assert [(row["path"], row["count"]) for row in report["drift_by_path"]] == [("properties.key7", 2_000)]
    sample = next(sample for sample in report["samples"] if sample["kind"] == "drift")
    assert sample["differences"][0]["customerio"] == "string of 3000", "too large to be shown whole"
    assert sample["differences"][0]["segment"] == "value 0 7 of this message"
    assert int(done.stderr.split()[-1]) < 450, "megabytes"


def opened(folder, payloads):
    """Write a file for each side with pairs of these properties under `a`, and say where each line is."""
    rows, texts = [], {"segment": b"", "customerio": b""}
    names = {"segment": "1.gz", "customerio": "1.1.1.track.json"}
    for number, values in enumerate(payloads):
        row = {"message_id": f"m{number:03}", "type": "track", "label": "E", "day": "2026-11-02", "in_ledger": 0}
        row |= {"segment_drift": 0, "customerio_drift": 0, "exports_drift": 1, "is_faulty": 0}
        for (side, name), value in zip(names.items(), values, strict=True):
            call = {"type": "track", "event": "E"} if side == "segment" else {"event_text": "E"}
            key = "messageId" if side == "segment" else "id"
            line = json.dumps({key: row["message_id"], **call, "properties": {"a": value}}).encode()
            place = {"file": name, "line": number + 1, "offset": len(texts[side]), "bytes": len(line)}
            row |= {f"{side}_{part}": found for part, found in place.items()}
            texts[side] += line + b"\n"
        rows.append(DriftPairsRow(**row))
    for side, name in names.items():
        (folder / name).write_bytes(texts[side])
    kinds = {"segment": SegmentArchive(bytes(32)), "customerio": CustomerioFiles(bytes(32))}
    return {side: Opener(kind, lambda name: str(folder / name), Reading()) for side, kind in kinds.items()}, rows
