"""`make demo`, as a command: what it finds, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DEMO = [sys.executable, str(EXAMPLES / "demo.py")]
OUTSIDE = {
    "PIPELINES_STAGE": "complete",
    "PIPELINES_SEGMENT_WRITE_KEY": "from-outside",
    "PIPELINES_LEDGER_KEY": "no key at all",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "COLUMNS": "80",
}
ROW = re.compile(
    r"^(?P<kind>\S.*?)  +(?P<what>\S.*?)  +(?P<side>\S+) +(?P<planted>[\d,]+) +"
    r"(?P<reported>[\d,]+)  +(?P<sign>ok|DIFFERS)$"
)


class Done(NamedTuple):
    """A demo that has ended."""

    code: int
    lines: list[str]
    out: Path

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of both tables of planted and reported faults."""
        return [match.groupdict() for line in self.lines if (match := ROW.match(line.rstrip()))]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A whole demo with a few people, in an environment full of settings that it must ignore."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = subprocess.run(
        [*DEMO, "--people", "60", "--out", str(out)],
        env={**os.environ, **OUTSIDE},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    return Done(done.returncode, done.stdout.splitlines(), out)


def test_every_planted_fault_is_reported_and_no_other(demo: Done) -> None:
    """Each class has a row, was truly planted, and the two numbers of each row are the same."""
    assert demo.code == 0, "\n".join(demo.lines)
    rows = demo.rows()
    with_faults = rows[: 1 + next(index for index, row in enumerate(rows) if row["kind"] == "nothing")]
    kinds = [row["kind"] for row in with_faults if row["side"] == "Customer.io"]
    assert set(kinds) == {
        "missing",
        "duplicate",
        "drift type",
        "drift value",
        "drift null",
        "drift missing key",
        "renamed",
        "identity",
    }
    assert kinds.count("missing") == 2
    assert all(row["planted"] == row["reported"] and row["sign"] == "ok" for row in rows)
    assert all(int(row["reported"]) > 0 for row in with_faults if row["side"] == "Customer.io")
    assert "FAIL" in "\n".join(demo.lines)


def test_requests_that_fail_lose_nothing_at_segment(demo: Done) -> None:
    """Messages were sent again after a 503, and Segment's side has no fault of any kind."""
    (said,) = (line for line in demo.lines if line.startswith("Refused"))
    assert re.search(r"sent again: [1-9]\d* to Segment, [1-9]\d* to Customer.io", said)
    assert {"any planted fault", "nothing"} == {
        row["kind"] for row in demo.rows() if row["side"] in ("Segment", "both")
    }


def test_without_faults_it_passes(demo: Done) -> None:
    """The second report's verdict is pass, and every message of it matched."""
    report = json.loads((demo.out / "clean" / "report.json").read_text("utf-8"))
    assert report["verdict"] == "pass"
    assert report["totals"]["matched"] == report["totals"]["messages"] > 500
    assert any(line.startswith(" PASS ") for line in demo.lines)


def test_the_reports_are_where_it_says(demo: Done) -> None:
    """Each run leaves its report in three forms, and the paths printed last exist."""
    for folder in (demo.out, demo.out / "clean"):
        assert all((folder / f"report{ending}").stat().st_size > 1000 for ending in (".json", ".html", ".md"))
    assert [line.strip() for line in demo.lines[-2:]] == [
        str(demo.out / "report.html"),
        str(demo.out / "clean" / "report.html"),
    ]


def test_its_own_lines_fit_80_columns(demo: Done) -> None:
    """Nothing that the demo prints itself is cut or wrapped at 80 columns; the report's tests are elsewhere."""
    tables = [line for line in demo.lines if ROW.match(line.rstrip()) or line.startswith(("fault ", "━", "Refused"))]
    assert len(tables) > 15
    assert max(map(len, tables)) <= 80


def test_a_folder_that_it_did_not_make_is_left_alone(tmp_path: Path) -> None:
    """`--out` at another folder is refused before anything is deleted."""
    (tmp_path / "precious").write_text("mine")
    done = subprocess.run(
        [*DEMO, "--out", str(tmp_path)], capture_output=True, text=True, check=False, timeout=60, env=os.environ
    )
    assert done.returncode == 2
    assert "was not made by an example" in done.stdout
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_ends_it_and_all_that_it_started(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C in the midst of sending reaches the whole group: no stack trace, and no process is left behind."""
    with subprocess.Popen(
        [*DEMO, "--out", str(tmp_path / "out")],
        bufsize=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "FORCE_COLOR": "1"},  # progress is only shown to a terminal
    ) as process:
        assert process.stdout is not None
        shown = b""
        while not re.search(rb"people; Segment [1-9]", shown):
            more = process.stdout.read(4096)
            assert more, shown
            shown += more
        os.killpg(process.pid, number)
        shown += process.stdout.read()
    assert process.returncode == code, shown
    assert b"Traceback" not in shown
    assert not list((tmp_path / "out").rglob("report.*"))
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


REPORT: dict[str, Any] = {
    "totals": {"ledger": {"messages": 10}, "matched": 8},
    "events": [{"event": "Order Completed", "missing": {"segment": 0, "customerio": 2}}],
    "duplicates": {"rows": []},
    "drift_by_path": [],
    "renamed": {"rows": []},
    "identity": {"rows": []},
}


@pytest.mark.parametrize("planted", [1, 3])
def test_a_fault_too_many_or_too_few_shows(monkeypatch: pytest.MonkeyPatch, planted: int) -> None:
    """The table compares: two reported where one or three were planted do not agree."""
    monkeypatch.syspath_prepend(EXAMPLES)
    from planted import compare

    fault = {"api": "customerio", "kind": "swallowed", "detail": {"event": "Order Completed"}}
    missing, *_, fine = compare({"planted": [fault] * planted}, REPORT)
    assert (missing.planted, missing.reported, missing.is_agreed) == (planted, 2, False)
    assert (fine.planted, fine.reported, fine.is_agreed) == (10 - planted, 8, False)
    agreed = compare({"planted": [fault] * 2}, REPORT)
    assert all(row.is_agreed for row in agreed)
