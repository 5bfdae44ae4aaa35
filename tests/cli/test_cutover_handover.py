"""`pipelines-client cutover handover`: what it writes, says and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_files import make_state
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.state.kept import INTEGRATIONS
from pipelines_client.state.runfile import LegReport, RunFile

AT = "2999-12-07T10:00:00+01:00"


@pytest.fixture
def handover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command beside a stage file at `dual` and an idle state directory."""
    (tmp_path / "stage.toml").write_text('stage = "dual"\n')
    monkeypatch.setenv("PIPELINES_STAGE_FILE", str(tmp_path / "stage.toml"))
    monkeypatch.setenv("PIPELINES_STATE_DIR", str(make_state(tmp_path / "state")))
    return lambda *words: CliRunner().invoke(app, ["cutover", "handover", *words])


def test_it_says_what_each_side_does_and_can_be_repeated(handover: Callable[..., Any], tmp_path: Path) -> None:
    """Written, then planned already; without --at it shows what the file says."""
    first = handover("--at", AT, "--reason", "the campaigns are built")
    assert first.exit_code == 0, first.output
    assert 'at = "2999-12-07T09:00:00.000Z"' in (tmp_path / "stage.toml").read_text()
    for text in ("(written)", '"Actions Customerio": false', "received_at >=", "no process runs", "0 now"):
        assert text in first.output
    content = (tmp_path / "stage.toml").read_bytes()
    for words in (("--at", "2999-12-07T09:00:00Z"), ()):
        again = handover(*words)
        assert (again.exit_code, (tmp_path / "stage.toml").read_bytes()) == (0, content)
        assert "(planned)" in again.output
    shown = json.loads(handover("--json").stdout)
    assert (shown["at"], shown["is_new"], shown["skew_s"]) == ("2999-12-07T09:00:00.000Z", False, 2.0)
    assert handover("--at", "now").exit_code == 0
    assert "hand-over at once" in handover().output


def test_status_shows_the_hand_over(handover: Callable[..., Any], tmp_path: Path) -> None:
    """Planned, in force and over: from when on, what goes which way, and where each side stands."""

    def status(*words: str) -> Any:
        return CliRunner().invoke(app, ["cutover", "status", *words])

    legs = {"customerio": LegReport(10, 2, 3, {}, {}, {"handover": 5}), "segment": LegReport(10, 4, 6, {}, {}, {})}
    run = tmp_path / "state" / "run" / "w.json"
    RunFile(legs, started_at="2026-12-01T09:00:00.000Z", state="closed").write(run)
    assert "hand-over" not in status().output
    assert json.loads(status("--json").stdout)["handover"] is None
    handover("--at", AT)
    shown = status().output
    for text in (
        "planned, from 2999-12-07T09:00:00.000Z on",
        "until then",
        "5 taken so far, 2 waiting",
        "5 left to it, 4 waiting",
    ):
        assert text in shown
    handover("--at", "now")
    assert "hand-over: in force" in status().output
    assert "takes all; Segment's destination forwards the rest" in status().output
    found = json.loads(status("--json").stdout)["handover"]
    waiting = {"customerio": 2, "segment": 4}
    assert {**found, "at": ""} == {"at": "", "state": "in force", "taken": 5, "left": 5, "waiting": waiting}
    file = tmp_path / "stage.toml"
    file.write_text(file.read_text().replace('"dual"', '"complete"'))
    assert "hand-over: over" in status().output


def test_a_dry_run_changes_nothing(handover: Callable[..., Any], tmp_path: Path) -> None:
    """It shows the lines of the file."""
    shown = handover("--at", AT, "--dry-run")
    assert (shown.exit_code, "[handover]" in shown.output) == (0, True)
    assert (tmp_path / "stage.toml").read_text() == 'stage = "dual"\n'


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "--at"),
        (("--at", "2026-12-07T09:00:00"), "zone"),
        (("--at", "tomorrow"), "zone"),
        (("--at", "0001-01-01T00:00:00+23:00"), "zone"),
        (("--at", AT, "--skew", "-1"), "skew"),
        (("--at", AT, "--stage-file", "missing.toml"), "cutover start"),
    ],
)
def test_bad_input_is_exit_code_2(handover: Callable[..., Any], words: tuple[str, ...], text: str) -> None:
    """An instant without a zone would be another one on each host."""
    refused = handover(*words)
    assert refused.exit_code == 2
    assert text in refused.output


def test_what_would_lose_messages_is_exit_code_1(handover: Callable[..., Any], tmp_path: Path) -> None:
    """It names the setting, and is done with a reason."""
    INTEGRATIONS.keep(tmp_path / "state", {"All": False})
    refused = handover("--at", AT)
    assert refused.exit_code == 1
    assert "segment_integrations" in refused.output
    assert handover("--at", AT, "--force", "--reason", "a rehearsal").exit_code == 0
