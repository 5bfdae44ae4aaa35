"""The window of a report: how it was chosen, where it ends and why; and what the history keeps of a run. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.clock import unix_ms
from pipelines_client.evidence.instants import DAY_MS, iso_ms, minute_of
from pipelines_client.parity import model
from pipelines_client.parity.questions.coverage_rows import IN_GAPS
from pipelines_client.parity.questions.rows import OUTSIDE
from pipelines_client.parity.questions.windows import NEWEST
from pipelines_client.parity.spell import duration, plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.parity.report.inputs import ReportInputs

_LEDGER = (
    "Everything in the ledger, from its first to its last message. Messages that are not in the ledger count only if"
    " they arrived after its first message; --all includes the others."
)
_GIVEN = "As given, by when a message was taken, according to the ledger, or else first received."


def window_of(inputs: ReportInputs) -> model.Window:
    """Return the window of a report, in words too."""
    settings, ledger = inputs.scope.settings, inputs.scope.spans.get("ledger")
    window = inputs.scope.window
    since, until = settings.since_ms, window.closed.ends_ms
    chosen = {"last": _last(inputs), "given": _GIVEN, "all": "Everything in the sources.", "ledger": _LEDGER}
    if window.mode == "ledger" and ledger is not None:
        since, until = ledger.first_appended_ms, ledger.last_appended_ms
    return model.Window(
        mode=window.mode,
        since=iso_ms(since),
        until=iso_ms(until),
        closes_at=iso_ms(window.closed.closes_ms),
        chosen=chosen[window.mode],
        outside={name: getattr(inputs.answers[OUTSIDE][0], name) for name in inputs.sources},
        later=inputs.answers[NEWEST][0].later,
    )


def stopped_of(inputs: ReportInputs) -> str:
    """Say which source holds back a window that goes on from run to run, if it has had nothing for a day."""
    closing, is_last = inputs.scope.window.closing, inputs.scope.window.mode == "last"
    old_ms = unix_ms(inputs.now) - closing.ends_ms if closing is not None else 0
    if closing is None or not is_last or old_ms <= DAY_MS:
        return ""
    title = TITLES[closing.source]
    return f"{title[0].upper()}{title[1:]} has nothing since {_minute(closing.ends_ms)}, {duration(old_ms)} ago"


def pinned(command: Sequence[str], mode: model.WindowMode, window: model.Window) -> tuple[str, ...]:
    """Return a command with the window of this run in place of `--since last`, which goes on to the next one."""
    if mode != "last" or "--since" not in command:
        return tuple(command)
    place = command.index("--since")
    edges = (("--since", window.since), ("--until", None if "--until" in command else window.until))
    words = (word for name, at in edges if at is not None for word in (name, at))
    return (*command[:place], *words, *command[place + 2 :])


def judged_of(inputs: ReportInputs, *, is_whole: bool) -> model.Judged:
    """Return what the history keeps of a run; it settles nothing from the first message that a gap may hide.

    Without evidence that `is_whole`, but for such gaps, it settles nothing at all: the rest may lie anywhere.
    """
    scope, newest = inputs.scope, inputs.answers[NEWEST][0]
    closed = scope.window.closed
    hidden = (row.first_ms for row in inputs.answers[IN_GAPS])
    ends = [at for at in (closed.ends_ms, closed.closes_ms, *hidden) if at is not None]
    return model.Judged(
        sources=(*inputs.sources, *inputs.counted),
        since=iso_ms(scope.settings.since_ms),
        until=iso_ms(closed.ends_ms),
        settled_until=iso_ms(min(ends)) if closed.closes_ms is not None and is_whole else None,
        newest={name: iso_ms(getattr(newest, f"{name}_ms")) for name in inputs.sources},
        applications=scope.applications,
        limits=scope.limits_mark,
        is_exploratory=scope.is_exploratory,
    )


def _minute(at_ms: int | None) -> str:
    return f"{minute_of(at_ms)} UTC"


def _last(inputs: ReportInputs) -> str:
    since = inputs.scope.settings.since_ms
    begins = (
        f"What was taken since {_minute(since)}, where the last run that came to a verdict ended."
        if since is not None
        else "Everything, because the history has no earlier run of these sources that came to a verdict."
    )
    return " ".join([begins, *_end(inputs)])


def _end(inputs: ReportInputs) -> list[str]:
    """Say where a closed window ends, why, and what it leaves to the next run."""
    window = inputs.scope.window
    if window.closing is None or window.closed.closes_ms is None:
        return ["Its end is open, because a source has no times."]
    title, ends_ms = TITLES[window.closing.source], window.closing.ends_ms
    old_ms = unix_ms(inputs.now) - ends_ms
    ago = f", {duration(old_ms)} ago," if old_ms > DAY_MS else ""
    late = duration(ends_ms - window.closing.at_ms)
    words = [f"{title[0].upper()}{title[1:]} ends at {_minute(ends_ms)}{ago} and may be {late} late."]
    if window.closed.held_ms is not None:
        waiting = plural(window.closed.waiting, "message")
        words.append(
            f"Before that, {waiting} had not reached a side yet, the first of {_minute(window.closed.held_ms)}."
        )
    words.append(f"So the window ends at {_minute(window.closed.ends_ms)}.")
    later = inputs.answers[NEWEST][0].later
    if later:
        words.append(f"{plural(later, 'message')} came after that, for the next run.")
    return words
