"""The native reader and the readers in Python make the same facts of the same files."""

from __future__ import annotations

import ctypes
import random
import runpy
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from mutated import TYPES, lines_of
from needs import lacks

from pipelines_client import _scan
from pipelines_client._scan.scanner import Scanner, Task
from pipelines_client.parity.facts import collect, packs
from pipelines_client.parity.facts import native as native_lines
from pipelines_client.parity.facts.jobs import Job, do
from pipelines_client.parity.facts.native import NativeLines
from pipelines_client.parity.facts.processes import run_jobs
from pipelines_client.parity.facts.writer import SCHEMAS

if TYPE_CHECKING:
    from pipelines_client.parity.facts.packs import Reading

ROOT = Path(__file__).parents[3]
KEY = bytes(range(32))
PLACE = ("file", "line", "byte_offset", "byte_count", "message_id")
COUNTED = ("count", "identifies", "events")
ROUNDS = 16
SOAK_S = 180.0


@pytest.fixture(autouse=True)
def _library() -> None:
    if _scan.load() is None:
        lacks("the native reader is not built; install a Rust compiler (apt-get install rustc) and run make native")


def job_of(folder: Path, kind: str, files: dict[str, bytes], number: int = 0) -> Job:
    """Write files, and return the job that reads them."""
    out = folder / "packs" / str(number)
    out.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Job(kind, kind, KEY.hex(), {}, [(name, str(folder / name)) for name in files], str(out))


def tables_of(job: Job) -> dict[str, Any]:
    """Return the rows of all tables that a job has written."""
    return {name: rows_of(Path(job.folder, f"{name}.parquet"), name) for name in SCHEMAS}


def rows_of(path: Path, name: str) -> Any:
    """Return the rows of a table; those that questions add up are added up, with the first place of each."""
    rows = pq.read_table(path).to_pylist()
    if not {"count", "events"} & set(SCHEMAS[name].names):
        found = Counter(tuple(row.values()) for row in rows)
        return set(found) if name in ("words", "forms", "links") else found
    of_first = (*PLACE, "form") if name == "dates" else PLACE
    totals: dict[Any, tuple[Any, list[int]]] = {}
    for row in rows:
        key = tuple(value for column, value in row.items() if column not in (*of_first, *COUNTED))
        place = tuple(row[column] for column in of_first if column in row)
        counts = [row[column] for column in COUNTED if column in row]
        first, before = totals.get(key, (place, [0] * len(counts)))
        totals[key] = min(first, place), [one + other for one, other in zip(before, counts, strict=True)]
    return totals


def without(monkeypatch: pytest.MonkeyPatch, job: Job) -> Reading:
    """Do a job as a machine without the library does."""
    with monkeypatch.context() as patch:
        patch.setattr(_scan, "load", lambda: None)
        return do(job, lambda _: None)


def compare(folder: Path, monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
    """Make one or two files at random, and read them with and without the library."""
    kind, files = chance.choice(("segment", "customerio")), {}
    for number in range(chance.randrange(1, 3)):
        type_ = None if kind == "segment" else chance.choice(TYPES)
        name = f"{number}.json" if type_ is None else f"2184.13699.{number}.{type_}.json"
        files[name] = lines_of(chance, kind, type_, chance.choice((3, 30, 400)))
    job, other = job_of(folder, kind, files, 0), job_of(folder, kind, files, 1)
    assert do(job, lambda _: None) == without(monkeypatch, other)
    ours, theirs = tables_of(job), tables_of(other)
    assert {name for name in SCHEMAS if ours[name] != theirs[name]} == set()


def test_changed_lines_are_read_alike(tmp_path, monkeypatch):
    """Facts, all other tables, and what is noted of the files; the native reader takes a good part of the lines."""
    monkeypatch.setattr(packs, "PLACES_KEPT", 10_000)
    taken = []
    write = NativeLines.finish
    monkeypatch.setattr(NativeLines, "finish", lambda self: (write(self), taken.append(self.count)))
    for seed in range(ROUNDS):
        compare(tmp_path / str(seed), monkeypatch, random.Random(seed))
    assert sum(taken) > 1000


@pytest.mark.soak
def test_changed_lines_are_read_alike_for_minutes(tmp_path, monkeypatch):
    """With another seed each time, which a failure shows."""
    monkeypatch.setattr(packs, "PLACES_KEPT", 10_000)
    seed, until = time.time_ns(), time.monotonic() + SOAK_S
    chance = random.Random(seed)
    number = 0
    while time.monotonic() < until:
        compare(tmp_path / f"{seed} {number}", monkeypatch, chance)
        number += 1


@pytest.mark.parametrize(
    "value",
    [
        rb'"2026\/11\/02"',
        rb'"2026\u002d11\u002d02"',
        rb'"\u0032026-11-02"',
        b'"%s"' % b"1793577600".rjust(30, b"0"),
        b"4102444799.9999999999",
        b"946684799.99999999999",
    ],
)
def test_an_instant_is_found_however_it_is_escaped_or_rounded(tmp_path, monkeypatch, value):
    """What a payload spells is decided on the text or double that it stands for, not on its characters."""
    head = b'{"type":"track","messageId":"m1","event":"Cart","userId":"u1","properties":{"at":'
    content = b"{}\n" + head + value + b"}}\n"
    ours, theirs = (job_of(tmp_path, "segment", {"0.json": content}, number) for number in range(2))
    assert do(ours, lambda _: None) == without(monkeypatch, theirs)
    assert tables_of(ours) == tables_of(theirs)


def test_a_long_key_above_many_instants_takes_no_more_memory_than_the_line(tmp_path, monkeypatch):
    """Each has the key in its path: the line goes to the kind, which holds the key once."""
    instants = b",".join(b'"k%d":"2026-11-02"' % number for number in range(2000))
    payload = b'{"%s":{%s}}' % (b"k" * 2000, instants)
    row = b'{"type":"track","messageId":"m1","event":"Cart","userId":"u","properties":%s}'
    scanner = Scanner(_scan.load(), "segment", KEY)
    task = Task(type=len(_scan.TYPES))
    line = row % payload + b"\n"
    assert scanner.take(line, 0, len(line), task) == 0
    ours, theirs = (job_of(tmp_path, "segment", {"0.json": b"{}\n" + line}, number) for number in range(2))
    assert do(ours, lambda _: None) == without(monkeypatch, theirs)
    assert tables_of(ours) == tables_of(theirs)


def test_a_row_that_mixes_two_is_taken_back_though_it_was_time_to_write(tmp_path, monkeypatch):
    """Where rows are lost after the last one that is held: it says so only when the next one is read."""
    monkeypatch.setattr(native_lines, "_MAX_ROWS", 1)
    monkeypatch.setattr(collect, "_FLUSH_ROWS", 1)
    row = b'{"type":"track","messageId":"m%d","event":"Cart","userId":"u","context":{},"receivedAt":"2026-11-02T%sZ"}\n'
    rows = [row % (second, b"09:30:%02d.000" % second) for second in range(40)]
    mixed, next_one = row.replace(b'"event"', b'"channel":1,"channel":2,"event"'), row % (41, b"11:00:00.000")
    content = b"".join([*rows, mixed % (40, b"09:30:40.000"), next_one])
    ours, theirs = (job_of(tmp_path, "segment", {"0.json": content}, number) for number in range(2))
    reading = do(ours, lambda _: None)
    assert [place.line for place in reading.incomplete] == [41]
    assert reading == without(monkeypatch, theirs)
    assert tables_of(ours)["facts"] == tables_of(theirs)["facts"]
    assert reading.rows == 41


def test_a_file_that_is_read_in_part_is_not_called_misnamed(tmp_path, monkeypatch):
    """An unpacked file may keep its name; rows that were taken show that it is what it should be."""
    row = b'{"type":"track","messageId":"m%d","event":"Cart","userId":"u"}\n'
    content = b"{broken\n" + row % 1 + row % 2 + b"{broken\n" + row % 3
    ours, theirs = (job_of(tmp_path, "segment", {"0.json.gz": content}, number) for number in range(2))
    reading = do(ours, lambda _: None)
    assert ["gzip" in place.reason for place in reading.rejected] == [True, False]
    assert reading == without(monkeypatch, theirs)


def test_threads_read_at_once_without_helpers(tmp_path, monkeypatch):
    """Jobs of several threads make the tables that one thread makes of each."""
    chance = random.Random(5)
    jobs, others = [], []
    for number in range(4):
        files = {f"2184.13699.{number}.track.json": lines_of(chance, "customerio", "track", 400)}
        jobs.append(job_of(tmp_path, "customerio", files, number))
        others.append(job_of(tmp_path / "others", "customerio", files, number))
    monkeypatch.setattr("subprocess.Popen", None)
    readings = run_jobs(jobs, 2, lambda _: None)
    for job, other, reading in zip(jobs, others, readings, strict=True):
        assert reading == without(monkeypatch, other)
        assert tables_of(job) == tables_of(other)


def test_an_interruption_ends_the_threads(tmp_path):
    """An error in `advance` ends all jobs, and nothing goes on in the background."""
    files = {f"2184.13699.{number}.track.json": b"{}\n" for number in range(4)}
    jobs = [job_of(tmp_path, "customerio", {name: text}, number) for number, (name, text) in enumerate(files.items())]

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs, 2, interrupt)


def test_the_library_is_built_from_these_sources():
    """One that was built earlier would show what the code was."""
    builder = runpy.run_path(str(ROOT / "build_native.py"))
    library = _scan.load()
    assert library is not None
    assert library.scan_sources() == builder["sources"](), "run make native"


def test_a_library_of_other_sources_is_left_alone(tmp_path, monkeypatch):
    """As after a change of the sources without `make native`; where there are none, it is used."""
    (tmp_path / "lib.rs").write_text("// changed")
    for folder, is_used in ((tmp_path, False), (tmp_path / "none", True)):
        monkeypatch.setattr(_scan, "_SOURCES", folder)
        _scan.load.cache_clear()
        assert (_scan.load() is not None) == is_used
    _scan.load.cache_clear()


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "off", " false "])
def test_it_can_be_switched_off(monkeypatch, value):
    """By an environment variable, which helper processes inherit."""
    _scan.load.cache_clear()
    monkeypatch.setenv(_scan.SWITCH, value)
    assert _scan.load() is None
    _scan.load.cache_clear()


@pytest.mark.parametrize("content", [None, b"", b"not a library", b"\x7fELF" + bytes(100)])
def test_a_library_that_cannot_be_used_is_left_alone(tmp_path, monkeypatch, content):
    """A missing one, a damaged one, and one for another machine: Python reads all lines."""
    path = tmp_path / "libscan.so"
    if content is not None:
        path.write_bytes(content)
    _scan.load.cache_clear()
    monkeypatch.setattr(_scan, "LIBRARY", path)
    assert _scan.load() is None
    _scan.load.cache_clear()


def test_a_library_that_was_cut_or_lost_its_end_is_left_alone(tmp_path, monkeypatch):
    """As by a full disk, or a loss of power, after which zeros are read: the system would end the process."""
    content = _scan.LIBRARY.read_bytes()
    path = tmp_path / "libscan.so"
    monkeypatch.setattr(_scan, "LIBRARY", path)
    half = content[: len(content) // 2]
    for damaged in (
        half,
        content[:-1],
        half + bytes(len(content) - len(half)),
        content[:4096] + bytes(len(content) - 4096),
    ):
        path.write_bytes(damaged)
        _scan.load.cache_clear()
        assert _scan.load() is None
    path.write_bytes(content)
    _scan.load.cache_clear()
    assert _scan.load() is not None
    _scan.load.cache_clear()


def test_a_library_of_another_interface_is_left_alone(monkeypatch):
    """As after an update of the package in place."""
    _scan.load.cache_clear()
    monkeypatch.setattr(_scan, "INTERFACE", _scan.INTERFACE + 1)
    assert _scan.load() is None
    _scan.load.cache_clear()


def test_the_interface_refuses_what_it_cannot_use():
    """A key of no or too many bytes, a layout or column that does not exist, a place behind the end."""
    library = _scan.load()
    assert library is not None
    assert library.scan_new(7, KEY, len(KEY)) is None
    for key in (b"", bytes(65)):
        with pytest.raises(ValueError, match="identity key"):
            Scanner(library, "segment", key)
    scanner = Scanner(library, "segment", KEY)
    assert scanner.column(99) == b""
    task = Task()
    assert scanner.take(b"{}\n", 3, 3, task) == 3
    assert scanner.take(b"{}\n", 70, 99, task) == 3
    assert ctypes.sizeof(task) == 9 * 8 + 2 * 4


def test_without_a_compiler_nothing_is_built(monkeypatch, tmp_path):
    """The reason is returned, and a wheel is built without it."""
    builder = runpy.run_path(str(ROOT / "build_native.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert builder["build"]() == "there is no rustc on this machine"
