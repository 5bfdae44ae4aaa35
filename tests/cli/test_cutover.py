"""`pipelines-client cutover`: advance, roll back, share, switch, plan and status; and its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from stage_files import CLOSED, NOW, make_desk, run_line, write_ledger
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.cli.cutover import cutover_app
from pipelines_client.cutover.gates import PASSING_DAYS
from pipelines_client.destinations.segment import INTEGRATION_PRESETS
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import parse_stage_file


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A stage file at `dual`, and an idle state directory."""
    return make_desk(tmp_path)


@pytest.fixture
def cutover(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `pipelines-client cutover` in that folder, as at noon of the tenth."""
    monkeypatch.setenv("PIPELINES_STAGE_FILE", str(desk / "stage.toml"))
    monkeypatch.setenv("PIPELINES_STATE_DIR", str(desk / "state"))
    monkeypatch.setattr("pipelines_client.cli.cutover.utc_now", lambda: NOW)
    monkeypatch.chdir(desk)
    return lambda *words: CliRunner().invoke(app, ["cutover", *words])


def test_advance_refuses_with_the_reasons_and_is_forced_with_a_reason_that_is_recorded(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """Exit code 1 and nothing changed; `--force` alone is not enough; the journal has what blocked it."""
    refused = cutover("advance")
    assert refused.exit_code == 1
    assert "parity: dual needs 2 passing days" in refused.stderr
    assert cutover("advance", "--force").exit_code == 2
    assert 'stage = "dual"' in (desk / "stage.toml").read_text()
    forced = cutover("advance", "--force", "--reason", "agreed with the board", "--by", "kim")
    assert (forced.exit_code, forced.stdout[:11]) == (0, "dual → live")
    last = json.loads(cutover("log", "--json").stdout)[-1]
    assert (last["by"], last["reason"], last["is_forced"]) == ("kim", "agreed with the board", True)
    assert last["in_the_way"] == ["parity: dual needs 2 passing days: no parity report yet"]
    assert "FORCED" in cutover("log").stdout


def test_advance_goes_on_by_itself_once_the_gates_are_open_and_sets_the_planned_share(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """Two passing days, and `live` begins with half of the people at Segment."""
    (desk / "parity-history.jsonl").write_text(
        run_line("2026-12-09T06:00:00.000Z", "pass") + run_line("2026-12-10T06:00:00.000Z", "pass")
    )
    with (desk / "stage.toml").open("a") as file:
        file.write("[plan.live]\nshare = 0.5\n")
    assert cutover("advance").exit_code == 0
    file = parse_stage_file((desk / "stage.toml").read_bytes())
    assert (file.stage, file.segment.share) == (Stage.LIVE, 0.5)
    assert json.loads(cutover("log", "--json").stdout)[-1]["is_forced"] is False


def test_rollback_refuses_while_segment_lacks_messages_and_says_how_many(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """Two at `live` outside the share: they are to be replayed first; after that it goes back."""
    rows = [
        (f"m{n}", leg, *fate)
        for n in range(2)
        for leg, *fate in (("segment", "skipped", "cohort"), ("customerio", "accepted", None))
    ]
    ledger = write_ledger(desk / "state", *rows)
    refused = cutover("rollback")
    assert refused.exit_code == 1
    assert "2 messages never reached Segment; first: pipelines-client replay --to segment --from" in refused.stderr
    words = refused.stderr.partition("first: pipelines-client ")[2].partition(" PATH")[0].split()
    tried = CliRunner().invoke(
        app, [*words, "none", "--dry-run", "--state-dir", str(desk / "state")], env={"PIPELINES_WRITE_KEY": "k"}
    )
    assert (tried.exit_code, "none: no such file" in tried.stderr) == (2, True)  # all but the path is as it should be
    assert "rollback: not safe; 2 messages to replay to Segment first" in cutover("status").stdout
    lines = [
        json.dumps({"message_id": f"m{n}", "leg": "segment", "outcome": "accepted", "reason": None}) for n in range(2)
    ]
    (ledger / "2026-12-01" / "x.jsonl").write_text("\n".join(lines) + "\n")
    assert json.loads(cutover("status", "--json").stdout)["rollback"]["is_safe"] is True
    assert cutover("rollback", "--reason", "as rehearsed").stdout.startswith("dual → shadow")


def test_the_way_leads_from_the_first_to_the_last_stage_and_back_and_no_further(cutover: Callable[..., Any]) -> None:
    """Beyond either end is refused, and cannot be forced."""
    force = ("--force", "--reason", "rehearsal")
    assert [cutover("advance", *force).exit_code for _ in range(3)] == [0, 0, 1]
    assert [cutover("rollback", *force).exit_code for _ in range(5)] == [0, 0, 0, 0, 1]


def test_share_and_switch_are_recorded_too(cutover: Callable[..., Any], desk: Path) -> None:
    """They change the file at once; what is no leg, no share or no switch is bad input."""
    assert cutover("share", "customerio", "0.25", "--reason", "a quarter").exit_code == 0
    assert cutover("switch", "segment", "off").exit_code == 0
    file = parse_stage_file((desk / "stage.toml").read_bytes())
    assert (file.customerio.share, file.segment.switch) == (0.25, "off")
    details = [line["detail"] for line in json.loads(cutover("log", "--json").stdout)]
    assert details[-2:] == ["customerio.share = 0.25", "segment.switch = off"]
    for wrong in (("share", "mixpanel", "1"), ("share", "segment", "2"), ("switch", "segment", "loud")):
        assert cutover(*wrong).exit_code == 2
    assert "switch: segment is switched to off" in cutover("status").stdout


def test_the_status_shows_where_it_is_and_the_plan_its_days(cutover: Callable[..., Any]) -> None:
    """For people; the same as JSON."""
    shown = cutover("status").stdout
    assert "[dual]" in shown
    assert "since 2026-12-08 09:00 UTC (2 days ago), by kim" in shown
    planned = cutover("plan").stdout
    assert [line.split()[0] for line in planned.splitlines()[1:]] == [stage.value for stage in Stage]
    assert "from 2026-12-12" in planned
    assert json.loads(cutover("plan", "--json").stdout)[3]["begins"] == "2026-12-12"


def test_what_cannot_be_looked_at_is_bad_input_with_the_cure(
    cutover: Callable[..., Any], desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, a wrong one, a wrong state directory, a start where there is a file already."""
    assert cutover("start").exit_code == 2
    (desk / "stage.toml").write_text('stage = "dua')
    wrong = cutover("status").stderr
    assert "not valid TOML" in wrong
    assert "use the last good one" in wrong
    (desk / "stage.toml").unlink()
    missing = cutover("status")
    assert missing.exit_code == 2
    assert "cutover start" in missing.stderr
    assert cutover("start", "--stage", "dual").exit_code == 0
    monkeypatch.setenv("PIPELINES_STATE_DIR", str(desk))
    assert "not a state directory" in cutover("status").stderr
    monkeypatch.delenv("PIPELINES_STAGE_FILE")
    assert "PIPELINES_STAGE_FILE" in cutover("status").stderr


PAGE = (Path(__file__).parents[2] / "docs" / "cutover.md").read_text("utf-8")


def first_column(heading: str) -> list[str]:
    """Return the names in the first column of the table below a heading of the page."""
    section = PAGE.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return [
        name for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]


def test_the_page_names_every_command_stage_switch_gate_and_preset() -> None:
    """And nothing that is not there."""
    commands = {
        command.name or command.callback.__name__ for command in cutover_app.registered_commands if command.callback
    }
    assert set(first_column("## The command")) == commands
    assert set(re.findall(r"^\$ pipelines-client cutover (\w+)", PAGE, re.MULTILINE)) == commands
    assert first_column("## The stages") == [stage.value for stage in Stage]
    assert first_column("## Switches") == [switch.value for switch in Switch]
    assert set(first_column("## Gates")) == {gate for _, gate, _ in CLOSED} - {"stage"}
    assert first_column("## Who sends what to whom") == list(INTEGRATION_PRESETS)


def test_the_stage_file_of_the_page_is_one_and_its_days_are_the_defaults() -> None:
    """A copy of it works as it is described."""
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    file = parse_stage_file(block.encode())
    assert (file.stage, file.customerio.share, file.plan[Stage.DUAL].begins) == (Stage.SHADOW, 0.25, date(2026, 12, 7))
    for stage, days in PASSING_DAYS.items():
        assert not days or re.search(rf"^\| `{stage.value}` .* \| {days} passing days \|$", PAGE, re.MULTILINE)
