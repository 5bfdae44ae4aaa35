"""Pages of `pipelines-client cutover`: status, plan, log and double deliveries. Computes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.cutover.journal import BY_HAND
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sides import TITLES
from pipelines_client.wording import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines_client.cutover.double_delivery import DoubleDeliveries
    from pipelines_client.cutover.journal import Journal
    from pipelines_client.cutover.overview import Overview
    from pipelines_client.cutover.rollback import WayBack
    from pipelines_client.cutover.schedule import Step
    from pipelines_client.effects import EffectsReport

_MOST_NUMBERS = 10
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_STATE_STYLES = {
    "ok": "green",
    "off": "yellow",
    "discard": "red",
    "paused": "red",
    "unhealthy": "red",
    "refusing": "red",
    "failing": "red",
}


def print_status(overview: Overview, *, now: datetime) -> None:
    """Show where the migration is and what blocks the next stage."""
    console = Console(highlight=False)
    console.print(_ladder(overview.stage))
    console.print(_since(overview, now=now), markup=False)
    console.print()
    console.print(_legs(overview, now=now))
    console.print()
    _say_handover(overview, console)
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
    began, unreadable = overview.journal.began(overview.stage), overview.journal.unreadable
    text = "since: not in the journal"
    if began is not None:
        days = (now - datetime.fromisoformat(began.at.replace("Z", "+00:00"))).days
        ago = "in the future" if days < 0 else "today" if not days else f"{days} day{'s' * (days > 1)} ago"
        by = "set by hand in the file" if began.action == BY_HAND else f"by {began.by}"
        text = one_line(f"since {began.at[:16].replace('T', ' ')} UTC ({ago}), {by}")
    return f"{text}\njournal: unreadable, and passed over: {numbered(unreadable)}" if unreadable else text


def numbered(lines: Sequence[int]) -> str:
    """Return `line 3`, or `lines 3, 7`; the first ten."""
    more = ", …" if len(lines) > _MOST_NUMBERS else ""
    return f"line{'s' * (len(lines) != 1)} {', '.join(map(str, lines[:_MOST_NUMBERS]))}{more}"


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


def _say_handover(overview: Overview, console: Console) -> None:
    """Show a hand-over: from when on, which messages go which way, and where each side stands."""
    found = overview.handover
    if found is None:
        return
    takes, forwards = _takes(overview, "customerio"), "Segment's destination forwards"
    ways = {
        "planned": f"until then {forwards} every message; from then on Customer.io's leg takes {takes}",
        "in force": f"Customer.io's leg takes {takes}; {forwards} the rest",
        "over": "Segment takes nothing at this stage, so Customer.io's leg takes every message",
    }
    lines = (
        f"hand-over: {found.state}, from {found.at} on; {ways[found.state]}",
        f"           Customer.io's leg: {found.taken:,} taken so far, {found.waiting['customerio']:,} waiting",
        f"           Segment's destination: {found.left:,} left to it, {found.waiting['segment']:,} waiting",
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _say_parity(overview: Overview, console: Console) -> None:
    passing, needed = overview.situation.passing, overview.needed_days
    last = (
        f"; last run {overview.last_run[0][:16].replace('T', ' ')}: {overview.last_run[1]}" if overview.last_run else ""
    )
    runs = f"{overview.runs} run{'s' * (overview.runs != 1)} at this stage{last}"
    days = f"{passing.days} of {needed} passing days ({passing.reason})" if needed else "none needed at this stage"
    console.print(f"parity: {days}; {runs}", markup=False)


def _say_processes(overview: Overview, console: Console) -> None:
    heard = [process for process in overview.situation.processes if not process.silence]
    here = sum(process.stage == overview.stage.value and not (process.error or process.apart) for process in heard)
    silent = len(overview.situation.processes) - len(heard)
    more = f"; {silent} more silent" if silent else ""
    console.print(f"processes: {here} of {len(heard)} running are at this stage{more}", markup=False)
    for process in overview.situation.processes:
        text = process.silence or (process.apart and f"{process.name} {process.apart}")
        if text:
            console.print(Text(f"  {one_line(text)}", style="yellow"), soft_wrap=True)


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
    style = {"safe": "green", "not safe": "yellow", "unknown": "bold yellow"}[way_back.answer]
    lacking = _lacking(way_back)
    console.print(Text(f"rollback: {way_back.answer}; {lacking}", style=style), soft_wrap=True)
    for obstacle in overview.obstacles_back:
        console.print(Text(f"          blocked by: {one_line(obstacle)}", style="yellow"), soft_wrap=True)
    if (way_back.to_replay or way_back.waiting_elsewhere) and not overview.obstacles_back:
        console.print("          go back first, then replay what Segment lacks", markup=False)
    console.print(f"          looked at {one_line(str(overview.looked))}", markup=False, soft_wrap=True)


def _lacking(way_back: WayBack) -> str:
    """Return what a leg lacks, in words."""
    return "; ".join(_parts_lacking(way_back))


def _parts_lacking(way_back: WayBack) -> Iterator[str]:
    title = TITLES[way_back.leg]
    at_least = "at least " if way_back.unknown else ""
    if way_back.to_replay:
        yield f"{at_least}{way_back.to_replay:,} messages to replay to {title}"
    if way_back.waiting:
        goes = " and go by themselves" if way_back.is_flowing else ""
        yield f"{at_least}{way_back.waiting:,} wait for {title}{goes}"
    if way_back.waiting_elsewhere:
        yield f"{at_least}{way_back.waiting_elsewhere:,} that {title} lacks wait for the other leg; replay them later"
    if way_back.lost:
        yield f"{at_least}{way_back.lost:,} were lost on both legs"
    if way_back.lost_before:
        text = f"were lost on both legs while {title} counted, which a step back leaves so"
        yield f"{at_least}{way_back.lost_before:,} {text}"
    counts = (way_back.to_replay, way_back.waiting, way_back.waiting_elsewhere, way_back.lost, way_back.lost_before)
    if not any(counts):
        everything = f"{title} has received everything"
        yield f"whether {everything} cannot be told" if way_back.unknown else everything
    if way_back.accepted:
        yield f"{way_back.accepted:,} were accepted as lost"


def print_after_rollback(overview: Overview) -> None:
    """Show what Segment lacks after a step back, the command that sends it, and what was looked at."""
    console, way_back = Console(highlight=False, soft_wrap=True), overview.way_back
    if way_back is None:
        return
    console.print(f"{way_back.answer}: {_lacking(way_back)}", markup=False)
    for text in _next(way_back):
        console.print(f"next{', once all processes follow' * way_back.is_flowing}: {text}", markup=False)
    console.print(f"looked at {one_line(str(overview.looked))}", markup=False)


def _next(way_back: WayBack) -> Iterator[str]:
    """Yield what to do after a step back; what was seen before it is not all, while messages come."""
    if way_back.to_replay or way_back.waiting_elsewhere:
        yield way_back.replay
    elif way_back.is_flowing or not way_back.is_safe:
        yield "pipelines-client cutover status"


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


def print_forecast(report: EffectsReport | None, steps: Sequence[Step]) -> None:
    """Show the people whom Customer.io will add; without an archive, before `dual`, how to ask for that."""
    console = Console(highlight=False, soft_wrap=True)
    if report is not None and report.forecast is not None:
        from pipelines_client.effects.render import lines_not_looked_at
        from pipelines_client.effects.render_forecast import text_of_forecast

        console.print()
        for line in (*text_of_forecast(report.forecast), *(f"  not seen: {x}" for x in lines_not_looked_at(report))):
            console.print(line, markup=False)
        return
    now = next(step.stage for step in steps if step.state == "now")
    if now in (Stage.SEGMENT.value, Stage.SHADOW.value):
        console.print()
        console.print(
            "people: Customer.io adds a profile for each, and profiles are billed;"
            " --archive PATH (Segment's archive) says how many",
            markup=False,
        )


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
        ("at Customer.io as sent, and as Segment's destination sends", result.two_ways, _CURE),
        ("at Customer.io only as Segment's destination sends, so it is on", result.only_forwarded, _CURE),
        ("at Customer.io more than once, in copies that do not show which way they took", result.unclear, _CURE),
        ("not kept from Segment's Customer.io destination: twice if it is on", result.forwarded, _CURE),
    )
    for title, counts, cure in classes:
        if counts:
            console.print(Text(f"{counts.total():,} {title}", style="bold red"))
            for event, count in counts.most_common(10):
                console.print(Text(f"  {count:>9,}  {one_line(event)}"))
            console.print(f"  → {cure}", markup=False)
    if result.as_sent:
        of = plural(result.as_sent, "of the last came only as it was", "of the last came only as they were")
        console.print(f"{of} sent, though that destination would have changed times or names: no sign that it is on")
    if result.repeats:
        console.print(f"{result.repeats.total():,} at Customer.io more than once in equal copies: sent again by us")
    if result.unreadable:
        places = plural(result.unreadable, "line or file is", "lines or files are")
        console.print(Text(f"{places} unreadable; messages there are not checked", "yellow"))
    if result.is_clean:
        both = plural(result.both, "message")
        console.print(Text(f"of {both} on both sides, none came by two ways", style="green"))
    if not has_ledger:
        console.print("with --ledger it also finds messages that a side has and this client never sent there")
