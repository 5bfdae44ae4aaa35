"""A dated plan: each stage with its day and what it takes to leave it. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines_client.cutover.gates import passing_days_needed
from pipelines_client.routing.plan import Stage

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a plan.

    Attributes:
        stage: Its name.
        state: `past`, `now` or `ahead`.
        begins: The day on which it began, or the earliest day on which it can.
        planned: The day that the file plans, if any.
        share: The share of people with which it begins, if the file plans one.
        passing_days: Passing days in a row that it takes to leave it.
        passed_days: Passing days so far; of the present stage only.
    """

    stage: str
    state: str
    begins: date | None
    planned: date | None
    share: float | None
    passing_days: int
    passed_days: int | None = None

    @property
    def is_late(self) -> bool:
        """Whether it can no longer begin on the planned day."""
        return self.state == "ahead" and None not in (self.planned, self.begins) and self.begins > self.planned  # type: ignore[operator]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        days = {name: str(day) if (day := getattr(self, name)) else None for name in ("begins", "planned")}
        return {**asdict(self), **days, "is_late": self.is_late}


def lay_out(overview: Overview) -> list[Step]:
    """Return all stages: past ones by the journal, those ahead as early as the gates allow."""
    file, today, passed = overview.situation.file, overview.situation.today, overview.situation.passing.days
    order = list(Stage)
    place = order.index(file.stage)
    began = {change.after: change.at[:10] for change in overview.journal.changes if change.after is not change.before}
    steps: list[Step] = []
    earliest = today
    for index, stage in enumerate(order):
        table, needed = file.plan.get(stage), passing_days_needed(file, stage) if stage is not order[-1] else 0
        planned, share = (table.begins, table.share) if table else (None, None)
        if index <= place:
            begins = date.fromisoformat(began[stage]) if stage in began else None
            state, days = ("now", passed) if index == place else ("past", None)
        else:
            earliest = begins = max(earliest, planned or earliest)
            state, days = "ahead", None
        steps.append(Step(stage.value, state, begins, planned, share, needed, days))
        if index >= place:
            earliest = _after(earliest, max(0, needed - (passed if index == place else 0)))
    return steps


def _after(day: date, days: int) -> date:
    """Return the day that many days later; the last day there is if it would be beyond."""
    return day + timedelta(days=min(days, (date.max - day).days))
