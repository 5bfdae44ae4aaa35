"""The command as users run it: exit codes, outputs, what goes where."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from io import StringIO

import pytest
import typer
from commands import Commands
from evidence import Evidence

from pipelines_client.cli.parity.options import moment, percentage
from pipelines_client.cli.parity.sources import read_maps
from pipelines_client.cli.progress import reading
from pipelines_client.effects import examine
from pipelines_client.effects.render import RENDERINGS
from pipelines_client.evidence.calls import calls_in


@pytest.fixture
def run(commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `pipelines-client parity` with these words and variables."""

    def parity(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return commands.run("parity", "--no-history", *map(str, words), variables={**os.environ, **variables})

    return parity


def options(paths):
    return [part for name, path in paths.items() for part in (f"--{name}", path)]


def test_a_pass_exits_0_and_writes_every_format_asked_for(run, evidence, tmp_path):
    """Standard output has the text, each file the format of its ending."""
    outputs = [tmp_path / f"report{ending}" for ending in (".json", ".md", ".html", ".txt")]
    done = run(*options(evidence.paths()), *(part for path in outputs for part in ("--output", path)))
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
    assert "\x1b" not in done.stdout
    assert json.loads(outputs[0].read_text())["verdict"] == "pass"
    assert outputs[1].read_text().startswith("# Parity: PASS")
    assert outputs[2].read_text().startswith("<!doctype html>")
    assert outputs[3].read_text() == done.stdout


def test_a_cure_is_checked_and_the_effects_of_the_routes_are_shown(run, tmp_path):
    """Both by an option; the next command that is proposed has them too."""
    evidence = Evidence(tmp_path, count=120)
    for sent in evidence.messages[:30]:
        sent.payload("segment")["at"] = "2026-12-01"
        sent.payload("customerio")["at"] = 1796083200
    paths = [evidence.write_segment(), evidence.write_customerio()]
    effects = tmp_path / "effects.json"
    effects.write_text(RENDERINGS["json"](examine(calls_in([str(paths[0])]))))
    done = run(*paths, "--cure", "dates=unix", "--effects", effects, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["totals"]["cured"], report["totals"]["drift"]) == (30, 0)
    assert (report["effects"]["verdict"], report["effects"]["count"]) == ("unknown", 1)
    assert run(*paths).returncode == 1


def test_a_failure_exits_1_and_the_json_has_the_agreed_names(run, evidence):
    """The report's names are a contract."""
    evidence.messages[3].lose("segment")
    evidence.messages[4].lose("customerio")
    evidence.messages[5].payload("customerio")["price"] = "9.5"
    done = run(*options(evidence.paths()), "--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["schema_version"] == 2
    assert report["verdict"] == "fail"
    assert report["totals"]["missing"] == {"segment": 1, "customerio": 1}
    assert report["totals"]["matched"] == 197
    assert report["totals"]["drift"] == 1
    for source in ("ledger", "segment", "customerio"):
        assert set(report["totals"][source]) == {"rows", "messages", "duplicates", "rejected_lines"}
    assert report["missing_by_cause"]["segment"]["accepted_but_absent"] == 1
    (drift,) = report["drift_by_path"]
    assert (drift["path"], drift["kind"], drift["count"]) == ("properties.price", "type", 1)
    assert report["identity"]["count"] == report["renamed"]["count"] == 0
    assert report["identity"]["rows"] == report["renamed"]["rows"] == []
    assert {"event", "day", "sent", "segment", "customerio", "missing", "drift"} <= set(report["events"][0])
    assert {"name", "limit", "actual", "result", "evidence"} <= set(report["gates"][0])
    assert {"window", "sources", "samples"} <= set(report)


def test_limits_may_be_loosened(run, evidence):
    """With or without the percent sign."""
    evidence.messages[3].lose("segment")
    evidence.messages[5].payload("customerio")["price"] = "9.5"
    evidence.messages[6].copies["segment"] = 2
    paths = options(evidence.paths())
    assert run(*paths, "--max-missing", "5%", "--max-drift", "0.5", "--max-duplicates", "1 %").returncode == 0
    assert run(*paths, "--max-missing", "5%", "--max-drift", "0.4", "--max-duplicates", "1 %").returncode == 1


def test_short_evidence_exits_3(run, tmp_path):
    """Ten messages."""
    paths = options(Evidence(tmp_path, count=10).paths())
    assert run(*paths).returncode == 3
    assert run(*paths, "--min-events", 10).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--segment", "/nowhere", "--customerio", "/nowhere"], "/nowhere: no such file"),
        (["--segment", "/nowhere"], "at least two"),
        (["replay-list", "/nowhere", "/nowhere"], "there is no command replay-list; add the option --replay-list FILE"),
        (["--format", "xml"], "--format must be one of"),
        (["--output", "report.pdf"], "--output must end in one of .txt"),
        (["--output", "/nowhere/report.json"], "folder does not exist"),
        (["--replay-list", "/nowhere/replay.jsonl"], "folder does not exist"),
        (["--max-missing", "lots"], "not a percentage"),
        (["--since", "some day"], "not a time"),
        (["--since", "0001-01-01T00:00+10:00"], "not a time"),
        (["--all", "--since", "24h"], "--all cannot be combined"),
    ],
)
def test_bad_input_exits_2_and_says_what(run, arguments, says):
    """On standard error, without a traceback."""
    done = run(*arguments, COLUMNS="200")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_file_of_the_wrong_vendor_exits_2(run, evidence):
    """With file, line and cure."""
    paths = evidence.paths()
    done = run("--segment", paths["customerio"], "--customerio", paths["customerio"])
    assert done.returncode == 2
    assert "2184.13699.1.track.json:1: this is a Customer.io storage export" in done.stderr


def test_an_interrupt_exits_130(tmp_path):
    """While it reads a file that takes long, without a traceback, and leaving nothing behind."""
    (tmp_path / "scratch").mkdir()
    block = bytes(random.Random(5).choices(b" \t\n", k=4_000)) + b"\n" * 400_000  # not so well packed as a bomb is
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(block * 120, compresslevel=1) * 20)
    source = ["--segment", str(tmp_path / "x.json.gz"), "--customerio", str(tmp_path / "x.json.gz")]
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # even in a script's background
    program = f"{heard}; from pipelines_client.cli import main; main()"
    command = [sys.executable, "-c", program, "parity", "--no-history", *source]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch")}
    cache = tmp_path / "cache" / "pipelines-client" / "parity"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline = time.monotonic() + 30
        while not list(cache.glob("*/.*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "pipelines-client: interrupted\n"
    assert not list((tmp_path / "scratch").glob("parity-*"))
    assert not list(cache.glob("*/*"))


def test_values_are_hidden_unless_asked_for(run, evidence, tmp_path):
    """Names of properties show, values do not; a file that shows them is its owner's alone."""
    evidence.messages[5].payload("customerio")["feature"] = "a secret"
    outputs = [tmp_path / f"report{ending}" for ending in (".json", ".md", ".html", ".txt")]
    asked = [*options(evidence.paths()), *(part for path in outputs for part in ("--output", path))]
    for more, is_shown in (((), False), (("--show-values",), True)):
        texts = [run(*asked, *more).stdout, *(path.read_text() for path in outputs)]
        assert {"secret" in text for text in texts} == {is_shown}
        assert {path.stat().st_mode & 0o077 == 0 for path in outputs} == {is_shown}


def test_a_replay_list_is_written_and_counted_on_standard_error(run, evidence, tmp_path):
    """Standard output stays the report's."""
    evidence.messages[3].lose("segment")
    evidence.messages[4].lose("customerio")
    done = run(*options(evidence.paths()), "--format", "json", "--replay-list", tmp_path / "replay.jsonl")
    assert json.loads(done.stdout)["verdict"] == "fail"
    assert done.stderr == f"pipelines-client: 2 to replay, in {tmp_path}/replay.jsonl\n"
    lines = [json.loads(line) for line in (tmp_path / "replay.jsonl").read_text().splitlines()]
    assert [line["message_id"] for line in lines] == ["m00004", "m00003"]


def test_a_replay_list_says_where_a_side_has_gaps(run, evidence, tmp_path):
    """What a torn file may hold is left out, since a replay would send it twice; and with it if that is asked for."""
    evidence.messages[4].lose("customerio")
    paths = evidence.paths()
    file, *_ = sorted(paths["customerio"].glob("*.track.json"))
    file.write_text(file.read_text()[:-40])
    for more, said in (
        ((), "2 left out: they may lie in gaps of Customer.io's evidence"),
        (("--even-in-gaps",), "Customer.io's evidence has gaps, and the list includes"),
    ):
        done = run(*options(paths), "--replay-list", tmp_path / "replay.jsonl", *more)
        assert said in done.stderr
        assert "Segment's" not in done.stderr


def test_maps_are_named_by_their_source_or_by_nothing(tmp_path, monkeypatch):
    """A file that is called like a name and a map is that file."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.toml", "b.toml", "segment=c.toml"):
        (tmp_path / name).write_text(f'event = "{name[0]}"')
    assert read_maps(["a.toml", "segment=b.toml"]) == {"": {"event": "a"}, "segment": {"event": "b"}}
    assert read_maps(["segment=c.toml"]) == {"": {"event": "s"}}
    for given in (["a.toml", "b.toml"], ["segment=a.toml", "segment=b.toml"]):
        with pytest.raises(typer.BadParameter, match="two --map for"):
            read_maps(given)


def test_a_terminal_shows_progress(monkeypatch):
    """Bytes while they are read, then each later step; a stream that is not a terminal shows nothing."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    with reading(StringIO()) as shown:
        assert shown == (None, None)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with reading(terminal) as shown:
        shown.advance(5)
        shown.tell("comparing")
    assert terminal.getvalue().index("reading") < terminal.getvalue().index("comparing")


def test_moments_and_percentages():
    """As people write them."""
    now = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
    assert moment("24h", now=now) == datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
    assert moment("7d", now=now) == datetime(2026, 10, 26, 12, tzinfo=timezone.utc)
    assert moment("2026-11-02", now=now) == datetime(2026, 11, 2, tzinfo=timezone.utc)
    assert moment("2026-11-02T09:30:00Z", now=now) == datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
    assert moment(None, now=now) is None
    assert [percentage(text) for text in ("0.1", "0.1%", "5 %", "0")] == [0.1, 0.1, 5.0, 0.0]
    for text in ("101", "-1", "nan", ""):
        with pytest.raises(typer.BadParameter):
            percentage(text)
