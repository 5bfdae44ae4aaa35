"""What of a ledger cannot be read, and what that may hide."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pipelines_client.cutover.rollback import count_ledgers
from pipelines_client.state.runfile import RunFile
from pipelines_client.state.tears import LedgerReading, Unreadable

DAY, LATER = "2026-11-02", "2026-11-03"


def line(message_id: str, leg: str = "segment", outcome: str = "accepted") -> str:
    record = {"message_id": message_id, "type": "track", "leg": leg, "outcome": outcome, "reason": None, "writer": "w"}
    return json.dumps(record, separators=(",", ":")) + "\n"


TORN = line("m")[:25]
"""A line that ends early, and names its message; its leg it does not."""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The ledger of a writer `w`, whose run file is there."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "run").mkdir()
    RunFile({}, writer="w").write(tmp_path / "run" / "w.json")
    return tmp_path / "ledger"


def write(ledger: Path, text: str, *, day: str = DAY, writer: str = "w") -> Path:
    path = ledger / day / f"{writer}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def read(ledger: Path, leg: str = "segment") -> Unreadable:
    reading = LedgerReading(leg)
    list(reading.records(ledger))
    return reading.finish()


@pytest.mark.parametrize(
    "text",
    [
        f"{TORN}\n{line('m')}",
        f"{TORN}\n{line('other')}{line('m')}",
        '{"mess\n' + line("m"),
        f"{TORN}\n{TORN}\n" + '{"mess\n' + line("m"),
    ],
)
def test_a_torn_line_that_a_later_record_makes_good_hides_nothing(ledger: Path, text: str) -> None:
    """A full disk, or a kill and the next process; for each reader of the ledger."""
    write(ledger, text)
    assert read(ledger) == Unreadable()
    assert count_ledgers([ledger], "segment").unread_lines == 0


def test_it_is_made_good_on_a_later_day_too_and_by_another_writer(ledger: Path) -> None:
    """By a record of its leg; of another leg only if the torn line does not say which it was about."""
    write(ledger, f"{TORN}\n{line('x')}")
    write(ledger, line("m"), day=LATER, writer="v")
    assert read(ledger) == Unreadable()
    write(ledger, f"{line('m')[:52]}\n{line('x')}")
    write(ledger, line("m", "customerio"), day=LATER, writer="v")
    assert read(ledger) == Unreadable(message_ids={"m"})
    assert read(ledger, "customerio") == Unreadable()


@pytest.mark.parametrize("end", ["", "\n", "\n" + TORN, '\n{"mess'])
def test_the_last_line_of_a_file_whose_writer_is_known_is_under_way(ledger: Path, end: str) -> None:
    """Its message waits in a spool; on a full disk, several tries may end early."""
    write(ledger, line("a") + TORN + end)
    assert read(ledger) == Unreadable(unfinished={"m"})
    assert count_ledgers([ledger], "segment").unread_lines == 0


def test_a_line_that_names_no_message_is_made_good_by_its_writers_next_file(ledger: Path) -> None:
    """The process that took over, on the day after; long afterwards no run file says so."""
    path = write(ledger, line("a") + '{"mess', writer="long-ago")
    write(ledger, line("b"), day=LATER, writer="another")
    assert read(ledger).files == [path]
    write(ledger, line("m"), day=LATER, writer="long-ago")
    assert read(ledger) == Unreadable()


@pytest.mark.parametrize("torn", [TORN, '{"mess'])
def test_without_the_run_file_of_its_writer_such_a_file_counts_as_cut(ledger: Path, torn: str) -> None:
    """A copy that broke off ends in the same way, and how many lines it lacks is not known."""
    path = write(ledger, line("a") + torn, writer="of-another-host")
    found = read(ledger)
    assert (found.files, found.hides_any) == ([path], True)
    assert count_ledgers([ledger], "segment").unread_lines == 1


@pytest.mark.parametrize(
    ("text", "lines", "message_ids"),
    [
        (f"{TORN}\n{line('other')}", 0, {"m"}),
        (TORN + line("n") + line("m"), 0, {"m", "n"}),
        ('{"other":1}\n', 1, set()),
        ("7\n", 1, set()),
        ("?" + TORN, 0, {"m"}),
        ('?{"mess', 1, set()),
        (TORN + "\0\0\0\n" + line("m"), 1, set()),
    ],
)
def test_any_other_line_is_damaged(ledger: Path, text: str, lines: int, message_ids: set[str]) -> None:
    """About the messages that it names, or about any."""
    write(ledger, text)
    found = read(ledger)
    assert (found.lines, found.message_ids, found.unfinished) == (lines, message_ids, set())
    assert count_ledgers([ledger], "segment").unread_lines == found.places == lines + len(message_ids)


def test_a_line_that_names_another_leg_does_not_matter(ledger: Path) -> None:
    """Damaged or torn; to a reader of all legs it does."""
    write(ledger, line("m", "customerio").replace("}", "!") + line("x"))
    assert read(ledger) == Unreadable()
    assert read(ledger, "").message_ids == {"m"}


def test_a_sealed_file_that_is_cut_is_named_beside_the_lines_of_others(ledger: Path) -> None:
    """Each is said once, with its number."""
    path = ledger / DAY / "v.jsonl.gz"
    write(ledger, f"{TORN}\n{line('other')}")
    path.write_bytes(gzip.compress(line("a").encode())[:-9])
    found = read(ledger)
    assert str(found) == f"{path} is cut, damaged or not readable by this user; 1 line is damaged"
    assert found.places == 2
