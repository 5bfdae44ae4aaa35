"""The book: what was accepted where, and what of it cannot be read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.errors import LedgerError
from pipelines_client.state.book import Book, is_here, ledgers_at
from pipelines_client.state.runfile import LegReport, RunFile

DAY = "2026-11-02"


def line(message_id: str, **more: Any) -> str:
    record = {
        "message_id": message_id,
        "leg": "customerio",
        "outcome": "accepted",
        "writer": "w",
        "reason": None,
        **more,
    }
    return json.dumps(record, separators=(",", ":")) + "\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A state directory with a writer whose run file counts three acceptances."""
    state = tmp_path / "hosts" / "web-1"
    (state / "ledger" / DAY).mkdir(parents=True)
    (state / "run").mkdir()
    counts = LegReport(recorded=3, pending=0, accepted=3, rejected={}, dropped={}, skipped={})
    RunFile({"customerio": counts}, writer="w").write(state / "run" / "w.json")
    return state / "ledger"


def test_a_book_that_is_whole_hides_nothing(ledger: Path) -> None:
    """A record that a crash has repeated is not a surplus; those of the other leg are not its own."""
    (ledger / DAY / "w.jsonl").write_text("".join(map(line, "abcc")) + line("d", leg="segment"))
    book = Book([ledger])
    assert [record["message_id"] for record in book.records("customerio")] == list("abcc")
    assert (book.unreadable.hides_any, book.unreadable.message_ids) == (False, set())


def test_acceptances_that_the_run_files_count_and_no_line_shows_are_missed(ledger: Path) -> None:
    """A ledger that was cut at the end of a line, pruned or removed is known by that alone."""
    (ledger / DAY / "w.jsonl").write_text(line("a"))
    book = Book([ledger])
    assert len(list(book.records("customerio"))) == 1
    assert (book.unreadable.records, book.unreadable.hides_any) == (2, True)
    assert list(book.records("customerio", since="2026-11-03")) == []
    assert not book.unreadable.hides_any  # a part of the days is not counted


def test_a_file_that_is_cut_is_named(ledger: Path) -> None:
    """A copy that broke off: what is before that place is read."""
    path = ledger / DAY / "w.jsonl.gz"
    path.write_bytes(gzip.compress("".join(map(line, "abc")).encode())[:-9])
    book = Book([ledger])
    list(book.records("customerio"))
    assert book.unreadable.files == [path]
    assert str(path) in str(book.unreadable)


@pytest.mark.parametrize(
    ("torn", "lines", "message_ids", "unfinished"),
    [
        (line("d")[:-9], 0, set(), {"d"}),
        ('{"mess', 0, set(), set()),
        (line("d")[:30] + line("e")[:-9], 0, {"d", "e"}, set()),
        (line("d").replace(":", "!", 2), 1, set(), set()),
        (line("d").replace("leg", "l\\"), 0, {"d"}, set()),
        (line("d")[:30] + "\0\0\0", 1, set(), set()),
    ],
)
def test_a_line_that_ends_early_was_never_finished_and_a_damaged_one_is_about_what_it_names_or_about_any(
    ledger: Path, torn: str, lines: int, message_ids: set[str], unfinished: set[str]
) -> None:
    """Zeros hide an unknown number of lines."""
    (ledger / DAY / "w.jsonl").write_text("".join(map(line, "abc")) + torn)
    book = Book([ledger])
    list(book.records("customerio"))
    found = book.unreadable
    assert (found.lines, found.message_ids, found.unfinished) == (lines, message_ids, unfinished)
    assert found.hides_any == bool(lines)


def test_a_line_that_does_not_say_where_counts_for_every_destination() -> None:
    """An older version wrote it."""
    assert is_here({}, "here")
    assert is_here({"destination": "here"}, "here")
    assert not is_here({"destination": "elsewhere"}, "here")


def test_a_ledger_is_named_by_its_state_directory_its_folder_a_day_a_file_or_a_glob(
    ledger: Path, tmp_path: Path
) -> None:
    """A folder of state directories, too; a path where none is, is an error that says so."""
    file = ledger / DAY / "w.jsonl"
    file.write_text(line("a"))
    assert ledgers_at([ledger.parent, tmp_path / "hosts", ledger, ledger / DAY, file, f"{tmp_path}/hosts/*"]) == [
        *(ledger, ledger, ledger, ledger / DAY, file, ledger),
    ]
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "mistyped", f"{tmp_path}/mistyped*", tmp_path / "empty"):
        with pytest.raises(LedgerError, match=r"no such file|holds no ledger"):
            ledgers_at([path])
