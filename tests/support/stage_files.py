"""Stage files, situations, journals and ledgers for the tests of a cutover."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.gates import LegHealth, PassingDays, ProcessStage, Situation
from pipelines_client.cutover.journal import StageChange
from pipelines_client.parity.judgement.runs import Run, instant_of
from pipelines_client.parity.model import Verdict
from pipelines_client.routing.plan import Stage
from pipelines_client.routing.stagefile import parse_stage_file
from pipelines_client.state.runfile import LegReport, RunFile

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 12, 10)
NOW = datetime(2026, 12, 10, 12, tzinfo=timezone.utc)
FINE = PassingDays(99, "")
HEALTHY = {"customerio": LegHealth(), "segment": LegHealth()}


def situation(stage: str = "dual", more: str = "", **other: Any) -> Situation:
    """Return a situation in which every gate of the stage is open, changed as given."""
    file = parse_stage_file(f'stage = "{stage}"\n{more}'.encode())
    return Situation(**{"file": file, "today": TODAY, "passing": FINE, "legs": HEALTHY, **other})


CLOSED = [
    (situation("dual", passing=PassingDays(13, "why")), "parity", "dual needs 14 passing days: why"),
    (situation("shadow", passing=PassingDays()), "parity", "shadow needs 3 passing days: no parity report yet"),
    (
        situation("live", "[plan.live]\npassing_days = 30", passing=PassingDays(29, "")),
        "parity",
        "live needs 30 passing days",
    ),
    (situation("live", passing=PassingDays(6, "why", "h.jsonl")), "parity", "live needs 7 passing days: why (h.jsonl)"),
    (
        situation("live", "[plan.live]\npassing_days = 1", passing=PassingDays(0)),
        "parity",
        "live needs 1 passing day: ",
    ),
    (situation("dual", "[plan.live]\nbegins = 2026-12-11"), "date", "2026-12-11"),
    (situation("dual", '[segment]\nswitch = "discard"'), "switch", "segment is switched to discard"),
    (situation(legs={"customerio": LegHealth("paused", last_error="http_401 no")}), "health", "http_401 no"),
    (situation(legs={"segment": LegHealth(is_balanced=False)}), "health", "segment"),
    (situation(processes=[ProcessStage("dual"), ProcessStage("shadow")]), "processes", "still use stage shadow: 1"),
    (situation(processes=[ProcessStage("dual", "not valid TOML")]), "processes", "not valid TOML"),
    (situation(processes=[ProcessStage(None)]), "processes", "still use stage unknown: 1"),
    (
        situation(processes=[ProcessStage("dual", name="web-1", apart="goes by its own settings")]),
        "processes",
        "web-1 goes by its own settings",
    ),
    (situation("dual", '[customerio.deny]\nevents = ["Raw Click"]'), "deny", "customerio will count at live"),
    (
        situation("live", '[customerio.deny]\nevents = ["Raw Click"]'),
        "deny",
        "no leg would take what is on the deny list of customerio: at complete, segment takes nothing",
    ),
    (situation(legs={"customerio": LegHealth(pending=7, lag_s=61)}), "waiting", "7 messages wait for customerio"),
    (situation(gaps=["web-1 is silent"]), "evidence", "web-1 is silent"),
    (situation("complete"), "stage", "last"),
]
"""Situations with one closed gate: the gate, and words of its reason."""


def change(action: str, before: str | None, after: str, at: str) -> StageChange:
    """Return a line of the journal."""
    return StageChange(at=at, by="kim", action=action, before=before and Stage(before), after=Stage(after))


def run_line(at: str, verdict: str, **other: Any) -> str:
    """Return a line of parity's history: of a run that judged everything up to an hour before it."""
    newest = iso_utc(instant_of(at) - timedelta(hours=1))
    fields = {
        "since": None,
        "until": newest,
        "settled_until": newest,
        "gates": "g",
        "sources": ("ledger", "segment", "customerio"),
        "newest": {"ledger": newest, "segment": newest, "customerio": newest},
        "messages": 500,
        "missing_pct": 0,
        "drift_pct": 0,
        "broken": (),
        **other,
    }
    return Run(at=at, verdict=Verdict(verdict), **fields).model_dump_json() + "\n"


def write_ledger(state: Path, *rows: tuple[str, str, str, str | None], end: str = "") -> Path:
    """Write a ledger of message id, leg, outcome and reason, and what comes after it; return its folder."""
    folder = state / "ledger" / "2026-12-01"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"message_id": id_, "leg": leg, "outcome": outcome, "reason": reason}) + "\n"
        for id_, leg, outcome, reason in rows
    ]
    (folder / "w.jsonl").write_text("".join(lines) + end, "utf-8")
    return state / "ledger"


def make_state(path: Path) -> Path:
    """Make the state directory of a process that has ended, which sent one message to both legs."""
    leg = LegReport(1, 0, 1, {}, {}, {})
    (path / "run").mkdir(parents=True)
    legs = {"customerio": leg, "segment": leg}
    RunFile(legs, started_at="2026-12-01T09:00:00.000Z", state="closed").write(path / "run" / "w.json")
    (path / "ledger" / "2026-12-01").mkdir(parents=True)
    rows = ({"message_id": "w", "leg": leg, "outcome": "accepted", "reason": None, "writer": "w"} for leg in legs)
    (path / "ledger" / "2026-12-01" / "v.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_desk(folder: Path) -> Path:
    """Make a stage file at `dual` since the eighth, an idle state directory, and no history of parity yet."""
    path = folder / "stage.toml"
    path.write_text('stage = "shadow"\n[plan.dual]\npassing_days = 2\n')
    change_stage_file(path, {("stage",): "dual"}, change("advance", "shadow", "dual", "2026-12-08T09:00:00.000Z"))
    make_state(folder / "state")
    return folder
