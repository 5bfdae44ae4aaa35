"""Pages of `pipelines-client cutover`: status, plan, log and double deliveries. Computes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.evidence.text import one_line
from pipelines_client.routing.plan import Stage, Switch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.cutover.double_delivery import DoubleDeliveries
    from pipelines_client.cutover.journal import Journal
    from pipelines_client.cutover.overview import Overview
    from pipelines_client.cutover.schedule import Step

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_STATE_STYLES = {
    "ok": "green",
    "off": "yellow",
    "discard": "red",
    "paused": "red",
    "unhealthy": "red",
    "refusing": "red",
}


def print_status(overview: Overview, *, now: datetime) -> None:
    """Show where the migration is and what blocks the next stage."""
    console = Console(highlight=False)
    console.print(_ladder(overview.stage))
    console.print(_since(overview, now=now), markup=False)
    console.print()
    console.print(_legs(overview, now=now))
    console.print()
    _say_parity(overview, console)
    _say_processes(overview, console)
    _say_obstacles(overview, console)
    _say_way_back(overview, console)


def _ladder(stage: Stage) -> Text:
    """Return all stages in a row, the present one marked."""
    words: list[tuple[str, str] | str] = []
    for one in Stage:
        words += [" → "] if words else []
        words.append((f"[{one.value}]", "bold reverse") if one is stage else (one.value, "dim"))
    return Text.assemble(*words)


def _since(overview: Overview, *, now: datetime) -> str:
    began = overview.journal.began(overview.stage)
    if began is None:
        return "since: not in the journal; the file was changed by hand"
    days = (now - datetime.fromisoformat(began.at.replace("Z", "+00:00"))).days
    ago = "today" if not days else f"{days} day{'s' * (days > 1)} ago"
    return one_line(f"since {began.at[:16].replace('T', ' ')} UTC ({ago}), by {began.by}")


def _ago(at: str | None, *, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max(0, round((now - datetime.fromisoformat(at.replace("Z", "+00:00"))).total_seconds()))
    return next(f"{seconds // size:,} {unit} ago" for size, unit in _UNITS if seconds >= size or size == 1)


def _legs(overview: Overview, *, now: datetime) -> Table:
    table = Table("leg", "takes", "switch", "state", "pending", "oldest", "last success", box=None, pad_edge=False)
    for leg, health in sorted(overview.situation.legs.items()):
        rules = getattr(overview.situation.file, leg)
        table.add_row(
            leg,
            _takes(overview, leg),
            (rules.switch or Switch.ON).value,
            Text(health.state, style=_STATE_STYLES.get(health.state, "")),
            f"{health.pending:,}",
            "" if health.lag_s is None else f"{health.lag_s:,.0f} s",
            _ago(health.last_success_at, now=now),
        )
    return table


def _takes(overview: Overview, leg: str) -> str:
    rules = getattr(overview.situation.file, leg)
    if leg == overview.stage.left_out:
        return "nothing"
    share = f"{rules.share:.0%} of people" if rules.share is not None else "by its settings"
    what = share if leg == overview.stage.partial else "all"
    lists = [name for name in ("allow", "deny") if getattr(rules, name)]
    return what + (f" ({' and '.join(lists)} list)" if lists else "")


def _say_parity(overview: Overview, console: Console) -> None:
    passing, needed = overview.situation.passing, overview.needed_days
    last = (
        f"; last run {overview.last_run[0][:16].replace('T', ' ')}: {overview.last_run[1]}" if overview.last_run else ""
    )
    runs = f"{overview.runs} run{'s' * (overview.runs != 1)} at this stage{last}"
    days = f"{passing.days} of {needed} passing days ({passing.reason})" if needed else "none needed at this stage"
    console.print(f"parity: {days}; {runs}", markup=False)


def _say_processes(overview: Overview, console: Console) -> None:
    processes = overview.situation.processes
    here = sum(process.stage == overview.stage.value and not process.error for process in processes)
    console.print(f"processes: {here} of {len(processes)} running are at this stage", markup=False)


def _say_obstacles(overview: Overview, console: Console) -> None:
    target = overview.stage.moved(1)
    if target is None:
        console.print("next: none, this is the last stage")
        return
    if not overview.obstacles:
        console.print(Text(f"next: {target.value}, ready", style="green"))
        return
    console.print(f"next: {target.value}, blocked by:")
    for obstacle in overview.obstacles:
        console.print(Text(f"  {one_line(obstacle)}", style="yellow"))


def _say_way_back(overview: Overview, console: Console) -> None:
    way_back = overview.way_back
    if way_back is None:
        return
    if way_back.is_safe:
        on_way = f"; {way_back.waiting:,} more are on their way" if way_back.waiting else ""
        console.print(Text(f"rollback: safe, Segment has received everything{on_way}", style="green"))
    else:
        text = f"{way_back.to_replay:,} messages to replay to Segment first"
        text += f", {way_back.waiting:,} wait for it" if way_back.waiting else ""
        console.print(Text(f"rollback: not safe; {text}", style="yellow"))
    if way_back.lost:
        console.print(f"          {way_back.lost:,} messages were dropped on both legs: no side has them", markup=False)
    if way_back.unread_lines:
        console.print(f"          {way_back.unread_lines:,} lines of the ledger could not be read", markup=False)


def print_plan(steps: Sequence[Step]) -> None:
    """Show all stages with their days and gates."""
    table = Table("stage", "", "begins", "planned", "share", "to leave it", box=None, pad_edge=False)
    for step in steps:
        begins = "" if step.begins is None else f"{'from ' if step.state == 'ahead' else ''}{step.begins}"
        planned = Text(str(step.planned or ""), style="yellow" if step.is_late else "")
        passed = "" if step.passed_days is None else f", has {step.passed_days}"
        days = f"{step.passing_days} passing day{'s' * (step.passing_days != 1)}"
        needed = f"{days}{passed}" if step.passing_days else ""
        share = "" if step.share is None else f"{step.share:.0%}"
        style = "bold" if step.state == "now" else "dim" if step.state == "past" else ""
        table.add_row(step.stage, step.state, begins, planned, share, needed, style=style)
    Console(highlight=False).print(table)


def print_log(journal: Journal) -> None:
    """Show the changes, newest last."""
    console = Console(highlight=False)
    if not journal.changes:
        console.print("no changes yet")
    for change in journal.changes:
        forced = Text(" FORCED", style="bold red") if change.is_forced else Text()
        line = Text(
            f"{change.at[:19].replace('T', ' ')}  {change.action:<8}  {one_line(change.what)}  by {one_line(change.by)}"
        )
        console.print(line + forced, soft_wrap=True)
        if change.reason:
            console.print(Text(f"    {one_line(change.reason)}"), soft_wrap=True)
        for text in change.in_the_way:
            console.print(Text(f"    blocked by: {one_line(text)}", style="yellow"), soft_wrap=True)


_CURE = 'set segment_integrations="customerio_off", or switch the destination off for the source (docs/cutover.md)'


def print_double_deliveries(result: DoubleDeliveries, *, has_ledger: bool) -> None:
    """Show which messages took two ways, which may have, and what to do."""
    console = Console(highlight=False, soft_wrap=True)
    classes = (
        ("sent to Customer.io, but not by this client", result.not_sent["customerio"], _CURE),
        (
            "sent to Segment, but not by this client",
            result.not_sent["segment"],
            "switch off Customer.io's Segment destination",
        ),
        ("at Customer.io twice, once as Segment's destination sends", result.two_ways, _CURE),
        ("not kept from Segment's Customer.io destination: twice if it is on", result.forwarded, _CURE),
    )
    for title, counts, cure in classes:
        if counts:
            console.print(Text(f"{counts.total():,} {title}", style="bold red"))
            for event, count in counts.most_common(10):
                console.print(Text(f"  {count:>9,}  {one_line(event)}"))
            console.print(f"  → {cure}", markup=False)
    if result.repeats:
        console.print(f"{result.repeats.total():,} at Customer.io twice in equal copies: sent again, not forwarded")
    if result.unreadable:
        console.print(
            Text(f"{result.unreadable:,} lines or files are unreadable; messages in them are not checked", "yellow")
        )
    if result.is_clean:
        console.print(Text(f"of {result.both:,} messages on both sides, none arrived twice", style="green"))
    if not has_ledger:
        console.print("with --ledger it also finds messages that a side has and this client never sent there")
