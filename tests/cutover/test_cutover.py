"""From stage to stage: the gates, the dated plan, the way back, the journal; and the command over them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.cli.cutover import cutover_app
from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.gates import PASSING_DAYS, LegHealth, PassingDays, ProcessStage, Situation, find_obstacles
from pipelines_client.cutover.journal import Journal, StageChange, journal_path, read_journal
from pipelines_client.cutover.overview import Overview, look
from pipelines_client.cutover.rollback import count_way_back
from pipelines_client.cutover.schedule import lay_out
from pipelines_client.destinations.segment import INTEGRATION_PRESETS
from pipelines_client.errors import StageFileError
from pipelines_client.parity.judgement.runs import Run
from pipelines_client.parity.model import Verdict
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import parse_stage_file

TODAY = date(2026, 12, 10)
NOW = datetime(2026, 12, 10, 12, tzinfo=timezone.utc)
FINE = PassingDays(99, "")
HEALTHY = {"customerio": LegHealth(), "segment": LegHealth()}


def situation(stage: str = "dual", more: str = "", **other: Any) -> Situation:
    file = parse_stage_file(f'stage = "{stage}"\n{more}'.encode())
    return Situation(**{"file": file, "today": TODAY, "passing": FINE, "legs": HEALTHY, **other})


@pytest.mark.parametrize("stage", ["segment", "shadow", "dual", "live"])
def test_with_everything_in_order_no_gate_blocks(stage: str) -> None:
    """Of any stage but the last."""
    assert find_obstacles(situation(stage)) == []


CLOSED = [
    (situation("dual", passing=PassingDays(13, "why")), "parity", "dual needs 14 passing days: why"),
    (situation("shadow", passing=PassingDays()), "parity", "shadow needs 3 passing days: no parity report yet"),
    (
        situation("live", "[plan.live]\npassing_days = 30", passing=PassingDays(29, "")),
        "parity",
        "live needs 30 passing days",
    ),
    (situation("dual", "[plan.live]\nbegins = 2026-12-11"), "date", "2026-12-11"),
    (situation("dual", '[segment]\nswitch = "discard"'), "switch", "segment is switched to discard"),
    (situation(legs={"customerio": LegHealth("paused", last_error="http_401 no")}), "health", "http_401 no"),
    (situation(legs={"segment": LegHealth(is_balanced=False)}), "health", "segment"),
    (situation(processes=[ProcessStage("dual"), ProcessStage("shadow")]), "processes", "1 running at shadow"),
    (situation(processes=[ProcessStage("dual", "not valid TOML")]), "processes", "not valid TOML"),
    (situation(processes=[ProcessStage(None)]), "processes", "1 running at unknown"),
    (situation("dual", '[customerio.deny]\nevents = ["Raw Click"]'), "deny", "customerio will count at live"),
    (situation("complete"), "stage", "last"),
]


@pytest.mark.parametrize(("found", "gate", "words"), CLOSED)
def test_each_gate_blocks_alone_and_says_why(found: Situation, gate: str, words: str) -> None:
    """One thing is wrong, and one obstacle names it with its evidence."""
    (obstacle,) = find_obstacles(found)
    assert obstacle.kind == gate
    assert words in obstacle.text


def test_a_leg_that_the_next_stage_leaves_out_may_be_ill() -> None:
    """Segment is down: that is no reason to stay at `live`, and one to stay at `dual`."""
    legs = {"customerio": LegHealth(), "segment": LegHealth("unhealthy")}
    assert find_obstacles(situation("live", legs=legs)) == []
    assert [obstacle.kind for obstacle in find_obstacles(situation("dual", legs=legs))] == ["health"]


def change(action: str, before: str | None, after: str, at: str) -> StageChange:
    return StageChange(at=at, by="kim", action=action, before=before and Stage(before), after=Stage(after))


def test_a_plan_has_the_past_from_the_journal_and_the_earliest_days_ahead() -> None:
    """Dates of the file hold the rest back; one that can no longer be kept shows as late."""
    more = "[plan.dual]\npassing_days = 10\n[plan.live]\nbegins = 2026-12-12\n[plan.complete]\nbegins = 2027-01-04\n"
    found = situation("dual", more, passing=PassingDays(4, ""))
    journal = Journal(
        (
            change("start", None, "segment", "2026-11-20T09:00:00.000Z"),
            change("advance", "segment", "shadow", "2026-11-23T09:00:00.000Z"),
            change("advance", "shadow", "dual", "2026-12-01T09:00:00.000Z"),
            change("share", "dual", "dual", "2026-12-05T09:00:00.000Z"),
        )
    )
    steps = lay_out(Overview(found, None, journal, 0, None, 10, (), None))
    assert [(step.stage, step.state, str(step.begins)) for step in steps] == [
        ("segment", "past", "2026-11-20"),
        ("shadow", "past", "2026-11-23"),
        ("dual", "now", "2026-12-01"),
        ("live", "ahead", "2026-12-16"),
        ("complete", "ahead", "2027-01-04"),
    ]
    assert [step.stage for step in steps if step.is_late] == ["live"]
    assert journal.began(Stage.DUAL) == journal.changes[2]
    assert journal.began(Stage.LIVE) is None


def write_ledger(state: Path, *rows: tuple[str, str, str, str | None]) -> Path:
    folder = state / "ledger" / "2026-12-01"
    folder.mkdir(parents=True)
    lines = [
        json.dumps({"message_id": id_, "leg": leg, "outcome": outcome, "reason": reason}) + "\n"
        for id_, leg, outcome, reason in rows
    ]
    (folder / "w.jsonl").write_text("".join(lines) + '{"torn', "utf-8")
    return state / "ledger"


def test_the_way_back_counts_what_segment_lacks_and_can_be_had(tmp_path: Path) -> None:
    """Planted: one of each reason; each is counted once, whatever was recorded of it how often."""
    ledger = write_ledger(
        tmp_path,
        ("both", "segment", "accepted", None),
        ("both", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("cohort", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("stage", "customerio", "accepted", None),
        ("stage", "segment", "skipped", "stage"),
        ("refused", "segment", "rejected", "too large"),
        ("refused", "customerio", "skipped", "reserved_name"),
        ("replayed", "segment", "skipped", "stage"),
        ("replayed", "customerio", "accepted", None),
        ("replayed", "segment", "accepted", None),
        ("discarded", "segment", "dropped", "discarded"),
        ("discarded", "customerio", "rejected", "no"),
        ("gone", "segment", "dropped", "spool_full"),
        ("gone", "customerio", "dropped", "spool_full"),
        ("meant", "segment", "skipped", "denied"),
        ("meant", "customerio", "accepted", None),
        ("not there", "customerio", "dropped", "discarded"),
        ("not there", "segment", "accepted", None),
    )
    found = count_way_back([ledger], "segment", waiting=3, is_held_up=False)
    assert (found.to_replay, found.waiting, found.lost, found.unread_lines) == (4, 3, 1, 1)
    assert not found.is_safe
    assert count_way_back([ledger], "customerio", waiting=0, is_held_up=False).to_replay == 2


def test_only_while_everything_arrived_is_the_way_back_safe(tmp_path: Path) -> None:
    """One message that is held up is enough to say no; one that has just come is on its way."""
    ledger = write_ledger(tmp_path, ("m", "segment", "accepted", None), ("m", "customerio", "accepted", None))
    safe = {
        (waiting, held): count_way_back([ledger], "segment", waiting=waiting, is_held_up=held).is_safe
        for waiting in (0, 1)
        for held in (False, True)
    }
    assert safe == {(0, False): True, (0, True): True, (1, False): True, (1, True): False}


COMMENTED = """\
# ours
stage = "dual"  # since Monday
salt = 'x'

[customerio]
switch = "on"   # or off
"""


def test_a_change_keeps_comments_and_leaves_the_rest(tmp_path: Path) -> None:
    """Only the value changes; a table that is missing comes at the end; the file's rights stay."""
    path = tmp_path / "stage.toml"
    path.write_text(COMMENTED)
    path.chmod(0o640)
    edits = {("stage",): "live", ("customerio", "switch"): "off", ("segment", "share"): 0.5}
    change_stage_file(path, edits, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    changed = COMMENTED.replace('"dual"', '"live"').replace('"on" ', '"off"')
    assert path.read_text() == changed.replace('"off"  #', '"off"   #') + "\n[segment]\nshare = 0.5\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [line.after for line in read_journal(journal_path(path)).changes] == [Stage.LIVE]


def test_of_two_who_advance_at_once_one_does(tmp_path: Path) -> None:
    """The gates were asked of the stage that the file had: the second one fails."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    together, told = Barrier(6), []

    def advance() -> None:
        together.wait()
        try:
            change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
        except StageFileError as error:
            told.append(str(error))

    threads = [Thread(target=advance) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 5
    assert all("another user" in text for text in told)
    assert len(read_journal(journal_path(path)).changes) == 1


def test_a_torn_line_of_the_journal_is_counted_and_spoils_none(tmp_path: Path) -> None:
    """What a kill left is passed over, and the next line is not glued to it."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    journal_path(path).write_text('{"at": "2026')
    change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    found = read_journal(journal_path(path))
    assert ([line.action for line in found.changes], found.unread_lines) == (["advance"], 1)


def test_a_change_that_would_make_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    """Neither the file nor the journal."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    with pytest.raises(StageFileError, match="share"):
        change_stage_file(
            path, {("segment", "share"): 7.0}, change("share", "dual", "dual", "2026-12-01T09:00:00.000Z")
        )
    assert path.read_text() == 'stage = "dual"\n'
    assert read_journal(journal_path(path)) == Journal()


def run_line(at: str, verdict: str) -> str:
    fields = {
        "since": None,
        "until": None,
        "gates": "g",
        "messages": 500,
        "missing_pct": 0,
        "drift_pct": 0,
        "broken": (),
    }
    return Run(at=at, verdict=Verdict(verdict), **fields).model_dump_json() + "\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A stage file at `dual` since the eighth, an idle state directory, and a history of parity runs."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "shadow"\n[plan.dual]\npassing_days = 2\n')
    change_stage_file(path, {("stage",): "dual"}, change("advance", "shadow", "dual", "2026-12-08T09:00:00.000Z"))
    (tmp_path / "state" / "run").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("runs", "days", "words"),
    [
        ((), 0, "no parity report yet"),
        ((("2026-12-07T23:00:00.000Z", "pass"), ("2026-12-08T08:00:00.000Z", "pass")), 0, "no parity report yet"),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "pass")), 2, ""),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "inconclusive")), 0, "inconclusive"),
        ((("2026-12-09T06:00:00.000Z", "fail"), ("2026-12-10T06:00:00.000Z", "pass")), 1, "fail"),
        ((("2026-12-08T12:00:00.000Z", "pass"),), 0, "the last parity report is of 2026-12-08"),
    ],
)
def test_passing_days_count_since_the_stage_began_and_up_to_now(
    desk: Path, runs: tuple[tuple[str, str], ...], days: int, words: str
) -> None:
    """What passed at an earlier stage, and what passed long ago, opens no gate."""
    history = desk / "history.jsonl"
    history.write_text("".join(run_line(*run) for run in runs))
    found = look(desk / "stage.toml", [desk / "state"], history, now=NOW)
    assert found.situation.passing.days == days
    assert words in found.situation.passing.reason
    assert (found.obstacles == ()) == (days == 2)


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
