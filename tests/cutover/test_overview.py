"""The overview of a state directory and its history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stage_files import NOW, change, make_desk, run_line

from pipelines_client.cutover.actions import accept_lost, rollback
from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.overview import look
from pipelines_client.cutover.rollback import WayBack
from pipelines_client.errors import ConfigError
from pipelines_client.routing.stagefile import mark_of
from pipelines_client.state.runfile import NO_STAGE_FILE, LegReport, RunFile


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stage file at `dual`, last changed days before `NOW`, and an idle state directory."""
    monkeypatch.setattr("pipelines_client.cutover.change._changed_at", lambda _: "2026-11-28T00:00:00.000Z")
    return make_desk(tmp_path)


@pytest.mark.parametrize(
    ("runs", "days", "words"),
    [
        ((), 0, "no parity report yet"),
        ((("2026-12-07T23:00:00.000Z", "pass"), ("2026-12-08T08:00:00.000Z", "pass")), 0, "no parity report yet"),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "pass")), 2, ""),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "inconclusive")), 0, "inconclusive"),
        ((("2026-12-09T06:00:00.000Z", "fail"), ("2026-12-10T06:00:00.000Z", "pass")), 1, "fail"),
        ((("2026-12-08T12:00:00.000Z", "pass"),), 0, "2026-12-09 had no run"),
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


def report(pending: int = 0, **other: Any) -> LegReport:
    return LegReport(pending + 5, pending, 5, {}, {}, {}, **other)


def test_the_overview_is_of_all_state_directories_and_shows_the_worst_of_each_leg(desk: Path) -> None:
    """Pending messages are added; lags, errors and successes are the last; a process that was not heard is gone."""
    (desk / "other" / "run").mkdir(parents=True)
    waits = report(2, oldest_pending_at="2026-12-10T11:59:00.000Z", last_success_at="2026-12-10T10:00:00.000Z")
    ill = report(
        3,
        oldest_pending_at="2026-12-10T11:58:00.000Z",
        last_success_at="2026-12-10T09:00:00.000Z",
        last_error_at="2026-12-10T11:00:00.000Z",
        last_error="late",
        state="refusing",
    )
    early = report(last_error_at="2026-12-10T08:00:00.000Z", last_error="early", state="paused")
    heard = {"updated_at": "2026-12-10T11:59:30.000Z", "stage": "dual"}
    RunFile({"customerio": ill, "segment": waits}, writer="a", **heard).write(desk / "state" / "run" / "a.json")
    odd = LegReport(9, 1, 5, {}, {}, {}, 0, "2026-12-10T11:59:50.000Z", "2026-12-10T08:00:00.000Z")
    gone = RunFile(
        {"customerio": early, "segment": odd}, writer="b", updated_at="2026-12-10T11:59:29.999Z", stage="shadow"
    )
    gone.write(desk / "other" / "run" / "b.json")
    RunFile({}, writer="c", **{**heard, "stage": None}).write(desk / "other" / "run" / "c.json")
    history = desk / "history.jsonl"
    history.write_text(run_line("2026-12-08T09:00:00.000Z", "pass") + run_line("2026-12-10T06:00:00.000Z", "fail"))
    found = look(desk / "stage.toml", [desk / "state", desk / "other"], history, now=NOW).as_dict()
    parity, legs = found.pop("parity"), found.pop("legs")
    assert {name: parity[name] for name in ("passing_days", "needed_days", "runs", "last_run")} == {
        "passing_days": 0,
        "needed_days": 2,
        "runs": 2,
        "last_run": ("2026-12-10T06:00:00.000Z", "fail"),
    }
    assert "fail" in parity["reason"]
    assert parity["looked_at"] == (
        f"the last of 2 runs in {history}, of 2026-12-10T06:00Z, compared the ledger, Segment, Customer.io"
    )
    assert legs == {
        "customerio": {
            "share": None,
            "switch": "on",
            "state": "paused",
            "pending": 3,
            "lag_s": 120.0,
            "is_balanced": True,
            "last_success_at": "2026-12-10T09:00:00.000Z",
            "last_error": "late",
        },
        "segment": {
            "share": None,
            "switch": "on",
            "state": "ok",
            "pending": 3,
            "lag_s": 60.0,
            "is_balanced": False,
            "last_success_at": "2026-12-10T10:00:00.000Z",
            "last_error": None,
        },
    }
    gates = found.pop("in_the_way")
    assert [(gate["gate"], gate["side"]) for gate in gates] == [
        ("parity", None),
        ("health", "customerio"),
        ("health", "segment"),
        ("processes", None),
        *[("evidence", None)] * 2,
    ]
    why = "outcomes that its processes report: it was cut, removed or is of another host"
    unknown = tuple(
        f"{desk / state / 'ledger'} lacks 10 of {count} {why}; restore it, or give all directories with --state-dir"
        for state, count in (("state", 12), ("other", 10))
    )
    assert gates[1]["text"] == "customerio is paused (late)"
    assert found == {
        "stage": "dual",
        "since": "2026-12-08T09:00:00.000Z",
        "next": "live",
        "salt": None,
        "processes": {"dual": 1, "unknown": 1},
        "silent": [],
        "apart": {},
        "rollback": {
            "leg": "segment",
            "to_replay": 0,
            "waiting": 3,
            "is_held_up": False,
            "waiting_elsewhere": 0,
            "lost": 0,
            "lost_before": 0,
            "accepted": 0,
            "unread_lines": 0,
            "unknown": unknown,
            "is_flowing": True,
            "answer": "unknown",
            "is_safe": False,
            "in_the_way": [{"gate": "unknown", "side": "segment", "text": text} for text in unknown],
        },
        "looked_at": {
            "state_directories": [str(desk / "state"), str(desk / "other")],
            "hosts": [],
            "since": "2026-12-01T00:00:00.000Z",
            "hours": 228.0,
            "last_heard": {},
        },
        "journal": {"unreadable_lines": []},
        "handover": None,
    }


def test_a_stage_that_was_set_by_hand_began_after_the_last_known_change(desk: Path) -> None:
    """Runs before it say nothing about it, and a leg that is late or unbalanced holds the way back up."""
    path = desk / "stage.toml"
    change_stage_file(path, {}, change("share", "dual", "dual", "2026-12-09T09:00:00.000Z"))
    path.write_text(path.read_text().replace('"dual"', '"complete"') + '[segment]\nswitch = "off"\n')
    late = report(1, oldest_pending_at="2026-12-10T11:58:59.900Z")
    run = RunFile(
        {"segment": late, "customerio": LegReport(5, 1, 3, {}, {}, {})}, updated_at="2026-12-10T11:00:00.000Z"
    )
    run.write(desk / "state" / "run" / "a.json")
    history = desk / "history.jsonl"
    history.write_text(run_line("2026-12-09T08:59:59.999Z", "pass") + run_line("2026-12-10T06:00:00.000Z", "pass"))
    found = look(path, [desk / "state"], history, now=NOW).as_dict()
    assert (found["since"], found["next"], found["parity"]["runs"]) == ("2026-12-09T09:00:00.000Z", None, 1)
    assert (found["rollback"]["is_held_up"], found["rollback"]["is_safe"]) == (True, False)
    assert (found["legs"]["segment"]["switch"], found["legs"]["customerio"]["is_balanced"]) == ("off", False)


def test_at_the_first_stage_there_is_no_way_back(tmp_path: Path) -> None:
    """And no journal is no beginning."""
    path = tmp_path / "stage.toml"
    change_stage_file(path, {}, change("start", None, "segment", "2026-12-01T09:00:00.000Z"))
    (tmp_path / "state" / "run").mkdir(parents=True)
    found = look(path, [tmp_path / "state"], tmp_path / "none.jsonl", now=NOW).as_dict()
    assert (found["since"], found["rollback"], found["in_the_way"]) == ("2026-12-01T09:00:00.000Z", None, [])
    assert found["parity"]["looked_at"] == f"{tmp_path / 'none.jsonl'} has no run since this stage began"


@pytest.mark.parametrize(("stage", "days"), [("dual", 0), ("live", 2)])
def test_a_run_counts_if_it_looked_at_each_side_that_the_next_stage_relies_on(
    desk: Path, stage: str, days: int
) -> None:
    """Segment is left out at `complete`, so it is not needed to get there."""
    path = desk / "stage.toml"
    path.write_text(
        path.read_text().replace('"dual"', f'"{stage}"') + f"[plan.{stage}]\npassing_days = 2\n" * (stage != "dual")
    )
    sides = ("ledger", "customerio")
    history = desk / "history.jsonl"
    history.write_text(
        "".join(
            run_line(
                f"2026-12-{day}T06:00:00.000Z",
                "pass",
                sources=sides,
                newest=dict.fromkeys(sides, f"2026-12-{day}T05:00:00.000Z"),
            )
            for day in ("09", "10")
        )
    )
    assert look(path, [desk / "state"], history, now=NOW).situation.passing.days == days


def test_a_process_without_the_stage_file_is_shown_and_blocks_the_next_stage(desk: Path) -> None:
    """By its name, though it is at this stage by its settings; it would stay there while the others go on."""
    heard = {"updated_at": "2026-12-10T11:59:50.000Z", "stage": "dual"}
    for number, mark in enumerate((NO_STAGE_FILE, "another", mark_of((desk / "stage.toml").read_bytes()))):
        run = RunFile({}, pid=number, stage_file_mark=mark, **heard)
        run.write(desk / "state" / "run" / f"web-1-{number}-0a.json")
    found = look(desk / "stage.toml", [desk / "state"], now=NOW)
    apart = found.as_dict()["apart"]
    assert list(apart) == ["web-1-0-0a (pid 0)", "web-1-1-0a (pid 1)"]
    texts = [obstacle.text for obstacle in found.obstacles if obstacle.kind == "processes"]
    assert texts == [f"{name} {why}" for name, why in apart.items()]


def test_what_is_lost_blocks_the_way_back_until_it_is_accepted(desk: Path) -> None:
    """A call that neither side got at this stage; one of an earlier stage blocks nothing, and is not safe either."""
    path, state = desk / "stage.toml", desk / "state"
    change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-09T09:00:00.000Z"))
    folder = state / "ledger" / "2026-12-02"
    folder.mkdir()
    rows = [
        {"message_id": id_, "leg": leg, "outcome": "dropped", "reason": "queue_full", "stage": id_, "writer": "w"}
        for id_ in ("dual", "live")
        for leg in ("segment", "customerio")
    ]
    (folder / "v.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def way_back() -> WayBack:
        found = look(path, [state], now=NOW).way_back
        assert found is not None
        return found

    assert [obstacle.kind for obstacle in way_back().obstacles] == ["lost"]
    assert (way_back().lost, way_back().lost_before, way_back().accepted) == (1, 1, 0)
    line = accept_lost(path, states=[state], reason="the disk was full", by="kim", now=NOW)
    assert line is not None
    assert (line.action, line.detail, line.reason) == ("accept", "2 lost messages", "the disk was full")
    assert (way_back().answer, way_back().accepted, way_back().obstacles) == ("safe", 2, ())
    assert accept_lost(path, states=[state], reason="again", now=NOW) is None
    (folder / "u.jsonl").write_text("".join(json.dumps({**row, "message_id": "new"}) + "\n" for row in rows[2:]))
    assert (way_back().answer, way_back().lost, way_back().accepted) == ("not safe", 1, 2)
    with pytest.raises(ConfigError, match="reason"):
        accept_lost(path, states=[state], reason=" ", now=NOW)
    done = rollback(path, states=[state], force=True, reason="they are known", now=NOW)
    assert (len(done.accepted), way_back().accepted, way_back().lost) == (1, 3, 0)
