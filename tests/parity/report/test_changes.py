"""`parity diff`: what changed between two reports."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from evidence import START, Evidence
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.model import SCHEMA_VERSION
from pipelines_client.parity.render import CHANGE_FORMATS
from pipelines_client.parity.render.changes import render_changes
from pipelines_client.parity.report.changes import compare_reports

HOSTILE = "<b>|\x1b[31m`[x](http://x)`\n=1+1"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Of a good day, and of one on which a message is lost, a payload drifts and an event is new."""
    good = Evidence(tmp_path_factory.mktemp("good"), count=150)
    bad = Evidence(tmp_path_factory.mktemp("bad"), count=150)
    bad.messages[3].lose("customerio")
    bad.messages[5].payload("customerio")["price"] = "9.5"
    bad.track("u1", HOSTILE, {}).copies["segment"] = 2
    return tuple(run_parity(evidence.paths(), ParityOptions(), now=START) for evidence in (good, bad))


@pytest.fixture(scope="module")
def files(reports, tmp_path_factory):
    """The reports as `--output` writes them."""
    folder = tmp_path_factory.mktemp("reports")
    paths = [folder / "a.json", folder / "b.json"]
    for path, report in zip(paths, reports, strict=True):
        path.write_text(report.to_json(), "utf-8")
    return paths


def run(*arguments: object):
    return CliRunner().invoke(app, ["parity", *map(str, arguments)])


def test_what_changed_is_listed_and_nothing_else(reports):
    """Verdict, gates, totals, causes, paths and events, from a good day to a bad one."""
    changes = compare_reports(*reports)
    assert (changes.result, changes.exit_code) == ("worse", 1)
    assert (changes.before.verdict.value, changes.after.verdict.value) == ("pass", "fail")
    worse = {gate.name: (gate.before, gate.after) for gate in changes.gates if gate.is_worse}
    assert worse == dict.fromkeys(("missing_customerio", "drift", "duplicates_segment"), ("passed", "failed"))
    assert [gate.is_worse for gate in changes.gates] == sorted((gate.is_worse for gate in changes.gates), reverse=True)
    totals = {row.name: (row.before, row.after) for row in changes.totals}
    assert totals["messages"] == (150, 151)
    assert totals["missing_customerio"] == totals["drift"] == totals["duplicates"] == (0, 1)
    assert "identity" not in totals
    assert [(row.name, row.before, row.after) for row in changes.causes] == [("accepted_but_absent_customerio", 0, 1)]
    assert [(row.path, row.kind, row.before, row.after) for row in changes.drift_by_path] == [
        ("properties.price", "type", 0, 1)
    ]
    events = {row.event: (row.messages_before, row.messages_after, row.faults_after) for row in changes.events}
    assert events == {"Feature Used": (150, 150, 2), HOSTILE: (0, 1, 1)}


def test_the_way_back_is_better_and_to_itself_is_the_same(reports):
    """Both exit with 0, and what is the same lists nothing."""
    good, bad = reports
    back = compare_reports(bad, good)
    assert (back.result, back.exit_code) == ("better", 0)
    assert (back.drift_by_path[0].before, back.drift_by_path[0].after) == (1, 0)
    same = compare_reports(bad, bad)
    assert (same.result, same.exit_code) == ("same", 0)
    assert not any((same.gates, same.totals, same.causes, same.classes, same.drift_by_path, same.events))


def test_one_gate_that_is_worse_makes_it_worse_though_the_verdict_is_not(reports):
    """The later of two failures may fail more gates; without a gate the later report may only look better."""
    bad = reports[1]
    fewer = bad.model_copy(update={"gates": tuple(gate for gate in bad.gates if gate.name != "drift")})
    assert compare_reports(fewer, bad).result == "worse"
    gone = compare_reports(bad, fewer)
    assert (gone.result, [(gate.name, gate.before, gate.after) for gate in gone.gates]) == (
        "not_comparable",
        [("drift", "failed", None)],
    )
    assert gone.reasons == ("The later report has no gate “Drift”",)


def test_a_limit_that_is_another_is_said(reports):
    """A looser limit can turn a failure into a pass: not comparable, and the change shows both limits."""
    bad = reports[1]
    gates = [replace(gate, limit=5.0) if gate.name == "drift" else gate for gate in bad.gates]
    changes = compare_reports(bad, bad.model_copy(update={"gates": tuple(gates)}))
    assert (changes.result, changes.exit_code, changes.reasons) == ("not_comparable", 3, ("Other limits: “Drift”",))
    (row,) = [line for line in render_changes(changes, "markdown").splitlines() if line.startswith("| Drift")]
    assert "%, limit 0.1 % |" in row
    assert row.endswith("%, limit 5 % |")


def test_a_report_that_did_not_look_at_a_side_is_not_comparable(files, tmp_path):
    """In either order, with the reason in every format and exit code 3."""
    whole = Evidence(tmp_path, count=150)
    partly = {name: path for name, path in whole.paths().items() if name != "customerio"}
    other = tmp_path / "other.json"
    other.write_text(run_parity(partly, ParityOptions(), now=START).to_json(), "utf-8")
    for pair, name in (((files[0], other), "later"), ((other, files[0]), "earlier")):
        for form in CHANGE_FORMATS:
            done = run("diff", *pair, "--format", form)
            assert done.exit_code == 3, done.output
            assert f"The {name} report did not look at Customer.io" in done.output
    assert run("diff", other, other).exit_code == 0


def test_everything_and_a_window_are_not_comparable(reports):
    """A window that leaves the bad days out only looks better."""
    good, bad = reports
    everything = bad.model_copy(update={"window": bad.window.model_copy(update={"mode": "all"})})
    assert compare_reports(everything, good).exit_code == 3
    assert compare_reports(everything, everything).exit_code == 0


def test_the_command_says_it_in_every_format_and_exits_1_when_worse(files):
    """Better and same exit with 0."""
    for form in CHANGE_FORMATS:
        done = run("diff", *files, "--format", form)
        assert done.exit_code == 1, done.output
        assert "properties.price" in done.output.replace("\\", "")
    assert json.loads(run("diff", *files, "--format", "json").stdout)["result"] == "worse"
    text = run("diff", *files).stdout
    assert text.splitlines()[0] == " WORSE   PASS, now FAIL"
    assert "appeared" in text
    assert run("diff", *reversed(files)).exit_code == 0
    assert "Nothing else changed." in run("diff", files[0], files[0]).stdout


def test_names_from_outside_stay_text(reports):
    """An event name ends no cell, starts no markup and moves no cursor."""
    changes = compare_reports(*reports)
    text, markdown = (render_changes(changes, form) for form in ("text", "markdown"))
    assert "\x1b" not in text + markdown
    (row,) = [line for line in markdown.splitlines() if "http" in line]
    assert "&lt;b&gt;\\|" in row
    assert row.replace("\\|", "").count("|") == 7


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file or directory"),
        ("{", "not a parity report; write one with `parity --output report.json`"),
        ("[1]", "not a parity report"),
        ('{"schema_version": 1}', f"schema_version 1, this version reads {SCHEMA_VERSION}: compare the sources again"),
        ('{"schema_version": 99}', "update this package"),
        (f'{{"schema_version": {SCHEMA_VERSION}, "verdict": "secret"}}', "not a complete parity report: generated_at"),
    ],
)
def test_what_is_no_report_of_this_version_exits_2_and_says_what_to_do(files, tmp_path, content, says):
    """And quotes nothing of it."""
    other = tmp_path / "other.json"
    if content is not None:
        other.write_text(content, "utf-8")
    done = run("diff", files[0], other)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"pipelines-client: {other}: ")
    assert says in done.stderr
    assert "secret" not in done.stderr


def test_the_first_word_names_a_command_or_a_path(tmp_path, monkeypatch):
    """`diff` is the command and `./diff` the folder; any other first word is the comparison's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diff").mkdir()
    assert "parity diff" in run("diff").stderr
    assert "--format must be one of" in run("diff", "a.json", "b.json", "--format", "xml").stderr
    for arguments in (["./diff"], ["--engine", "duckdb", "diff"], ["compare", "diff"]):
        refused = run(*arguments, "--no-cache")
        assert refused.exit_code == 2
        assert "diff: " in refused.stderr


def test_help_lists_the_options_of_the_comparison_and_the_other_commands():
    """At the group, where a user looks first."""
    text = run("--help").stdout
    assert "PATH]... | COMMAND [ARGS]..." in text
    assert "--max-missing" in text
    assert "diff  Show what changed between two reports." in text
    assert "compare " not in text.split("Commands")[1]
