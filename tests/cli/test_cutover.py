"""`pipelines-client cutover`: advance, roll back, share, switch, plan and status; and its page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from stage_files import CLOSED, NOW, make_desk, run_line, write_ledger
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.cli.common import stage_poll_s
from pipelines_client.cli.cutover import cutover_app
from pipelines_client.clock import utc_now
from pipelines_client.cutover.gates import PASSING_DAYS
from pipelines_client.cutover.rollback import WayBack
from pipelines_client.destinations.segment import INTEGRATION_PRESETS
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import parse_stage_file
from pipelines_client.sides import SIDES
from pipelines_client.state.runfile import LegReport, RunFile


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stage file at `dual`, last changed days before `NOW`, and an idle state directory."""
    monkeypatch.setattr("pipelines_client.cutover.change._changed_at", lambda _: "2026-11-28T00:00:00.000Z")
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
    (said,) = last["in_the_way"]
    assert said.startswith("parity: dual needs 2 passing days: no parity report yet (parity-history.jsonl has no run")
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
    keys = {"PIPELINES_WRITE_KEY": "k", "PIPELINES_SEGMENT_WRITE_KEY": "s"}
    tried = CliRunner().invoke(app, [*words, "none", "--dry-run", "--state-dir", str(desk / "state")], env=keys)
    assert (tried.exit_code, "none: no such file" in tried.stderr) == (2, True)  # all but the path is as it should be
    assert "rollback: not safe; 2 messages to replay to Segment" in cutover("status").stdout
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


def test_the_plan_says_how_many_people_customerio_adds(cutover: Callable[..., Any], desk: Path) -> None:
    """From an archive; without one it says how to ask, as long as no people were added for everyone."""
    calls = [{"type": "identify", "messageId": f"m{n}", "userId": f"user-{n}", "traits": {}} for n in range(3)]
    (desk / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    (desk / "people.csv").write_text("id\nuser-0\n")
    planned = cutover("plan", "--archive", "jsonl:calls.jsonl", "--existing", "people.csv")
    assert planned.exit_code == 0, planned.stderr
    assert "  2 people are added (FACTS P7)" in planned.stdout.splitlines()
    told = json.loads(cutover("plan", "--archive", "jsonl:calls.jsonl", "--json").stdout)
    assert (told["forecast"]["created"], told["calls"], len(told["steps"])) == (3, 3, len(Stage))
    assert "--archive" not in cutover("plan").stdout
    stage = desk / "stage.toml"
    stage.write_text(stage.read_text().replace('"dual"', '"segment"'))
    assert "--archive PATH (Segment's archive) says how many" in cutover("plan").stdout
    assert cutover("plan", "--archive", "nowhere").exit_code == 2


def test_the_plan_takes_tables_with_the_map_that_its_refusal_asks_for(cutover: Callable[..., Any], desk: Path) -> None:
    """What a message tells people to pass is an option of the command that they ran."""
    rows = [f"k{n},buy,user-{n},{{}},2026-11-20T09:30:00Z\n" for n in range(3)]
    (desk / "calls.csv").write_text("key,what,person,body,at\n" + "".join(rows))
    refused = cutover("plan", "--archive", "table:calls.csv")
    assert (refused.exit_code, "pass it with --map FILE" in refused.stderr) == (2, True)
    columns = {"message_id": "key", "event": "what", "user_id": "person", "properties": "body", "time": "at"}
    (desk / "map.toml").write_text("".join(f'{name} = "{column}"\n' for name, column in columns.items()))
    planned = cutover("plan", "--archive", "table:calls.csv", "--map", "map.toml")
    assert planned.exit_code == 0, planned.stderr
    assert "  3 people are added (FACTS P7)" in planned.stdout.splitlines()


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


def test_a_stage_to_go_to_is_reached_one_step_at_a_time_and_then_nothing_changes(cutover: Callable[..., Any]) -> None:
    """Each step has its line in the journal; what is not in this direction is bad input."""
    there = cutover("rollback", "--to", "segment", "--reason", "as rehearsed")
    assert (there.exit_code, there.stdout.count("no process runs")) == (0, 2)
    again = cutover("rollback", "--to", "segment")
    assert (again.exit_code, again.stdout[:14]) == (0, "segment alread")
    lines = [line["after"] for line in json.loads(cutover("log", "--json").stdout)]
    assert lines == ["dual", "shadow", "segment"]
    assert cutover("rollback", "--to", "live").exit_code == 2


def test_the_way_back_is_unknown_without_its_ledger_and_each_answer_says_what_it_looked_at(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """It blocks, with what to give; a directory that is not there is bad input."""
    assert json.loads(cutover("status", "--json").stdout)["rollback"]["answer"] == "safe"
    (desk / "state" / "ledger" / "2026-12-01" / "v.jsonl").unlink()
    shown = cutover("status").stdout
    assert "rollback: unknown" in shown
    assert f"looked at 1 state directory ({desk / 'state'})" in shown
    refused = cutover("rollback")
    assert (refused.exit_code, "unknown: " in refused.stderr, "--state-dir" in refused.stderr) == (1, True, True)
    assert cutover("status", "--state-dir", str(desk / "nowhere")).exit_code == 2
    twice = ("twice", "--segment", str(desk), "--customerio", str(desk), "--ledger", str(desk / "nowhere"))
    assert cutover(*twice).exit_code == 2


def test_lines_of_the_journal_that_are_passed_over_are_named(cutover: Callable[..., Any], desk: Path) -> None:
    """And a stage that was set by hand is called so."""
    log = desk / "stage-log.jsonl"
    log.write_text(log.read_text().replace('"at":"2026-12-08', '"at":"the eighth'))
    shown = cutover("status").stdout
    assert "journal: unreadable, and passed over: line 1" in shown
    assert "set by hand in the file" in shown
    assert "line 1" in cutover("log").stderr
    assert cutover("plan").exit_code == 0


def test_the_journal_of_a_stage_file_that_is_not_there_is_bad_input(cutover: Callable[..., Any], desk: Path) -> None:
    """A slip in the path is not taken for a journal without changes; one whose stage file was removed is shown."""
    missing = cutover("log", "--stage-file", str(desk / "stags.toml"))
    assert (missing.exit_code, "pipelines-client cutover start" in missing.stderr) == (2, True)
    (desk / "stage.toml").unlink()
    assert cutover("log").exit_code == 0


def test_a_program_notes_when_it_was_started() -> None:
    """Its command means what was there then; a command that another program calls means what is there now."""
    from pipelines_client.cli.common import begun_at, program

    with program():
        assert (begun_at() or utc_now()) <= utc_now()
        assert begun_at() is not None
    assert begun_at() is None


PAGE = (Path(__file__).parents[2] / "docs" / "cutover.md").read_text("utf-8")


def first_column(heading: str) -> list[str]:
    """Return the names in the first column of the table below a heading of the page."""
    section = PAGE.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return [
        name for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]


def test_the_page_names_every_command_stage_switch_gate_and_preset() -> None:
    """And nothing that is not there."""
    commands = set(typer.main.get_group(cutover_app).commands)
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


def test_a_stage_file_that_is_a_pipe_is_bad_input_at_once(cutover: Callable[..., Any], desk: Path) -> None:
    """For each command; and so is a journal."""
    (desk / "stage.toml").unlink()
    os.mkfifo(desk / "stage.toml")
    for words in (("status",), ("plan",), ("advance",), ("rollback",), ("share", "segment", "1"), ("start",)):
        done = cutover(*words)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "it is a pipe, not a file" in cutover("status").stderr
    (desk / "stage-log.jsonl").unlink()
    os.mkfifo(desk / "stage-log.jsonl")
    assert "it is a pipe, not a file" in cutover("log").stderr


def test_lost_messages_are_accepted_with_a_reason_and_then_hold_no_step(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """The journal has it; without a reason it is bad input, and a second time nothing is left to accept."""
    write_ledger(desk / "state", *((f"m{n}", leg, "dropped", "queue_full") for n in range(2) for leg in SIDES))
    blocked = cutover("rollback")
    assert (blocked.exit_code, "or: pipelines-client cutover accept --reason WHY" in blocked.stderr) == (1, True)
    assert cutover("accept").exit_code == 2
    assert cutover("accept", "--reason", "known").stdout == "accepted: 2 lost messages\n"
    assert cutover("accept", "--reason", "known").stdout == "no lost message was found that was not accepted before\n"
    assert "rollback: safe; Segment has received everything; 2 were accepted as lost" in cutover("status").stdout
    assert "accept    2 lost messages" in cutover("log").stdout
    assert cutover("rollback").exit_code == 0


@pytest.mark.parametrize(
    ("rows", "is_running", "words"),
    [
        ((), False, ["safe: Segment has received everything"]),
        (
            (),
            True,
            [
                "safe: Segment has received everything",
                "next, once all processes follow: pipelines-client cutover status",
            ],
        ),
        (
            (("m", "segment", "skipped", "stage"), ("m", "customerio", "accepted", None)),
            True,
            [
                "not safe: 1 messages to replay to Segment",
                f"next, once all processes follow: {WayBack('segment', 1, 0).replay}",
            ],
        ),
    ],
)
def test_what_is_next_after_a_step_back_follows_from_the_answer(
    cutover: Callable[..., Any],
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Any,
    is_running: bool,
    words: list[str],
) -> None:
    """Nothing, if it is safe and no message comes; a look, while they come; a replay only of what Segment lacks."""
    monkeypatch.setenv("PIPELINES_STAGE_POLL_S", "0")
    monkeypatch.setattr("pipelines_client.cli.stage_options._SLACK_S", 0.0)  # the process is not there to follow
    write_ledger(desk / "state", *rows)
    if is_running:
        legs = {leg: LegReport(0, 0, 0, {}, {}, {}) for leg in SIDES}
        run = RunFile(legs, updated_at="2026-12-10T11:59:50.000Z", stage="dual", pid=7)
        run.write(desk / "state" / "run" / "web-1-7-0a.json")
    said = cutover("rollback").stdout.splitlines()
    assert said[1:-1] == words


def test_a_process_without_the_stage_file_is_named(cutover: Callable[..., Any], desk: Path) -> None:
    """It does not count as one that is at this stage."""
    heard = {"updated_at": "2026-12-10T11:59:50.000Z", "stage": "dual"}
    RunFile({}, pid=7, stage_file_mark="none", **heard).write(desk / "state" / "run" / "web-1-7-0a.json")
    shown = cutover("status").stdout
    assert "processes: 0 of 1 running are at this stage" in shown
    assert "web-1-7-0a (pid 7) goes by its own settings (stage dual); it was given no stage file" in shown


def test_a_command_that_is_stopped_while_it_waits_says_that_the_change_is_made(
    cutover: Callable[..., Any], desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the wait for the processes, not the change."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines_client.cli.stage_options.wait_for_processes", interrupted)
    done = cutover("share", "segment", "0.5")
    assert done.exit_code == 130
    assert done.stdout.startswith(
        "segment.share = 0.5; it is done, and whether the processes follow was not waited for"
    )
    assert "share = 0.5" in (desk / "stage.toml").read_text()


def test_a_variable_with_a_tilde_is_the_home(cutover: Callable[..., Any], desk: Path, monkeypatch: Any) -> None:
    """A variable in a file keeps it."""
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.setenv("PIPELINES_STAGE_FILE", "~/stage.toml")
    monkeypatch.setenv("PIPELINES_STATE_DIR", "~/state")
    assert cutover("status").exit_code == 0
    assert cutover("share", "segment", "1").exit_code == 0


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "soon"])
def test_a_wait_that_would_never_end_is_the_usual_one(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With any value of the variable."""
    monkeypatch.setenv("PIPELINES_STAGE_POLL_S", text)
    assert stage_poll_s() == 5.0


def test_an_empty_state_directory_proves_nothing_beyond_the_first_stage(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """At `segment` no process need have run yet; later it is the wrong one."""
    (desk / "empty" / "run").mkdir(parents=True)
    gates = json.loads(cutover("status", "--json", "--state-dir", str(desk / "empty")).stdout)["in_the_way"]
    assert [gate["gate"] for gate in gates] == ["parity", "evidence"]
    (desk / "stage.toml").write_text('stage = "segment"\n')
    gates = json.loads(cutover("status", "--json", "--state-dir", str(desk / "empty")).stdout)["in_the_way"]
    assert gates == []


def test_a_journal_that_was_removed_is_shown_as_the_state_directory_remembers_it(
    cutover: Callable[..., Any], desk: Path
) -> None:
    """Also of a directory that the environment names; a step goes on after its end."""
    assert cutover("status").exit_code == 0
    before = cutover("log", "--json").stdout
    (desk / "stage-log.jsonl").unlink()
    assert cutover("log", "--json").stdout == before
    assert cutover("log", "--json", "--state-dir", str(desk)).stdout == "[]\n"
    assert cutover("rollback", "--to", "shadow", "--force", "--reason", "rehearsal").exit_code == 0
    assert [line["action"] for line in json.loads(cutover("log", "--json").stdout)] == ["advance", "rollback"]
