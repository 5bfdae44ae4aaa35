"""What `pipelines-client cutover` shows: a page for its status, its plan, its log. Computes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.routing.plan import Stage, Switch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.cutover.double_delivery import Twice
    from pipelines_client.cutover.journal import Journal
    from pipelines_client.cutover.overview import Overview
    from pipelines_client.cutover.schedule import Step

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_STATE_STYLES = {"ok": "green", "off": "yellow", "discard": "red", "paused": "red", "unhealthy": "red"}


def print_status(found: Overview, *, now: datetime) -> None:
    """Show where the migration is and what stands in the way."""
    console = Console(highlight=False)
    console.print(_ladder(found.stage))
    console.print(_since(found, now=now), markup=False)
    console.print()
    console.print(_legs(found, now=now))
    console.print()
    _say_parity(found, console)
    _say_processes(found, console)
    _say_obstacles(found, console)
    _say_way_back(found, console)


def _ladder(stage: Stage) -> Text:
    """Return all stages in a row, the present one marked."""
    parts: list[tuple[str, str] | str] = []
    for one in Stage:
        parts += [" → "] if parts else []
        parts.append((f"[{one.value}]", "bold reverse") if one is stage else (one.value, "dim"))
    return Text.assemble(*parts)


def _since(found: Overview, *, now: datetime) -> str:
    began = found.journal.began(found.stage)
    if began is None:
        return "since: the journal does not say; was the file changed by hand?"
    days = (now - datetime.fromisoformat(began.at.replace("Z", "+00:00"))).days
    ago = "today" if not days else f"{days} day{'s' * (days > 1)} ago"
    return _plain(f"since {began.at[:16].replace('T', ' ')} UTC ({ago}), by {began.by}")


def _ago(at: str | None, *, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max(0, round((now - datetime.fromisoformat(at.replace("Z", "+00:00"))).total_seconds()))
    return next(f"{seconds // size:,} {unit} ago" for size, unit in _UNITS if seconds >= size or size == 1)


def _legs(found: Overview, *, now: datetime) -> Table:
    table = Table("leg", "takes", "switch", "state", "pending", "oldest", "last success", box=None, pad_edge=False)
    for leg, health in sorted(found.situation.legs.items()):
        rules = getattr(found.situation.file, leg)
        table.add_row(
            leg,
            _takes(found, leg),
            (rules.switch or Switch.ON).value,
            Text(health.state, style=_STATE_STYLES.get(health.state, "")),
            f"{health.pending:,}",
            "" if health.lag_s is None else f"{health.lag_s:,.0f} s",
            _ago(health.last_success_at, now=now),
        )
    return table


def _takes(found: Overview, leg: str) -> str:
    rules = getattr(found.situation.file, leg)
    if leg == found.stage.left_out:
        return "nothing"
    share = f"{rules.share:.0%} of people" if rules.share is not None else "by its settings"
    what = share if leg == found.stage.partial else "all"
    lists = [name for name in ("allow", "deny") if getattr(rules, name).names()]
    return what + (f" ({' and '.join(lists)} list)" if lists else "")


def _say_parity(found: Overview, console: Console) -> None:
    passing, needed = found.situation.passing, found.needed_days
    last = f"; last run {found.last_run[0][:16].replace('T', ' ')}: {found.last_run[1]}" if found.last_run else ""
    runs = f"{found.runs} run{'s' * (found.runs != 1)} at this stage{last}"
    days = f"{passing.days} of {needed} passing days ({passing.reason})" if needed else "nothing to pass at this stage"
    console.print(f"parity: {days}; {runs}", markup=False)


def _say_processes(found: Overview, console: Console) -> None:
    processes = found.situation.processes
    level = sum(process.stage == found.stage.value and not process.error for process in processes)
    console.print(f"processes: {level} of {len(processes)} running are at this stage", markup=False)


def _say_obstacles(found: Overview, console: Console) -> None:
    target = found.stage.moved(1)
    if target is None:
        console.print("next: none, this is the last stage")
        return
    if not found.obstacles:
        console.print(Text(f"next: {target.value}, nothing stands in the way", style="green"))
        return
    console.print(f"next: {target.value}. In the way:")
    for obstacle in found.obstacles:
        console.print(Text(f"  {obstacle.gate}: {_plain(obstacle.text)}", style="yellow"))


def _say_way_back(found: Overview, console: Console) -> None:
    way_back = found.way_back
    if way_back is None:
        return
    if way_back.is_safe:
        on_way = f", but for {way_back.waiting:,} on their way" if way_back.waiting else ""
        console.print(Text(f"rollback: safe, Segment has received everything{on_way}", style="green"))
    else:
        text = f"{way_back.to_replay:,} messages to replay to Segment first"
        text += f", {way_back.waiting:,} wait for it" if way_back.waiting else ""
        console.print(Text(f"rollback: not safe; {text}", style="yellow"))
    if way_back.lost:
        console.print(f"          {way_back.lost:,} messages were given up on both legs", markup=False)
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
        console.print("nothing was changed yet")
    for change in journal.changes:
        what = change.detail or (
            f"{change.before.value} → {change.after.value}" if change.before else change.after.value
        )
        forced = Text(" FORCED", style="bold red") if change.is_forced else Text()
        line = Text(f"{change.at[:19].replace('T', ' ')}  {change.action:<8}  {_plain(what)}  by {_plain(change.by)}")
        console.print(line + forced, soft_wrap=True)
        if change.reason:
            console.print(Text(f"    {_plain(change.reason)}"), soft_wrap=True)
        for text in change.in_the_way:
            console.print(Text(f"    in the way: {_plain(text)}", style="yellow"), soft_wrap=True)


_CURE = 'set segment_integrations="customerio_off", or switch the destination off for the source (docs/cutover.md)'


def print_twice(found: Twice, *, has_ledger: bool) -> None:
    """Show what went two ways, what may have, and what to do."""
    console = Console(highlight=False, soft_wrap=True)
    classes = (
        ("sent to Customer.io by somebody else", found.not_sent["customerio"], _CURE),
        ("sent to Segment by somebody else", found.not_sent["segment"], "switch off Customer.io's Segment destination"),
        ("at Customer.io twice, once as Segment's destination sends", found.two_ways, _CURE),
        ("not kept from Segment's Customer.io destination: twice if it is on", found.forwarded, _CURE),
    )
    for title, counts, cure in classes:
        if counts:
            console.print(Text(f"{counts.total():,} {title}", style="bold red"))
            for event, count in counts.most_common(10):
                console.print(Text(f"  {count:>9,}  {_plain(event)}"))
            console.print(f"  → {cure}", markup=False)
    if found.repeats:
        console.print(f"{found.repeats.total():,} at Customer.io twice in equal copies: sent again, not forwarded")
    if found.unread:
        console.print(
            Text(f"{found.unread:,} lines or files could not be read: what is in them is not known", "yellow")
        )
    if found.is_clean:
        console.print(Text(f"of {found.both:,} messages on both sides none came by two ways", style="green"))
    if not has_ledger:
        console.print("with --ledger it also finds what we never sent and a side has all the same")


def _plain(text: str) -> str:
    """Return a text from outside without control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
